/* Saying good or bad: one click counts, another takes it back, and what else is to be said may be added. */

/* The form that is open: its turn, good or bad, and the note; the paragraphs that were chosen for it; and whether
   something is on its way. */
let opinion = null, chosen = [], sending = false;

/* What was said of the answer of a turn: good or bad, and under which name it counts. It is kept with the conversation. */
function saidOf(turn) {
  const talk = current(), exchange = talk?.exchanges[turn - 1];
  return exchange ? entry(talk.id).said?.[keyOf(exchange)] : undefined;
}

function keepSaid(turn, said) {
  const talk = current(), before = entry(talk.id);
  store.set(KEPT + talk.id, JSON.stringify({ ...before, said: { ...before.said, [keyOf(talk.exchanges[turn - 1])]: said } }));
  paintSaid();
}

/* What the server made of an opinion on a turn; undefined where it said no, which is shown. */
async function give(turn, good, rest) {
  if (sending) return undefined;
  sending = true;
  try {
    const told = await server.feedback({ folder: folder(), kept: props.value, turn, good, case: saidOf(turn)?.case ?? null, ...rest });
    if (told.problem) { say(told.problem); return undefined; }
    return told;
  } catch { look(); return undefined; } finally { sending = false; }
}

async function judge(button, good) {
  const turn = turnOf(button);
  if (saidOf(turn)?.good === good) { takeBack(turn); return; }
  const told = await give(turn, good, {});
  if (!told) return;
  opinion = { turn, good, note: '' };
  chosen = [];
  keepSaid(turn, { good, case: told.case });
  keepFeedbackOpen();
  announce(told.said);
  feedbackForm()?.scrollIntoView({ block: 'nearest' });
}

async function takeBack(turn) {
  if (!await give(turn, null, {})) return;
  keepSaid(turn, undefined);
  closeFeedback();
  say('Taken back.');
}

const feedbackForm = () => opinion && document.querySelector(`form.feedback[data-turn="${opinion.turn}"]`);

/* The form stays open with what was written in it when the answers around it are drawn anew. */
function keepFeedbackOpen() {
  if (!opinion) return;
  const form = feedbackForm();
  document.body.dataset.feedback = opinion.turn;
  if (!form) { setTimeout(() => feedbackForm() ? keepFeedbackOpen() : dropFeedback(), 400); return; }
  form.hidden = false;
  form.querySelector('.feedback-head').textContent = `Thank you. It counts as a ${opinion.good ? 'good' : 'bad'} answer and is kept on this machine.`;
  const note = form.querySelector('textarea');
  if (!note.value) note.value = opinion.note;
  paintFeedback();
}

function dropFeedback() {
  opinion = null;
  delete document.body.dataset.feedback;
}

function paintSaid() {
  for (const turn of document.querySelectorAll('.turn:has(.turn-foot)')) {
    const said = saidOf(Number(turn.dataset.turn));
    for (const good of [true, false])
      turn.querySelector(`[data-act=${good ? 'good' : 'bad'}]`).setAttribute('aria-pressed', String(said?.good === good));
  }
}

function paintFeedback() {
  if (!opinion) return;
  feedbackForm()?.querySelector('.chosen').replaceChildren(...chosen.map(([doc, number]) =>
    element('li', {}, `${doc.replace(/^[^/]*\//, '')} ¶${number}`)));
  const shown = byId('reader').querySelector('.reader')?.dataset.document;
  for (const button of byId('reader').querySelectorAll('.choose')) {
    const on = chosen.some(([doc, number]) => doc === shown && number === button.dataset.paragraph);
    button.setAttribute('aria-pressed', String(on));
  }
}

function choose(button) {
  const doc = button.closest('.reader').dataset.document, number = button.dataset.paragraph;
  const at = chosen.findIndex(([one, n]) => one === doc && n === number);
  if (at < 0) chosen.push([doc, number]); else chosen.splice(at, 1);
  paintFeedback();
}

/* Whoever was in the form is led back to the button that opened it. */
function closeFeedback() {
  const form = feedbackForm(), held = form?.contains(document.activeElement);
  const button = form?.closest('.turn').querySelector(`[data-act=${opinion.good ? 'good' : 'bad'}]`);
  if (form) { form.hidden = true; form.reset(); }
  dropFeedback();
  if (held) button.focus();
}

async function sendFeedback(form) {
  const { turn, good } = opinion;
  if (!await give(turn, good, { note: form.querySelector('textarea').value, chosen })) return;
  closeFeedback();
  say('Added. Thank you.');
}

document.addEventListener('input', (event) => {
  if (opinion && event.target.matches('form.feedback textarea')) opinion.note = event.target.value;
});

document.addEventListener('submit', (event) => {
  if (event.target.matches('form.feedback')) { event.preventDefault(); sendFeedback(event.target); }
});

Object.assign(acts, {
  choose,
  good: (button) => judge(button, true),
  bad: (button) => judge(button, false),
  'take-back': (button) => takeBack(turnOf(button)),
  'close-feedback': closeFeedback,
});

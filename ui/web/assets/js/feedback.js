/* Saying good or bad. */

/* The form that is open: its question, good or bad, and the note; the paragraphs that were chosen for it; and what was
   said of the answers of each conversation so far. */
let opinion = null, chosen = [];
const said = {};

function openFeedback(turn, good) {
  const form = turn.querySelector('form.feedback');
  opinion = { turn: form.dataset.turn, good, note: '' };
  chosen = [];
  keepFeedbackOpen();
  form.querySelector('textarea').focus();
  form.scrollIntoView({ block: 'nearest' });
}

/* The form stays open with what was written in it when the answers around it are drawn anew. */
function keepFeedbackOpen() {
  if (!opinion) return;
  const form = document.querySelector(`form.feedback[data-turn="${opinion.turn}"]`);
  document.body.dataset.feedback = opinion.turn;
  if (!form) { setTimeout(() => document.querySelector(`form.feedback[data-turn="${opinion?.turn}"]`) ? keepFeedbackOpen() : dropFeedback(), 400); return; }
  form.hidden = false;
  form.querySelector('.feedback-head').textContent = opinion.good ? 'A good answer' : 'A bad answer';
  const note = form.querySelector('textarea');
  if (!note.value) note.value = opinion.note;
  paintFeedback();
}

function dropFeedback() {
  opinion = null;
  delete document.body.dataset.feedback;
}

/* What was said of an answer stays to be seen, and is said once. */
function paintSaid() {
  for (const [turn, good] of Object.entries(said[current()?.id] || {})) {
    const foot = document.querySelector(`.turn[data-turn="${turn}"] .turn-foot`);
    for (const [act, on] of [['good', good], ['bad', !good]]) {
      const button = foot?.querySelector(`[data-act=${act}]`);
      if (button) { button.disabled = true; button.setAttribute('aria-pressed', String(on)); }
    }
  }
}

function paintFeedback() {
  if (!opinion) return;
  const form = document.querySelector(`form.feedback[data-turn="${opinion.turn}"]`);
  form?.querySelector('.chosen').replaceChildren(...chosen.map(([doc, number]) =>
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

function closeFeedback(form) {
  form.hidden = true;
  const act = opinion?.good ? 'good' : 'bad';
  dropFeedback();
  form.closest('.turn').querySelector(`[data-act=${act}]`)?.focus();
}

async function sendFeedback(form) {
  const talk = current()?.id, good = Boolean(opinion?.good);
  const told = await server.feedback({
    folder: folder(), kept: props.value, turn: form.dataset.turn, good: opinion?.good,
    note: form.querySelector('textarea').value, chosen,
  });
  if (told.problem) { form.querySelector('.feedback-head').textContent = told.problem; return; }
  closeFeedback(form);
  (said[talk] ??= {})[form.dataset.turn] = good;
  paintSaid();
  form.closest('.turn').querySelector('[data-act=copy]')?.focus();
  say(told.said);
}

document.addEventListener('input', (event) => {
  if (opinion && event.target.matches('form.feedback textarea')) opinion.note = event.target.value;
});

document.addEventListener('submit', (event) => {
  if (event.target.matches('form.feedback')) { event.preventDefault(); sendFeedback(event.target); }
});

Object.assign(acts, {
  choose,
  good: (button) => openFeedback(button.closest('.turn'), true),
  bad: (button) => openFeedback(button.closest('.turn'), false),
  'cancel-feedback': (button) => closeFeedback(button.closest('form')),
});

/* What can be done with a question that was asked, and with its answer. */

/* The question that is being edited: its turn, the conversation, and what stood in the box before. */
let editing = null;
/* What there was before a question was asked anew, until its answer is there. */
let replaced = null;

const turnOf = (button) => Number(button.closest('.turn').dataset.turn);

function edit(button) {
  const turn = turnOf(button), talk = current(), question = talk?.exchanges[turn - 1]?.question;
  if (question === undefined) return;
  editing = { turn, talk: talk.id, draft: editing ? editing.draft : questionBox().value };
  const after = talk.exchanges.length - turn;
  const going = after === 0 ? '' : after === 1 ? ' The question after it goes.' : ` The ${after} questions after it go.`;
  byId('editing-what').textContent = `Editing question ${turn}.${going}`;
  document.body.dataset.editing = turn;
  fill(button.dataset.words ?? question);
  questionBox().focus();
}

/* The box is as it was before; returns what was edited. */
function leaveEditing() {
  const left = editing;
  editing = null;
  delete document.body.dataset.editing;
  fill(left.draft);
  return left;
}

function cancelEdit() {
  const { turn } = leaveEditing();
  (document.querySelector(`.turn[data-turn="${turn}"] [data-act=edit]`) || questionBox()).focus();
}

/* Whether the box holds an edited question, which is asked in place of the old one. */
function sendEdited() {
  if (!editing) return false;
  const question = questionBox().value.trim();
  if (question) askAnew(leaveEditing().turn, question); else questionBox().focus();
  return true;
}

function askAnew(turn, question) {
  unsay();
  dropFeedback();
  replaced = current().exchanges;
  trigger('again', { turn, question });
  freeBox();
}

function again(button) {
  const turn = turnOf(button), question = current()?.exchanges[turn - 1]?.question;
  if (question !== undefined) askAnew(turn, question);
}

/* Once the answer is there, what it took the place of can be had back. */
function offerOldAnswer() {
  const before = replaced;
  replaced = null;
  if (before) say('Asked anew.', () => bringBack(before));
}

function drop(button) {
  const before = current()?.exchanges;
  if (!before) return;
  dropFeedback();
  trigger('drop', { turn: turnOf(button) });
  say('Deleted.', () => bringBack(before));
  toUndo();
}

/* The conversation with these exchanges again; what is chosen and how it is called stay as they are. */
function bringBack(exchanges) {
  trigger('restore', { kept: JSON.stringify({ ...current(), exchanges }) });
}

async function copy(button) {
  await put(button.dataset.text);
  say('Copied.');
}

/* On the clipboard, also where the browser keeps it from pages without https. */
async function put(text) {
  try { await navigator.clipboard.writeText(text); }
  catch {
    const area = element('textarea', { class: 'unseen' });
    area.value = text;
    document.body.append(area);
    area.select(); document.execCommand('copy'); area.remove();
  }
}

/* A long question is folded; its button shows where there is more of it. */
function foldQuestions() {
  for (const question of document.querySelectorAll('.turn .question:not([data-open])'))
    question.parentElement.querySelector('.unfold').hidden = question.scrollHeight <= question.clientHeight + 1;
}
addEventListener('resize', foldQuestions);

function unfold(button) {
  const open = button.parentElement.querySelector('.question').toggleAttribute('data-open');
  button.setAttribute('aria-expanded', String(open));
  button.textContent = open ? 'Show less' : 'Show all of it';
}

changes.transcript = () => { foldQuestions(); markOpenChip(); paintSaid(); paintKept(); };

Object.assign(acts, { edit, 'cancel-edit': cancelEdit, again, drop, copy, unfold });

/* Asking, and the answer as it grows. */

const ASKED = 'ibid-asked';
/* What was said last of the last question, and which one somebody stopped. */
let announced = '', stopped = null;

const questionBox = () => byId('question').querySelector('textarea');

/* As if it were typed: Gradio's own value follows. */
function typeInto(box, text) {
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(box), 'value').set.call(box, text);
  box.dispatchEvent(new Event('input', { bubbles: true }));
}

const fill = (text) => typeInto(questionBox(), text);

function ask(text) {
  if (editing) leaveEditing();
  fill(text);
  setTimeout(() => byId('send').click(), 60);
}

/* A question that is pressed goes, and so would the place of whoever goes by keyboard. */
function stayWriting() {
  if (!matchMedia('(hover: none)').matches) questionBox().focus();
}

/* A question is asked in the conversation that somebody goes to: until that is there, it stays in the box. */
let waiting = false;
function waitsToArrive() {
  waiting = isGoing();
  if (waiting) setTimeout(askOnArrival, LATE + 100);
  return waiting;
}

function askOnArrival() {
  if (!waiting || isGoing()) return;
  waiting = false;
  if (questionBox().value.trim()) byId('send').click();
}

/* One that had arrived and was asked, when a late piece of what was left came: going there again ends its answer. */
function askThereAgain() {
  const text = sessionStorage.getItem(ASKED);
  if (!text || waiting) return;
  if (!questionBox().value) fill(text);
  waiting = true;
}

/* A question that was on its way when the server went is put back into the box. */
function rememberAsked() {
  const text = questionBox().value.trim();
  if (text) sessionStorage.setItem(ASKED, text);
  unsay();
  freeBox();
}

/* On a phone the keyboard would lie over the answer. The box takes the focus again when it is emptied, on a busy machine
   some time later. */
function freeBox() {
  if (!matchMedia('(hover: none)').matches) return;
  setTimeout(() => questionBox().blur(), 60);
  for (const later of [400, 1500]) setTimeout(() => { if (!questionBox().value) questionBox().blur(); }, later);
}

function recallAsked() {
  const text = sessionStorage.getItem(ASKED) || sessionStorage.getItem(DRAFT);
  if (text && !questionBox().value) fill(text);
  sessionStorage.removeItem(ASKED);
  sessionStorage.removeItem(DRAFT);
}

function showLive() {
  const turn = byId('live').querySelector('.turn');
  if (!turn) return;
  const paper = byId('paper');
  const state = turn.classList.contains('pending') ? 'pending' : 'ended';
  // A piece that was on its way when somebody pressed Stop: what was stopped stays stopped.
  if (state === 'pending' && stopped === turn.id) { setTimeout(() => trigger('restore', { kept: props.value }), 200); return; }
  const now = `${turn.id} ${state}`;
  markOpenChip();
  foldQuestions();
  paintSaid();
  paintKept();
  keepFeedbackOpen();
  showNext();
  if (now === announced) return;
  if (!announced.startsWith(turn.id + ' ')) {
    if (followed.cite && state === 'pending') leaveCitation();
    paper.scrollTo({ top: paper.scrollTop + turn.getBoundingClientRect().top - paper.getBoundingClientRect().top - 12 });
  }
  // A question has the folder looked at.
  if (now === `${turn.id} ended` && announced === `${turn.id} pending`) { trigger('answered', {}); openFirst(turn); }
  announced = now;
  if (state === 'ended') {
    const said = turn.querySelector('.verdict, .notfound, .failed, .stopped, .notice');
    announce('Answer ready. ' + (said ? said.textContent : ''));
    offerOldAnswer();
  }
}

function stopAnswer() { stopped = byId('live').querySelector('.turn')?.id; }

/* Whether a model may write: what somebody turned off stays off when they come back. */
const MODEL = 'ibid-model';
const modelBox = () => document.querySelector('#use-model input[type=checkbox]');
document.addEventListener('change', (event) => {
  if (event.target === modelBox()) localStorage.setItem(MODEL, event.target.checked ? 'on' : 'off');
});
function recallModel(tries) {
  const box = modelBox();
  if (box && box.checked && localStorage.getItem(MODEL) === 'off') box.click();
  else if (!box && tries) setTimeout(() => recallModel(tries - 1), 200);
}

changes.live = showLive;

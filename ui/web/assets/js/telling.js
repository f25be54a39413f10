/* What the page says by itself: heard only, or in a small toast that may offer to undo what was done. */

document.body.append(
  element('div', { id: 'announcer', class: 'unseen', role: 'status', 'aria-live': 'polite' }),
  element('div', { id: 'toast', role: 'status' }),
);

const announce = (text) => { byId('announcer').textContent = text; };

const SHOWN = 5000, UNDOABLE = 10000;
let leaving = null;

/* A toast; with `undo`, what its button does. */
function say(text, undo) {
  const toast = byId('toast');
  toast.replaceChildren(element('span', {}, text));
  if (undo) {
    const button = element('button', { type: 'button', 'data-act': 'undo' }, 'Undo');
    toast.append(button);
    acts.undo = () => { unsay(); undo(); };
  }
  clearTimeout(leaving);
  leaving = setTimeout(leave, undo ? UNDOABLE : SHOWN);
}

/* Where what was pressed is gone, and so would be the place of whoever goes by keyboard. */
const toUndo = () => byId('toast').querySelector('button').focus();

/* Whoever has come to the button by keyboard, or points at it, is not hurried. */
function leave() {
  if (byId('toast').matches(':has(:focus-visible), :hover')) leaving = setTimeout(leave, SHOWN);
  else unsay();
}

function unsay() {
  const toast = byId('toast'), held = toast.contains(document.activeElement);
  clearTimeout(leaving);
  toast.replaceChildren();
  if (!held) return;
  const { sheet, view } = document.body.dataset;
  (sheet === 'side' ? byId('side').querySelector('.talks .open, button') : view ? byId(view).querySelector('h2') : questionBox()).focus();
}

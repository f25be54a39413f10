/* Notes: a record each, so that two tabs do not overwrite one another. Their order, comments and
   title are theirs alone; how a note looks, and whether what it quotes still stands, the server says. */

const NOTE = 'ibid-note:', MOST_NOTES = 500, MOST_NOTED = 900000;
const noteKey = (id) => `${NOTE}${folder()}:${id}`;
const titleKey = () => `ibid-notes:${folder()}`;
/* The notes as they were read last, and of which folder: the page knows its own only once it has arrived. */
let noted = null;

function allNotes() {
  if (noted?.folder === folder()) return noted.notes;
  const found = [], start = noteKey('');
  for (const key of store.keys()) {
    if (!key.startsWith(start)) continue;
    try { found.push(JSON.parse(store.get(key))); } catch { /* not ours */ }
  }
  const ours = found.filter((note) => [note?.id, note?.kept].every((one) => typeof one === 'string') && Array.isArray(note.answer?.statements));
  ours.sort((a, b) => a.order - b.order || a.kept.localeCompare(b.kept) || a.id.localeCompare(b.id));
  noted = { folder: folder(), notes: ours };
  return ours;
}

/* Whether it is kept; where the browser has no room, that is said, and nothing else goes for it. */
function writeNote(note) {
  noted = null;
  try { store.set(noteKey(note.id), JSON.stringify(note)); }
  catch { say('Not kept: this browser has no more room. Export your notes, then delete some, or conversations.'); return false; }
  return true;
}

/* As the server is told of them, which takes no more at once. */
function notesText(isCommented = true) {
  const notes = allNotes().map(({ id, comment, answer }) => ({ id, answer, ...(isCommented && { comment }) }));
  return JSON.stringify({ title: store.get(titleKey()) || '', notes });
}

const isTooMuch = (...texts) => new Blob(texts.map((text) => JSON.stringify(text))).size > MOST_NOTED;

function addNote(fields) {
  const notes = allNotes();
  if (notes.length >= MOST_NOTES || isTooMuch(notesText(), JSON.stringify(fields.answer))) {
    say('Not kept: your notes are full. Export them, then delete some.');
    return;
  }
  const id = Date.now().toString(36) + Math.random().toString(36).slice(2, 8);
  const note = { id, folder: folder(), kept: new Date().toISOString(), order: (notes.at(-1)?.order ?? 0) + 1, comment: '', ...fields };
  if (!writeNote(note)) return;
  showChanged();
  say('Kept in your notes.', () => forgetNote(id));
}

function forgetNote(id) {
  store.remove(noteKey(id));
  noted = null;
  showChanged();
}

/* What is taken out can be had back, in its place and with its comment. */
function takeOut(note, done) {
  forgetNote(note.id);
  say('Taken out of your notes.', () => { if (writeNote(note)) { showChanged(); done?.(); } });
}

/* Without what only shows how the answer was found. */
const bareAnswer = ({ reasoning, ...answer }) => ({ ...answer, passages: [], searched_for: [], seconds: {}, usage: null });

function keepAnswer(button) {
  const exchange = current()?.exchanges[turnOf(button) - 1];
  if (!exchange?.answer) return;
  const from = keyOf(exchange), before = allNotes().find((note) => note.from === from);
  if (before) takeOut(before); else addNote({ from, answer: bareAnswer(exchange.answer) });
}

/* What shows that something is kept, and how many there are. */
function tellNotes() {
  paintKept();
  const opener = document.querySelector('[data-opens=notes]');
  if (opener && document.body.dataset.view !== 'notes') opener.textContent = views.notes.title;
}

function showChanged() {
  tellNotes();
  if (document.body.dataset.view === 'notes') drawNotes();
}

function paintKept() {
  const kept = new Set(allNotes().map((note) => note.from)), talk = current();
  for (const button of document.querySelectorAll('[data-act=keep-answer]')) {
    const exchange = talk?.exchanges[turnOf(button) - 1];
    paintKeep(button, Boolean(exchange && kept.has(keyOf(exchange))), 'Keep');
  }
  paintQuoteKept();
}

function paintKeep(button, isKept, name) {
  button.setAttribute('aria-pressed', String(isKept));
  button.textContent = isKept ? 'Kept' : name;
}

/* The view: what is written in it is the browser's own, the cards are the server's. */
let drawing = 0;

async function drawNotes() {
  const drawn = ++drawing;
  showNotesTools();
  const told = allNotes().length ? await server.notes({ folder: folder(), kept: notesText(false) }).catch(look) : { html: '' };
  if (!told || drawn !== drawing) return;
  const { id, selectionStart } = document.activeElement;
  document.querySelector('.notes-cards').innerHTML = told.html;
  for (const box of document.querySelectorAll('.note-comment')) box.value = noteOf(box)?.comment || '';
  paintMoves();
  // Who is writing goes on where they were.
  const box = id && document.activeElement === document.body ? byId(id) : null;
  if (box) { box.focus(); box.setSelectionRange(selectionStart, selectionStart); }
}

function showNotesTools() {
  const count = allNotes().length;
  document.querySelector('.notes-tools').hidden = !count;
  document.querySelector('.no-notes').hidden = count > 0;
  const title = byId('notes-title');
  if (document.activeElement !== title) title.value = store.get(titleKey()) || '';
}

const cardOf = (within) => within.closest('.note');
const noteOf = (within) => allNotes().find((note) => note.id === cardOf(within).dataset.note);

function paintMoves() {
  const cards = [...document.querySelectorAll('.note')];
  cards.forEach((card, i) => {
    card.querySelector('[data-act=note-up]').disabled = i === 0;
    card.querySelector('[data-act=note-down]').disabled = i === cards.length - 1;
  });
}

function moveNote(button, by) {
  const card = cardOf(button), notes = [...allNotes()], at = notes.findIndex((note) => note.id === card.dataset.note), to = at + by;
  if (at < 0 || !notes[to]) return;
  notes.splice(to, 0, ...notes.splice(at, 1));
  if (!notes.every((note, i) => note.order === i || writeNote({ ...note, order: i }))) return;
  if (by < 0) card.previousElementSibling.before(card); else card.nextElementSibling.after(card);
  paintMoves();
  (button.disabled ? card.querySelector('[data-act^=note-]:enabled') : button).focus();
  card.scrollIntoView({ block: 'nearest' });
  announce(`Now ${to + 1} of ${notes.length}.`);
}

function deleteNote(button) {
  const note = noteOf(button);
  if (!note) return;
  cardOf(button).remove();
  takeOut(note, async () => { await drawNotes(); byId(`note-${note.id}`)?.querySelector('[data-act=forget-note]').focus(); });
  toUndo();
}

document.addEventListener('input', ({ target }) => {
  if (target.id === 'notes-title') keepTitle(target.value);
  if (!target.matches('.note-comment')) return;
  const note = noteOf(target);
  if (note) writeNote({ ...note, comment: target.value }); else say('This note was deleted in another tab.');
});

function keepTitle(title) {
  try { store.set(titleKey(), title); } catch { say('The title is not kept: this browser has no more room.'); }
}

async function exportNotes({ dataset }) {
  if (isTooMuch(notesText())) { say('That is more than one file can take. Delete some notes, or shorten comments.'); return; }
  const file = await server.export_notes({ folder: folder(), kept: notesText(), kind: dataset.kind }).catch(look);
  if (file) saveFile(file.name, new Blob([Uint8Array.from(atob(file.base64), (sign) => sign.charCodeAt(0))], { type: file.type }));
}

/* Another tab kept, ordered or deleted something. */
window.addEventListener('storage', ({ key }) => {
  if (!key?.startsWith(NOTE)) return;
  noted = null;
  showChanged();
});

views.notes = { get title() { const count = allNotes().length; return count ? `Notes (${count})` : 'Notes'; }, opened: drawNotes };

Object.assign(acts, {
  'keep-answer': keepAnswer,
  'note-up': (button) => moveNote(button, -1),
  'note-down': (button) => moveNote(button, 1),
  'forget-note': deleteNote,
  'export-notes': exportNotes,
});

/* Words of a source, kept as a quote or asked about: what is selected with the pointer, a finger or the keys, or what is
   marked. */

/* As many of them as are put into a question. */
const MOST_ASKED = 200;

/* As the server counts them: white space is not told apart as it is in the document. */
const countLetters = (text) => [...text.replace(/[ \t\n\r\f]+/g, '')].length;

/* How many letters of a paragraph stand before a place in it; who speaks and what it is called are words of ours. */
function lettersBefore(text, node, offset) {
  const range = document.createRange();
  range.setStart(text, 0);
  range.setEnd(node, offset);
  return countLetters(wordsOf(range, 'x'));
}

/* What a range holds of its document, with `sign` for each letter that cannot be seen. */
function wordsOf(range, sign) {
  const part = range.cloneContents();
  for (const ours of part.querySelectorAll('.badge, .speaker')) ours.remove();
  for (const hidden of part.querySelectorAll('.hidden-sign')) hidden.replaceWith(sign);
  return part.textContent;
}

function selectedRange() {
  const selection = getSelection(), page = byId('reader').querySelector('.page');
  if (!page || !selection.rangeCount || selection.isCollapsed) return null;
  const range = selection.getRangeAt(0);
  return page.contains(range.commonAncestorContainer) ? range : null;
}

/* The selected letters of each paragraph. */
function selectedPieces() {
  const range = selectedRange(), pieces = [];
  if (!range) return pieces;
  for (const text of byId('reader').querySelectorAll('.para .text')) {
    if (!range.intersectsNode(text)) continue;
    const from = text.contains(range.startContainer) ? lettersBefore(text, range.startContainer, range.startOffset) : 0;
    const to = text.contains(range.endContainer) ? lettersBefore(text, range.endContainer, range.endOffset) : lettersBefore(text, text, text.childNodes.length);
    if (to > from) pieces.push({ paragraph: text.closest('.para').dataset.paragraph, from, to });
  }
  return pieces;
}

/* What is marked in the document that is open. */
function markedPiece(reader) {
  const [start, end] = (reader.dataset.mark || '').split('-'), at = reader.querySelector('.sheet.target') || reader.querySelector('mark.hit')?.closest('.para');
  return start && at ? [{ paragraph: at.dataset.paragraph, start, end }] : [];
}

/* The whole paragraph where somebody is who goes by keyboard. */
function focusedParagraph() {
  const at = document.activeElement?.closest('.para');
  return at && !document.activeElement.matches('mark') ? [{ paragraph: at.dataset.paragraph, from: 0, to: null }] : [];
}

const openReader = () => byId('reader')?.querySelector('.reader[data-document]');

/* By a key: what is nearest at hand. */
function keepHere() {
  const reader = openReader();
  if (reader) keepPieces(reader, [selectedPieces(), focusedParagraph(), markedPiece(reader)].find((one) => one.length));
}

async function keepPieces(reader, pieces) {
  if (!pieces?.length) { say('Select the words to keep.'); return; }
  const { document: doc, revision } = reader.dataset;
  const told = await server.quote({ folder: folder(), document: doc, revision, pieces }).catch(look);
  if (!told) return;
  if (told.problem) { say(told.problem); return; }
  if (selectedRange()) getSelection().removeAllRanges();
  const before = sameQuote(told.answer);
  if (before) takeOut(before); else addNote({ answer: told.answer });
}

/* The selected words; else those of the paragraph where somebody is who goes by keyboard, or what is marked. */
function wordsHere() {
  const texts = [...byId('reader').querySelectorAll('.para .text')], range = selectedRange();
  if (range) return texts.filter((text) => range.intersectsNode(text)).map((text) => wordsOf(within(text, range), '')).join(' ');
  const marks = [...byId('reader').querySelectorAll('mark.hit')], at = focusedParagraph()[0]?.paragraph;
  const wanted = texts.filter((text) => text.closest('.para').dataset.paragraph === at);
  return (wanted.length ? wanted : marks).map((one) => wordsOf(allOf(one), '')).join(' ');
}

function allOf(node) {
  const range = document.createRange();
  range.selectNodeContents(node);
  return range;
}

/* The part of a range that lies in a paragraph. */
function within(text, range) {
  const part = allOf(text);
  if (text.contains(range.startContainer)) part.setStart(range.startContainer, range.startOffset);
  if (text.contains(range.endContainer)) part.setEnd(range.endContainer, range.endOffset);
  return part;
}

/* In at most so many characters, ended at a word. */
function shortened(words) {
  const signs = [...words.replace(/\s+/g, ' ').trim()];
  if (signs.length <= MOST_ASKED) return signs.join('');
  const cut = signs.slice(0, MOST_ASKED - 1).join(''), end = cut.lastIndexOf(' ');
  return (end > 0 ? cut.slice(0, end) : cut.slice(0, -1)) + '…';
}

/* In quotation marks behind what stands in the box, where somebody goes on writing; whether there was anything. */
function askAbout() {
  const words = shortened(wordsHere()), box = questionBox();
  if (!words) { say('Select the words to ask about.'); return false; }
  leaveSelection();
  showSheet(null);
  showView(null);
  fill(`${box.value.trim()} “${words}” `.trimStart());
  box.focus();
  box.setSelectionRange(box.value.length, box.value.length);
  box.scrollTop = box.scrollHeight;
  return true;
}

/* By which a quote is known. */
const placesOf = (answer) => answer.statements.flatMap((one) => (one.citations || []).map((cite) => [cite.document, cite.revision, cite.start, cite.end].join(' '))).join('\n');

function sameQuote(answer) {
  const places = placesOf(answer);
  return allNotes().find((note) => !note.answer.question && placesOf(note.answer) === places);
}

/* The button beside a citation says whether its words are kept. */
function paintQuoteKept() {
  const reader = openReader(), button = reader?.querySelector('[data-act=keep-marked]');
  if (!button) return;
  const place = [reader.dataset.document, reader.dataset.revision, ...reader.dataset.mark.split('-')].join(' ');
  paintKeep(button, allNotes().some((note) => !note.answer.question && placesOf(note.answer) === place), 'Keep this quote');
}

/* Beside what is selected, once nobody drags any more. */
let isPointing = false, offering = null;

function offerBox() {
  if (byId('selected')) return byId('selected');
  const box = element('div', { id: 'selected', role: 'group', 'aria-label': 'With the selected words', hidden: '' },
    element('button', { type: 'button', class: 'act', 'data-act': 'keep-quote' }, 'Keep this quote'),
    element('button', { type: 'button', class: 'act', 'data-act': 'ask-about' }, 'Ask about this'));
  // What is pressed takes no selection away.
  box.addEventListener('pointerdown', (event) => event.preventDefault());
  box.addEventListener('mousedown', (event) => event.preventDefault());
  byId('source').append(box);
  return box;
}

function offerQuote() {
  clearTimeout(offering);
  offering = setTimeout(() => {
    const pieces = isPointing ? [] : selectedPieces();
    if (!pieces.length && !byId('selected')) return;
    offerBox().hidden = !pieces.length;
    if (pieces.length) putOffer();
  }, 120);
}

const isOffering = () => byId('selected')?.hidden === false;

/* Nothing is selected any more, and nothing offered; whoever was at a button goes back to the text. */
function leaveSelection() {
  const box = byId('selected'), held = box?.contains(document.activeElement);
  if (selectedRange()) getSelection().removeAllRanges();
  if (box) box.hidden = true;
  if (held) byId('reader').querySelector('.page')?.focus();
}

/* Below the end of the selection, where a phone's own menu does not lie; inside the window. */
function putOffer() {
  const box = byId('selected'), last = [...selectedRange().getClientRects()].at(-1), page = byId('reader').querySelector('.page').getBoundingClientRect();
  if (!last) return;
  const top = Math.min(Math.max(last.bottom + 8, page.top + 8), innerHeight - box.offsetHeight - 8);
  box.style.top = top + 'px';
  box.style.left = Math.max(page.left + 8, Math.min(last.right - box.offsetWidth / 2, innerWidth - box.offsetWidth - 8)) + 'px';
}

document.addEventListener('selectionchange', offerQuote);
document.addEventListener('pointerdown', (event) => { isPointing = !event.target.closest?.('#selected'); }, true);
for (const kind of ['pointerup', 'pointercancel']) document.addEventListener(kind, () => { isPointing = false; offerQuote(); }, true);
document.addEventListener('scroll', (event) => { if (event.target.matches?.('.page') && selectedRange() && byId('selected')) putOffer(); }, true);

Object.assign(acts, {
  'keep-quote': () => keepPieces(openReader(), selectedPieces()),
  'ask-about': askAbout,
  'keep-marked': () => keepPieces(openReader(), markedPiece(openReader())),
});

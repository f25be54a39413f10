/* Citations, and the source pane that they open. */

/* The link that led to what is open, and which citation of which question it is, if it is one. */
const followed = { link: null, cite: null, turn: null };
/* Whether what was asked for is on its way, and is to be come to by its paragraph, not by a mark; and which of the
   buttons that turn pages was pressed. */
let expecting = false, toTarget = false, turned = null;
/* The last place that was asked for, and by which event: to be shown again as its page, as its text, at another page. */
let sought = { name: 'read', place: {} };
/* Whether the pane was closed: what was on its way then does not open it again. */
let closed = false;
/* Whether what is on its way comes by itself: whoever is writing goes on writing. */
let byItself = false;
/* Whether this tab shows the text of documents that have pages. */
const AS = 'ibid-as';

function seek(name, place) {
  sought = { name, place };
  expecting = true;
  closed = byItself = false;
  turned = null;
  trigger(name, { ...place, as: sessionStorage.getItem(AS) });
}

const chipsOf = (turn) => [...document.querySelectorAll(`.chip[data-cite^="${turn}."]`)];

function placeOf(link) {
  const { document: doc, paragraph, start, end, revision, quote } = link.dataset;
  return { document: doc, paragraph, start: start ?? null, end: end ?? null, revision: revision ?? null, quote: quote ?? null };
}

function openPlace(link) {
  const place = placeOf(link), inGuide = Boolean(link.closest('.guide'));
  // Whoever goes about in a document by its guide still goes back to where they came from.
  if (!inGuide) {
    followed.link = link;
    followed.cite = link.dataset.cite || null;
    followed.turn = followed.cite ? followed.cite.split('.')[0] : null;
    if (isListed(link)) guided.open = true;
  }
  const others = followed.turn
    ? chipsOf(followed.turn).filter((one) => one !== link && one.dataset.document === place.document)
        .map((one) => ({ start: one.dataset.start, end: one.dataset.end }))
    : [];
  for (const chip of document.querySelectorAll('.chip[aria-current]')) chip.removeAttribute('aria-current');
  markOpenChip();
  const address = link.getAttribute('href');
  if (address && address !== location.search) history.pushState({ view: shownView() }, '', address);
  seek(followed.cite && !inGuide ? 'cite' : 'read', { ...place, others });
  showSheet('source');
  // What is open already comes back as it was, and then nothing tells that it came.
  if (isOpen(place)) requestAnimationFrame(showReader);
}

function isOpen(place) {
  const reader = byId('reader').querySelector('.reader');
  const mark = place.start === null ? '' : `${place.start}-${place.end}`;
  return reader?.dataset.document === place.document && reader.dataset.mark === mark && reader.dataset.page === reader.dataset.own
    && reader.querySelector('.target')?.dataset.paragraph === place.paragraph;
}

/* The chip whose place is open says so, also when the answer around it was drawn anew. */
function markOpenChip() {
  for (const chip of document.querySelectorAll('.chip[aria-current]')) chip.removeAttribute('aria-current');
  if (followed.cite) document.querySelector(`.chip[data-cite="${followed.cite}"]`)?.setAttribute('aria-current', 'true');
}

/* More of the document that is open: the marks stay, and so does the way back. */
function openMore(button) {
  const [start, end] = (button.closest('.reader').dataset.mark || '-').split('-');
  toTarget = true;
  seek('read', { document: button.dataset.document, paragraph: button.dataset.paragraph, start: start || null, end: end || null });
}

function step(by) {
  const chips = followed.turn ? chipsOf(followed.turn) : [];
  const at = chips.findIndex((chip) => chip.dataset.cite === followed.cite);
  if (at < 0) return;
  openPlace(chips[(at + by + chips.length) % chips.length]);
}

function showReader() {
  const reader = byId('reader');
  if (closed && isSourceOpen()) { trigger('shut', {}); return; }
  // What the address names comes before this tab could say how it wants it.
  if (sessionStorage.getItem(AS) === 'text' && reader.querySelector('.sheet')) { seek(sought.name, sought.place); return; }
  showGuide();
  showFinding();
  const steps = reader.querySelector('.steps');
  const chips = followed.turn ? chipsOf(followed.turn) : [];
  if (steps && chips.length && followed.cite) {
    steps.hidden = false;
    const at = chips.findIndex((chip) => chip.dataset.cite === followed.cite);
    steps.querySelector('.step-count').textContent = `${at + 1} of ${chips.length}`;
    for (const button of steps.querySelectorAll('button')) button.disabled = chips.length < 2;
  }
  const button = reader.querySelector('[data-act=back]');
  if (button) button.textContent = !followed.cite ? '← Close' : followed.turn.startsWith('note-') ? '← Back to the notes' : '← Back to the answer';
  paintQuoteKept();
  if (turned) { showTurned(reader); return; }
  const target = (!toTarget && reader.querySelector('mark.hit')) || reader.querySelector('.target');
  // Whoever has gone back meanwhile keeps the focus where it is.
  if (!target || !expecting) return;
  expecting = toTarget = false;
  target.scrollIntoView({ block: 'center', behavior: 'instant' });
  if (!target.matches('[tabindex]')) target.setAttribute('tabindex', '-1');
  if (!byItself) target.focus({ preventScroll: true });
  paintFeedback();
}

/* As its page or as its text, from now on in this tab. */
function showAs({ dataset }) {
  sessionStorage.setItem(AS, dataset.as);
  seek(sought.name, sought.place);
}

function turnPage({ dataset }) {
  turned = dataset.turn;
  trigger(sought.name, { ...sought.place, page: dataset.page });
}

/* Another page of what is open: whoever pressed a button may press it again. */
function showTurned(reader) {
  const button = reader.querySelector(`[data-turn=${turned}]`);
  turned = null;
  announce(reader.querySelector('.page-count')?.textContent || '');
  (button && !button.disabled ? button : reader.querySelector('.page'))?.focus();
}

/* The place in the address, when the page comes to life. */
function addressed() {
  const place = new URLSearchParams(location.search);
  return Object.fromEntries(['document', 'paragraph', 'start', 'end', 'revision'].map((name) => [name, place.get(name)]));
}

function arriveAtSource() {
  sought = { name: 'read', place: addressed() };
  expecting = true;
  showSheet('source');
  requestAnimationFrame(showReader);
}

function back() {
  if (document.body.dataset.sheet === 'side') { showSheet(null); document.querySelector('.drawer').focus(); return; }
  showSheet(null);
  expecting = false;
  closed = true;
  if (!gone) trigger('shut', {});
  const opener = followed.cite ? document.querySelector(`.chip[data-cite="${followed.cite}"]`) : followed.link;
  if (location.search.includes('document=')) history.replaceState(history.state, '', folder() ? `?folder=${folder()}` : location.pathname);
  // Who was writing goes on writing.
  if (document.activeElement !== questionBox()) (opener?.isConnected ? opener : questionBox()).focus();
  opener?.scrollIntoView?.({ block: 'nearest' });
  followed.link = followed.cite = followed.turn = null;
  markOpenChip();
}

const isSourceOpen = () => Boolean(byId('reader').querySelector('[data-act=back]'));

/* A new question: what is open beside it belongs to an earlier one, and its way back is to close it. */
function leaveCitation() {
  followed.cite = followed.turn = null;
  markOpenChip();
  const reader = byId('reader').querySelector('.reader');
  reader?.querySelector('.steps')?.setAttribute('hidden', '');
  const button = reader?.querySelector('[data-act=back]');
  if (button) button.textContent = '← Close';
}

/* What a new answer cites first takes the place of what is open beside it. */
function openFirst(turn) {
  const chip = turn.querySelector('.chip');
  if (!chip || !isSourceOpen() || closed || matchMedia(COVERS.source).matches) return;
  openPlace(chip);
  byItself = true;
}

/* The address of a paragraph: in the address bar, on the clipboard, and seen in the text. */
function pointAt(link) {
  history.replaceState(history.state, '', link.getAttribute('href'));
  for (const one of document.querySelectorAll('.para.target')) one.classList.remove('target');
  link.closest('.para').classList.add('target');
  put(location.href).then(() => say('Link copied.'));
}

/* Cards: beside their chip, inside the window. */
function putCard(chip) {
  const card = byId(chip.getAttribute('aria-describedby'));
  if (!card) return;
  const at = chip.getBoundingClientRect(), width = Math.min(360, innerWidth - 24);
  card.style.width = width + 'px';
  card.style.left = Math.max(12, Math.min(at.left - 20, innerWidth - width - 12)) + 'px';
  const below = innerHeight - at.bottom > 220;
  card.style.top = below ? at.bottom + 6 + 'px' : 'auto';
  card.style.bottom = below ? 'auto' : innerHeight - at.top + 6 + 'px';
}
for (const kind of ['pointerover', 'focusin'])
  document.addEventListener(kind, (event) => { const chip = event.target.closest?.('.chip'); if (chip) putCard(chip); });

/* The browser's own back and forward go from place to place, out of the source to the answer, and in and out of what
   lies over the conversation. */
window.addEventListener('popstate', ({ state }) => {
  const isOver = layViewOf(state), place = new URLSearchParams(location.search);
  if (!place.has('document')) { if (isSourceOpen() || !isOver) back(); return; }
  const chip = [...document.querySelectorAll('.chip')].find((one) => one.getAttribute('href') === location.search);
  if (chip) { openPlace(chip); return; }
  seek('read', addressed());
  showSheet('source');
});

changes.reader = showReader;

Object.assign(acts, {
  back,
  previous: () => step(-1),
  next: () => step(1),
  as: showAs,
  page: turnPage,
  read: (button) => { if (button.matches('.more')) { openMore(button); return; } showSheet(null); openPlace(button); },
});

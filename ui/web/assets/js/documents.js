/* The list of documents: which of them are asked, and what may be done with them. */

/* Ticks that were not sent yet, and the last one of those that were, until the conversation has it. */
const ticks = [];
let ticking = null;

/* What is filtered by, and whether somebody is typing it: the list is drawn anew while documents come in. */
let filtered = '', filtering = false;
/* The folders of the list that somebody folded: it is drawn with all of them open. */
const folded = new Set();

const filterBox = () => byId('library').querySelector('.filter');
const shownBoxes = () => [...byId('library').querySelectorAll('.document:not([hidden]) [data-act=scope]')];

const groupName = (group) => group.querySelector('summary span').textContent;

document.addEventListener('click', (event) => {
  const group = event.target.closest('#library .group > summary')?.parentElement;
  // It is not folded yet.
  if (group) folded[group.open ? 'add' : 'delete'](groupName(group));
});

function filterDocuments() {
  const box = filterBox(), wanted = filtered.trim().toLowerCase();
  if (box && box.value !== filtered) box.value = filtered;
  if (box && filtering && document.activeElement === document.body) box.focus();
  for (const group of byId('library').querySelectorAll('.group')) group.open = Boolean(wanted) || !folded.has(groupName(group));
  for (const item of document.querySelectorAll('.document')) item.hidden = !item.textContent.toLowerCase().includes(wanted);
}

/* Ticks that come faster than the server answers go together, in their order. */
document.addEventListener('change', (event) => {
  const { act, document: doc } = event.target.dataset || {};
  if (act !== 'scope' && act !== 'scope-all') return;
  // Of a list that is filtered, all are those that it shows.
  const all = filtered.trim() ? shownBoxes().map((box) => box.dataset.document) : null;
  ticks.push({ documents: act === 'scope' ? [doc] : all, asked: event.target.checked });
  if (act === 'scope-all') for (const box of shownBoxes()) box.checked = event.target.checked;
  sendTicks();
});

function sendTicks() {
  if (ticking || !ticks.length) return;
  const sent = ticks.splice(0), last = sent.at(-1);
  ticking = last;
  trigger('scope', { ticks: sent });
  // A choice that changes nothing brings nothing back.
  setTimeout(() => { if (ticking === last) { ticking = null; sendTicks(); tickBoxes(); } }, 3000);
}

/* Ask that document alone, and go on once the conversation has it so. */
function askOnly(doc, then) {
  ticks.push({ documents: null, asked: false }, { documents: [doc], asked: true });
  sendTicks();
  const wait = (tries) => { if (tries && (ticking || ticks.length)) setTimeout(() => wait(tries - 1), 50); else then(); };
  wait(100);
}

/* Whether the conversation has taken a tick up: pieces of an answer come in between that know nothing of it. */
function isChosen({ documents, asked }) {
  const scope = current()?.scope ?? null;
  if (documents === null) return asked ? scope === null : scope !== null && !scope.length;
  return documents.every((doc) => (scope === null || scope.includes(doc)) === asked);
}

/* The boxes say what the conversation asks: the list itself does not know. */
function tickBoxes() {
  filterDocuments();
  if (ticking || ticks.length) return;
  const scope = current()?.scope ?? null;
  for (const box of byId('library').querySelectorAll('[data-act=scope]'))
    box.checked = scope === null || scope.includes(box.dataset.document);
  const all = byId('library').querySelector('[data-act=scope-all]');
  if (!all) return;
  const label = byId('library').querySelector('.asking'), shown = shownBoxes(), on = shown.filter((box) => box.checked).length;
  const narrowed = Boolean(filtered.trim());
  all.checked = narrowed ? shown.length > 0 && on === shown.length : scope === null;
  all.indeterminate = !all.checked && on > 0;
  all.disabled = narrowed && !shown.length;
  const total = counted(Number(label.dataset.total));
  tellNarrowed(scope, total);
  const asked = scope === null ? `Asking all ${total}` : `Asking ${counted(scope.length)} of ${total}`;
  label.textContent = narrowed ? `${counted(shown.length)} shown. ${asked}` : asked;
}

/* Beside the question too: on a phone the list is not in sight. */
function tellNarrowed(scope, total) {
  const line = byId('narrowed').querySelector('p');
  line.hidden = scope === null;
  if (line.hidden) return;
  const title = scope.length === 1 && [...byId('library').querySelectorAll('[data-act=scope]')]
    .find((box) => box.dataset.document === scope[0])?.closest('.document').querySelector('.title').textContent;
  line.querySelector('.what').textContent = title ? `Asking “${title}” alone` : scope.length ? `Asking ${counted(scope.length)} of ${total} documents` : 'Asking no document';
}

function askAll() {
  ticks.push({ documents: null, asked: true });
  sendTicks();
  questionBox().focus();
}

const counted = (number) => number.toLocaleString('en');

function takeUpTicks() {
  if (ticking && isChosen(ticking)) ticking = null;
  sendTicks();
  if (byId('library')) tickBoxes();
}

document.addEventListener('input', (event) => {
  if (event.target !== filterBox()) return;
  filtered = event.target.value;
  tickBoxes();
});
for (const kind of ['focusin', 'pointerdown'])
  document.addEventListener(kind, (event) => { filtering = event.target === filterBox(); });

function removeUpload(button) {
  const doc = button.dataset.document;
  if (window.confirm('Delete the uploaded file ' + doc.replace('uploads/', '') + '?'))
    trigger('remove', { document: doc, showing: byId('reader').querySelector('.reader')?.dataset.document === doc });
}

/* Pasted text goes the way of a file that is dropped; of an address the server asks first whether to fetch it. */
document.addEventListener('submit', (event) => {
  if (!event.target.matches('.paste-form')) return;
  event.preventDefault();
  const name = byId('paste-name'), text = byId('paste-text');
  if (!text.value.trim()) { text.focus(); return; }
  const called = name.value.trim().replace(/\.(md|txt)$/i, '');
  if (isAddress(text.value)) askToFetch(text.value, called);
  else if (isNoAddress(text.value)) { say(`“${text.value.trim().slice(0, 80)}” is no address that can be fetched: those begin with http:// or https://. As text it would be one line.`); return; }
  else addText(text.value, called || text.value.trim().split('\n')[0].replace(/^#+\s*/, '').slice(0, 60));
  name.value = text.value = '';
  event.target.closest('details').open = false;
});

function addText(text, called) {
  const carrier = new DataTransfer();
  carrier.items.add(new File([text], called + '.md', { type: 'text/markdown' }));
  addFiles(carrier.files);
}

function addFiles(files) {
  const input = document.querySelector('#upload input[type=file]');
  if (!input) { say('Nothing is added now. Try again in a moment.'); return; }
  input.files = files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
}

const isAddress = (text) => /^\s*(?:https?:\/\/|www\.)\S+\s*$/i.test(text);
/* One line that is meant as an address and is none. */
const isNoAddress = (text) => /^\s*[a-z][a-z0-9+.-]*:\/\/[^\n]*\s*$/i.test(text);

/* As a browser reads it, so that nobody is asked about another host than the one they see. */
function askToFetch(text, called = '') {
  const address = text.trim().replace(/^www\./i, 'https://www.');
  trigger('address', { address: URL.canParse(address) ? new URL(address).href : address, called });
}

/* What is pasted and is nothing but an address needs no button. */
document.addEventListener('paste', (event) => {
  const form = event.target.closest?.('.paste-form');
  if (form && event.target.id === 'paste-text') setTimeout(() => isAddress(event.target.value) && form.requestSubmit());
});

/* Files are taken wherever they are dropped: a browser would leave the page for them. */
const bringsFiles = (event) => [...(event.dataTransfer?.types || [])].includes('Files');
let unseen = null;
document.addEventListener('dragover', (event) => {
  if (!bringsFiles(event)) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = 'copy';
  document.body.toggleAttribute('data-dropping', true);
  // It comes again and again while they are held over the page.
  clearTimeout(unseen);
  unseen = setTimeout(endDropping, 400);
});
document.addEventListener('drop', (event) => {
  endDropping();
  if (!bringsFiles(event) || event.target.closest?.('#upload')) return;
  event.preventDefault();
  if (gone) refuse(event); else addFiles(event.dataTransfer.files);
});
const endDropping = () => document.body.toggleAttribute('data-dropping', false);

/* A link that is dropped where files are. */
document.addEventListener('drop', (event) => {
  const link = event.dataTransfer?.getData('text/uri-list').split('\n')[0] || '';
  if (!event.target.closest?.('#upload') || event.dataTransfer.files.length || !isAddress(link)) return;
  event.preventDefault();
  event.stopPropagation();
  askToFetch(link);
}, true);

function showConsent() {
  byId('consent').querySelector('[data-act=fetch]')?.focus();
}

/* The question goes, and the focus would go with it. */
function leaveConsent() {
  document.querySelector('.paste summary').focus();
}

changes.library = tickBoxes;
changes.consent = showConsent;

Object.assign(acts, {
  remove: removeUpload,
  reindex: () => trigger('reindex', {}),
  'ask-all': askAll,
  fetch: ({ dataset }) => { leaveConsent(); trigger('fetch', { address: dataset.address, called: dataset.called }); },
  unfetched: () => { leaveConsent(); trigger('address', {}); },
});

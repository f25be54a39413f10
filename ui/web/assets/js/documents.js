/* The list of documents: which of them are asked, and what may be done with them. */

/* Ticks that were not sent yet, and the last one of those that were, until the conversation has it. */
const ticks = [];
let ticking = null;

function filterDocuments() {
  const wanted = byId('library').querySelector('.filter')?.value.trim().toLowerCase() || '';
  for (const item of document.querySelectorAll('.document')) item.hidden = !item.textContent.toLowerCase().includes(wanted);
}

/* Ticks that come faster than the server answers go together, in their order. */
document.addEventListener('change', (event) => {
  const { act, document: doc } = event.target.dataset || {};
  if (act !== 'scope' && act !== 'scope-all') return;
  ticks.push({ document: act === 'scope' ? doc : null, asked: event.target.checked });
  if (act === 'scope-all')
    for (const box of byId('library').querySelectorAll('[data-act=scope]')) box.checked = event.target.checked;
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

/* Whether the conversation has taken a tick up: pieces of an answer come in between that know nothing of it. */
function isChosen({ document: doc, asked }) {
  const scope = current()?.scope ?? null;
  if (doc === null) return asked ? scope === null : scope !== null && !scope.length;
  return (scope === null || scope.includes(doc)) === asked;
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
  all.checked = scope === null;
  const label = byId('library').querySelector('.asking');
  const total = Number(label.dataset.total).toLocaleString('en');
  label.textContent = scope === null ? `Asking all ${total}` : `Asking ${scope.length} of ${total}`;
}

function takeUpTicks() {
  if (ticking && isChosen(ticking)) ticking = null;
  sendTicks();
  if (byId('library')) tickBoxes();
}

document.addEventListener('input', (event) => { if (event.target.matches('.filter')) filterDocuments(); });

function removeUpload(button) {
  const doc = button.dataset.document;
  if (window.confirm('Delete the uploaded file ' + doc.replace('uploads/', '') + '?'))
    trigger('remove', { document: doc, showing: byId('reader').querySelector('.reader')?.dataset.document === doc });
}

/* Pasted text goes the way of a file that is dropped. */
document.addEventListener('submit', (event) => {
  if (!event.target.matches('.paste-form')) return;
  event.preventDefault();
  const name = byId('paste-name'), text = byId('paste-text');
  if (!text.value.trim()) { text.focus(); return; }
  const called = name.value.trim().replace(/\.(md|txt)$/i, '') || text.value.trim().split('\n')[0].replace(/^#+\s*/, '').slice(0, 60);
  const file = new File([text.value], called + '.md', { type: 'text/markdown' });
  const input = document.querySelector('#upload input[type=file]'), carrier = new DataTransfer();
  carrier.items.add(file);
  input.files = carrier.files;
  input.dispatchEvent(new Event('change', { bubbles: true }));
  name.value = text.value = '';
  event.target.closest('details').open = false;
});

changes.library = tickBoxes;

Object.assign(acts, { remove: removeUpload, reindex: () => trigger('reindex', {}) });

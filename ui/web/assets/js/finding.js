/* Words found in the document that is open. Its markup comes anew with each place: what is looked for is kept here. */

const nothingFound = { words: '', places: [], more: false, at: -1 };
let finding = { document: null, revision: null, typed: '', ...nothingFound };
let typing = null;
/* What of it has the focus, or had it when other markup came. */
let holding = null;

function showFinding() {
  const form = byId('reader').querySelector('.finding');
  if (!form) return;
  const { document: doc, revision } = form.closest('.reader').dataset;
  if (finding.document !== doc || finding.revision !== revision)
    finding = { document: doc, revision, typed: '', ...nothingFound };
  const box = form.querySelector('.find');
  if (box.value !== finding.typed) box.value = finding.typed;
  tellFound(form);
  if (holding && document.activeElement === document.body) form.querySelector(holding)?.focus({ preventScroll: true });
}

function tellFound(form) {
  const { words, places, more, at } = finding;
  form.querySelector('.find-count').textContent = !words ? '' : !places.length ? 'Not found' : `${at + 1} of ${places.length}${more ? '+' : ''}`;
  for (const button of form.querySelectorAll('button')) button.hidden = places.length < 2;
}

async function lookFor(words) {
  const wanted = finding = { ...finding, ...nothingFound, words };
  if (words) {
    let found;
    try { found = await server.find({ folder: folder(), document: wanted.document, words }); } catch { return; }
    // Whoever closed the pane meanwhile wants no place.
    if (finding !== wanted || !isSourceOpen()) return;
    Object.assign(wanted, found);
  }
  if (wanted.places.length) findAt(0); else tellFound(byId('reader').querySelector('.finding'));
}

function findAt(at) {
  const { places, document: doc, revision } = finding;
  if (!places.length) return;
  finding.at = (at + places.length) % places.length;
  const [paragraph, start, end] = places[finding.at];
  seek('read', { document: doc, paragraph: String(paragraph), start, end, revision });
  // Whoever looks for words goes on typing them, or pressing the button.
  byItself = true;
  // What is open already comes back as it was, and then nothing tells that it came.
  if (byId('reader').querySelector('.reader').dataset.mark === `${start}-${end}`) requestAnimationFrame(showReader);
}

document.addEventListener('focusin', ({ target }) => {
  const inside = target.closest?.('.finding');
  holding = !inside ? null : target.matches('.find') ? '.find' : `[data-act=${target.dataset.act}]`;
});
document.addEventListener('input', ({ target }) => {
  if (!target.matches('.find')) return;
  finding.typed = target.value;
  clearTimeout(typing);
  typing = setTimeout(() => lookFor(finding.typed.trim()), 350);
});
document.addEventListener('submit', (event) => {
  if (!event.target.matches('.finding')) return;
  event.preventDefault();
  clearTimeout(typing);
  if (finding.typed.trim() !== finding.words) lookFor(finding.typed.trim()); else findAt(finding.at + 1);
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || !event.shiftKey || !event.target.matches?.('.find')) return;
  event.preventDefault();
  findAt(finding.at - 1);
});

function leaveFinding(box) {
  clearTimeout(typing);
  box.value = finding.typed = '';
  lookFor('');
}

Object.assign(acts, { 'find-before': () => findAt(finding.at - 1), 'find-after': () => findAt(finding.at + 1) });

/* What the page does by itself: opening citations, keeping conversations in this browser, keys, panes.
   Runs once, inside the hidden component `bridge`; `trigger`, `watch`, `props` and `server` are Gradio's.
   The events it sends: 'evals' 'cite' 'read' 'shut' 'restore' 'fresh' 'rename' 'scope' 'reindex' 'remove'. */

const byId = (id) => document.getElementById(id);
const folder = () => document.querySelector('#folder textarea, #folder input')?.value || '';
const KEPT = 'ibid:';
const ASKED = 'ibid-asked';
const here = { turn: null, cite: null, feedback: null, chosen: [], opener: null, ticks: [], said: {} };

/* --- conversations, one entry each, so that two tabs do not overwrite one another --- */

const kept = (id) => localStorage.getItem(KEPT + id);
const current = () => { try { return JSON.parse(props.value || 'null'); } catch { return null; } };

function keep() {
  const talk = current();
  if (here.ticking && isChosen(here.ticking)) here.ticking = null;
  sendTicks();
  if (byId('library')) tickBoxes();
  if (!talk || !talk.exchanges.length) { listTalks(); return; }
  sessionStorage.setItem(KEPT + 'open:' + talk.folder, talk.id);
  if (talk.exchanges.some((one) => one.question === sessionStorage.getItem(ASKED))) sessionStorage.removeItem(ASKED);
  const text = JSON.stringify({ ...talk, exchanges: together(talk), saved: new Date().toISOString() });
  for (;;) {
    try { localStorage.setItem(KEPT + talk.id, text); break; }
    catch (error) {
      const oldest = talks(null).filter((one) => one.id !== talk.id).pop();
      if (!oldest) break;
      localStorage.removeItem(KEPT + oldest.id);
    }
  }
  listTalks();
}

/* What another tab added to the same conversation meanwhile is kept too. */
function together(talk) {
  let before = [];
  try { before = JSON.parse(kept(talk.id)).exchanges || []; } catch { /* a new one */ }
  const key = (one) => one.asked + one.question;
  const mine = new Set(talk.exchanges.map(key));
  const others = before.filter((one) => one.state !== 'running' && !mine.has(key(one)));
  return [...talk.exchanges, ...others].sort((a, b) => a.asked.localeCompare(b.asked));
}

function talks(ofFolder) {
  const found = [];
  for (let i = 0; i < localStorage.length; i++) {
    const key = localStorage.key(i);
    if (!key.startsWith(KEPT)) continue;
    try {
      const talk = JSON.parse(localStorage.getItem(key));
      if (talk.exchanges && (ofFolder === null || talk.folder === ofFolder)) found.push(talk);
    } catch { /* not one of ours */ }
  }
  return found.sort((a, b) => (b.saved || '').localeCompare(a.saved || ''));
}

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function listTalks() {
  const list = byId('talk-list');
  if (!list) return;
  const open = current();
  const items = talks(folder()).map((talk) => {
    const attributes = { type: 'button', class: 'open', dir: 'auto', 'data-act': 'open-talk', 'data-talk': talk.id };
    if (open && open.id === talk.id) attributes['aria-current'] = 'true';
    return element('li', {},
      element('button', attributes, talk.title || 'Conversation'),
      element('button', { type: 'button', class: 'act', 'data-act': 'rename-talk', 'data-talk': talk.id, 'aria-label': 'Rename ' + talk.title }, 'Rename'),
      element('button', { type: 'button', class: 'act', 'data-act': 'forget-talk', 'data-talk': talk.id, 'aria-label': 'Delete ' + talk.title }, 'Delete'));
  });
  if (!items.length) items.push(element('li', { class: 'none' }, 'They are kept in this browser.'));
  list.replaceChildren(...items);
  const exports = document.querySelector('.exports');
  if (exports) exports.hidden = !(open && open.exchanges.length);
}

function renameTalk(id) {
  const talk = JSON.parse(kept(id) || 'null');
  const title = talk && window.prompt('A name for this conversation', talk.title);
  if (!title || !title.trim()) return;
  talk.title = title.trim().slice(0, 200);
  localStorage.setItem(KEPT + id, JSON.stringify(talk));
  if (current()?.id === id) trigger('rename', { title: talk.title });
  listTalks();
}

function forgetTalk(id) {
  if (!window.confirm('Delete this conversation? It is kept nowhere else.')) return;
  localStorage.removeItem(KEPT + id);
  if (current()?.id === id) { sessionStorage.removeItem(KEPT + 'open:' + folder()); trigger('fresh', {}); }
  listTalks();
}

/* --- citations and the source pane --- */

const chipsOf = (turn) => [...document.querySelectorAll(`.chip[data-cite^="${turn}."]`)];

function placeOf(link) {
  const { document: doc, paragraph, start, end, revision, quote } = link.dataset;
  return { document: doc, paragraph, start: start ?? null, end: end ?? null, revision: revision ?? null, quote: quote ?? null };
}

function openPlace(link) {
  const place = placeOf(link);
  here.expecting = true;
  here.opener = link;
  here.cite = link.dataset.cite || null;
  here.turn = here.cite ? here.cite.split('.')[0] : null;
  const others = here.turn
    ? chipsOf(here.turn).filter((one) => one !== link && one.dataset.document === place.document)
        .map((one) => ({ start: one.dataset.start, end: one.dataset.end }))
    : [];
  for (const chip of document.querySelectorAll('.chip[aria-current]')) chip.removeAttribute('aria-current');
  markOpenChip();
  const address = link.getAttribute('href');
  if (address && address !== location.search) history.pushState(null, '', address);
  trigger(here.cite ? 'cite' : 'read', { ...place, others });
  showSheet('source');
  // What is open already comes back as it was, and then nothing tells that it came.
  if (isOpen(place)) requestAnimationFrame(showReader);
}

function isOpen(place) {
  const reader = byId('reader').querySelector('.reader');
  const mark = place.start === null ? '' : `${place.start}-${place.end}`;
  return reader?.dataset.document === place.document && reader.dataset.mark === mark
    && reader.querySelector('.target')?.dataset.paragraph === place.paragraph;
}

/* The chip whose place is open says so, also when the answer around it was drawn anew. */
function markOpenChip() {
  for (const chip of document.querySelectorAll('.chip[aria-current]')) chip.removeAttribute('aria-current');
  if (here.cite) document.querySelector(`.chip[data-cite="${here.cite}"]`)?.setAttribute('aria-current', 'true');
}

/* More of the document that is open: the marks stay, and so does the way back. */
function openMore(button) {
  const [start, end] = (button.closest('.reader').dataset.mark || '-').split('-');
  here.expecting = true;
  here.toTarget = true;
  trigger('read', { document: button.dataset.document, paragraph: button.dataset.paragraph, start: start || null, end: end || null });
}

function step(by) {
  const chips = here.turn ? chipsOf(here.turn) : [];
  const at = chips.findIndex((chip) => chip.dataset.cite === here.cite);
  if (at < 0) return;
  openPlace(chips[(at + by + chips.length) % chips.length]);
}

function showReader() {
  const reader = byId('reader');
  const steps = reader.querySelector('.steps');
  const chips = here.turn ? chipsOf(here.turn) : [];
  if (steps && chips.length && here.cite) {
    steps.hidden = false;
    const at = chips.findIndex((chip) => chip.dataset.cite === here.cite);
    steps.querySelector('.step-count').textContent = `${at + 1} of ${chips.length}`;
    for (const button of steps.querySelectorAll('button')) button.disabled = chips.length < 2;
  }
  const button = reader.querySelector('[data-act=back]');
  if (button) button.textContent = here.cite ? '← Back to the answer' : '← Close';
  const target = (!here.toTarget && reader.querySelector('mark.hit')) || reader.querySelector('.target');
  // Whoever has gone back meanwhile keeps the focus where it is.
  if (!target || !here.expecting) return;
  here.expecting = here.toTarget = false;
  target.scrollIntoView({ block: 'center', behavior: 'instant' });
  if (!target.matches('[tabindex]')) target.setAttribute('tabindex', '-1');
  target.focus({ preventScroll: true });
  paintFeedback();
}

function back() {
  if (document.body.dataset.sheet === 'side') { showSheet(null); document.querySelector('.drawer').focus(); return; }
  showSheet(null);
  here.expecting = false;
  if (!here.cite) trigger('shut', {});
  const opener = here.cite ? document.querySelector(`.chip[data-cite="${here.cite}"]`) : here.opener;
  if (location.search.includes('document=')) history.replaceState(null, '', folder() ? `?folder=${folder()}` : '/');
  (opener && opener.isConnected ? opener : byId('question').querySelector('textarea'))?.focus();
  opener?.scrollIntoView?.({ block: 'nearest' });
  for (const chip of document.querySelectorAll('.chip[aria-current]')) chip.removeAttribute('aria-current');
}

/* Where a pane lies over the others, they are out of reach until it is closed. */
const COVERS = { side: '(max-width: 1080px)', source: '(max-width: 760px)' };

function showSheet(name) {
  if (name) document.body.dataset.sheet = name; else delete document.body.dataset.sheet;
  const covers = Boolean(name) && matchMedia(COVERS[name]).matches;
  for (const pane of ['side', 'talk', 'evals', 'source']) byId(pane).inert = covers && pane !== name;
  byId('masthead').inert = covers && name === 'source';
  document.querySelector('.drawer')?.setAttribute('aria-expanded', String(name === 'side'));
  // Not before it has been shown once: what is still hidden takes no focus.
  if (name === 'side') setTimeout(() => byId('side').querySelector('button, input')?.focus(), 60);
}
addEventListener('resize', () => showSheet(document.body.dataset.sheet || null));

/* A new question: what is open beside it belongs to an earlier one, and its way back is to close it. */
function leaveCitation() {
  here.cite = here.turn = null;
  markOpenChip();
  const reader = byId('reader').querySelector('.reader');
  reader?.querySelector('.steps')?.setAttribute('hidden', '');
  const button = reader?.querySelector('[data-act=back]');
  if (button) button.textContent = '← Close';
}

/* --- cards: beside their chip, inside the window --- */

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

/* --- asking --- */

function ask(text) {
  const box = byId('question').querySelector('textarea');
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(box, text);
  box.dispatchEvent(new Event('input', { bubbles: true }));
  setTimeout(() => byId('send').click(), 60);
}

/* A question that was on its way when the server went is put back into the box. */
function rememberAsked() {
  const text = byId('question').querySelector('textarea').value.trim();
  if (text) sessionStorage.setItem(ASKED, text);
}
function recallAsked() {
  const text = sessionStorage.getItem(ASKED);
  const box = byId('question').querySelector('textarea');
  if (!text || box.value) return;
  Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value').set.call(box, text);
  box.dispatchEvent(new Event('input', { bubbles: true }));
  sessionStorage.removeItem(ASKED);
}

let announced = '';
function showLive() {
  const turn = byId('live').querySelector('.turn');
  if (!turn) return;
  const paper = byId('paper');
  const state = turn.classList.contains('pending') ? 'pending' : 'ended';
  // A piece that was on its way when somebody pressed Stop: what was stopped stays stopped.
  if (state === 'pending' && here.stopped === turn.id) { setTimeout(() => trigger('restore', { kept: props.value }), 200); return; }
  const now = `${turn.id} ${state}`;
  markOpenChip();
  paintSaid();
  keepFeedbackOpen();
  if (now === announced) return;
  if (!announced.startsWith(turn.id + ' ')) {
    if (here.cite && state === 'pending') leaveCitation();
    paper.scrollTo({ top: paper.scrollTop + turn.getBoundingClientRect().top - paper.getBoundingClientRect().top - 12 });
  }
  announced = now;
  if (state === 'ended') {
    const said = turn.querySelector('.verdict, .notfound, .failed, .stopped, .notice');
    byId('announcer').textContent = 'Answer ready. ' + (said ? said.textContent : '');
  }
}

/* --- saying good or bad --- */

function openFeedback(turn, good) {
  const form = turn.querySelector('form.feedback');
  here.feedback = { turn: form.dataset.turn, good, note: '' };
  here.chosen = [];
  keepFeedbackOpen();
  form.querySelector('textarea').focus();
  form.scrollIntoView({ block: 'nearest' });
}

/* The form stays open with what was written in it when the answers around it are drawn anew. */
function keepFeedbackOpen() {
  if (!here.feedback) return;
  const form = document.querySelector(`form.feedback[data-turn="${here.feedback.turn}"]`);
  document.body.dataset.feedback = here.feedback.turn;
  if (!form) { setTimeout(() => document.querySelector(`form.feedback[data-turn="${here.feedback?.turn}"]`) ? keepFeedbackOpen() : dropFeedback(), 400); return; }
  form.hidden = false;
  form.querySelector('.feedback-head').textContent = here.feedback.good ? 'A good answer' : 'A bad answer';
  const note = form.querySelector('textarea');
  if (!note.value) note.value = here.feedback.note;
  paintFeedback();
}

function dropFeedback() {
  here.feedback = null;
  delete document.body.dataset.feedback;
}

/* What was said of an answer stays to be seen, and is said once. */
function paintSaid() {
  for (const [turn, good] of Object.entries(here.said[current()?.id] || {})) {
    const foot = document.querySelector(`.turn[data-turn="${turn}"] .turn-foot`);
    for (const [act, on] of [['good', good], ['bad', !good]]) {
      const button = foot?.querySelector(`[data-act=${act}]`);
      if (button) { button.disabled = true; button.setAttribute('aria-pressed', String(on)); }
    }
  }
}

function paintFeedback() {
  if (!here.feedback) return;
  const form = document.querySelector(`form.feedback[data-turn="${here.feedback.turn}"]`);
  form?.querySelector('.chosen').replaceChildren(...here.chosen.map(([doc, number]) =>
    element('li', {}, `${doc.replace(/^[^/]*\//, '')} ¶${number}`)));
  const shown = byId('reader').querySelector('.reader')?.dataset.document;
  for (const button of byId('reader').querySelectorAll('.choose')) {
    const on = here.chosen.some(([doc, number]) => doc === shown && number === button.dataset.paragraph);
    button.setAttribute('aria-pressed', String(on));
  }
}

function choose(button) {
  const doc = button.closest('.reader').dataset.document, number = button.dataset.paragraph;
  const at = here.chosen.findIndex(([one, n]) => one === doc && n === number);
  if (at < 0) here.chosen.push([doc, number]); else here.chosen.splice(at, 1);
  paintFeedback();
}

function closeFeedback(form) {
  form.hidden = true;
  const act = here.feedback?.good ? 'good' : 'bad';
  dropFeedback();
  form.closest('.turn').querySelector(`[data-act=${act}]`)?.focus();
}

async function sendFeedback(form) {
  const talk = current()?.id, good = Boolean(here.feedback?.good);
  const told = await server.feedback({
    folder: folder(), kept: props.value, turn: form.dataset.turn, good: here.feedback?.good,
    note: form.querySelector('textarea').value, chosen: here.chosen,
  });
  if (told.problem) { form.querySelector('.feedback-head').textContent = told.problem; return; }
  closeFeedback(form);
  (here.said[talk] ??= {})[form.dataset.turn] = good;
  paintSaid();
  form.closest('.turn').querySelector('[data-act=copy]')?.focus();
  say(told.said, form.closest('.turn'));
}

/* --- small things --- */

function say(text, turn) {
  byId('announcer').textContent = text;
  const line = element('p', { class: 'said-thanks' }, text);
  turn?.querySelector('.turn-foot')?.append(line);
  setTimeout(() => line.remove(), 5000);
}

async function copy(button) {
  try { await navigator.clipboard.writeText(button.dataset.text); }
  catch {
    const area = element('textarea', { class: 'unseen' });
    area.value = button.dataset.text;
    document.body.append(area);
    area.select(); document.execCommand('copy'); area.remove();
  }
  say('Copied.', button.closest('.turn'));
}

async function exportTalk(kind) {
  const file = await server.export({ kind, folder: folder(), kept: props.value });
  const link = element('a', { href: URL.createObjectURL(new Blob([file.text], { type: file.type })), download: file.name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/* The Evals view lies over the conversation; what opens from it opens in the source pane. */
function showEvals(on) {
  if (on) { document.body.dataset.view = 'evals'; trigger('evals', {}); } else delete document.body.dataset.view;
  document.querySelector('[data-act=evals]').textContent = on ? 'Back to the chat' : 'Evals';
  if (on) setTimeout(() => document.querySelector('.evals-top h2').focus(), 60);
}

const acts = {
  evals: () => showEvals(document.body.dataset.view !== 'evals'),
  back, fresh: () => { showEvals(false); sessionStorage.removeItem(KEPT + 'open:' + folder()); showSheet(null); trigger('fresh', {}); byId('question').querySelector('textarea').focus(); },
  previous: () => step(-1), next: () => step(1),
  drawer: () => showSheet(document.body.dataset.sheet === 'side' ? null : 'side'),
  read: (button) => { if (button.matches('.more')) { openMore(button); return; } showSheet(null); openPlace(button); },
  remove: (button) => {
    if (window.confirm('Delete the uploaded file ' + button.dataset.document.replace('uploads/', '') + '?'))
      trigger('remove', { document: button.dataset.document, showing: byId('reader').querySelector('.reader')?.dataset.document === button.dataset.document });
  },
  reindex: () => trigger('reindex', {}),
  copy, choose,
  good: (button) => openFeedback(button.closest('.turn'), true),
  bad: (button) => openFeedback(button.closest('.turn'), false),
  'cancel-feedback': (button) => closeFeedback(button.closest('form')),
  'open-talk': (button) => { showEvals(false); showSheet(null); trigger('restore', { kept: kept(button.dataset.talk) }); },
  'rename-talk': (button) => renameTalk(button.dataset.talk),
  'forget-talk': (button) => forgetTalk(button.dataset.talk),
  export: (button) => exportTalk(button.dataset.kind),
};

document.addEventListener('click', (event) => {
  if (document.body.dataset.sheet === 'side' && !event.target.closest('#side, [data-act=drawer]')) showSheet(null);
  const menu = document.querySelector('.switch[open]');
  if (menu && !menu.contains(event.target)) menu.removeAttribute('open');
  if (event.target.closest('#send')) rememberAsked();
  if (event.target.closest('#stop')) here.stopped = byId('live').querySelector('.turn')?.id;
  const link = event.target.closest('a.chip, a.place, a.number');
  if (link && !(event.ctrlKey || event.metaKey || event.shiftKey || event.button)) {
    event.preventDefault();
    event.stopPropagation();
    if (link.matches('.number')) { pointAt(link); return; }
    openPlace(link);
    return;
  }
  const asked = event.target.closest('[data-ask]');
  if (asked) { ask(asked.dataset.ask); return; }
  const act = event.target.closest('button[data-act]');
  if (act) acts[act.dataset.act]?.(act);
}, true);

/* The address of a paragraph: in the address bar, on the clipboard, and seen in the text. */
function pointAt(link) {
  history.replaceState(history.state, '', link.getAttribute('href'));
  for (const one of document.querySelectorAll('.para.target')) one.classList.remove('target');
  link.closest('.para').classList.add('target');
  navigator.clipboard?.writeText(location.href).then(() => { byId('announcer').textContent = 'Link copied.'; link.dataset.copied = ''; }, () => {});
  setTimeout(() => delete link.dataset.copied, 2000);
}

document.addEventListener('input', (event) => {
  if (event.target.matches('.filter')) filterDocuments();
  if (here.feedback && event.target.matches('form.feedback textarea')) here.feedback.note = event.target.value;
});

function filterDocuments() {
  const wanted = byId('library').querySelector('.filter')?.value.trim().toLowerCase() || '';
  for (const item of document.querySelectorAll('.document')) item.hidden = !item.textContent.toLowerCase().includes(wanted);
}

/* Ticks that come faster than the server answers go together, in their order. */
document.addEventListener('change', (event) => {
  const { act, document: doc } = event.target.dataset || {};
  if (act !== 'scope' && act !== 'scope-all') return;
  here.ticks.push({ document: act === 'scope' ? doc : null, asked: event.target.checked });
  if (act === 'scope-all')
    for (const box of byId('library').querySelectorAll('[data-act=scope]')) box.checked = event.target.checked;
  sendTicks();
});

function sendTicks() {
  if (here.ticking || !here.ticks.length) return;
  const ticks = here.ticks.splice(0), last = ticks.at(-1);
  here.ticking = last;
  trigger('scope', { ticks });
  // A choice that changes nothing brings nothing back.
  setTimeout(() => { if (here.ticking === last) { here.ticking = null; sendTicks(); tickBoxes(); } }, 3000);
}

/* Whether the conversation has taken a tick up: pieces of an answer come in between that know nothing of it. */
function isChosen({ document: doc, asked }) {
  const scope = current()?.scope ?? null;
  if (doc === null) return asked ? scope === null : scope !== null && !scope.length;
  return (scope === null || scope.includes(doc)) === asked;
}

document.addEventListener('submit', (event) => {
  if (event.target.matches('form.feedback')) { event.preventDefault(); sendFeedback(event.target); }
});

document.addEventListener('keydown', (event) => {
  const inReader = event.target.closest?.('#source');
  const menu = document.querySelector('.switch[open]');
  if (event.key === 'Enter' && !event.shiftKey && event.target.closest?.('#question')) {
    // One after the other: what was typed stays in the box until the answer is there.
    if (byId('live').querySelector('.turn.pending')) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    rememberAsked();
  }
  if (event.key === 'Escape' && menu) { menu.removeAttribute('open'); menu.querySelector('summary').focus(); return; }
  if (event.key === 'Escape' && (inReader || document.body.dataset.sheet)) { back(); event.preventDefault(); }
  if (!inReader || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea')) return;
  if (event.key === 'n') step(1);
  if (event.key === 'p') step(-1);
}, true);

/* The browser's own back and forward go from place to place, and out of the source to the answer. */
window.addEventListener('popstate', () => {
  const place = new URLSearchParams(location.search);
  if (!place.has('document')) { back(); return; }
  const chip = [...document.querySelectorAll('.chip')].find((one) => one.getAttribute('href') === location.search);
  if (chip) { openPlace(chip); return; }
  here.expecting = true;
  trigger('read', { document: place.get('document'), paragraph: place.get('paragraph'), start: place.get('start'), end: place.get('end') });
  showSheet('source');
});
window.addEventListener('storage', listTalks);

/* The boxes say what the conversation asks: the list itself does not know. */
function tickBoxes() {
  filterDocuments();
  if (here.ticking || here.ticks.length) return;
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

const changes = { reader: showReader, live: showLive, library: tickBoxes };
window.ibid = { changed: (what) => requestAnimationFrame(changes[what]) };

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

let arrived = false;
watch('value', () => {
  if (!arrived) {
    arrived = true;
    recallModel(20);
    setTimeout(recallAsked, 1500);
    const open = sessionStorage.getItem(KEPT + 'open:' + folder());
    if (open && kept(open)) trigger('restore', { kept: kept(open) });
    if (new URLSearchParams(location.search).has('document')) { here.expecting = true; showSheet('source'); requestAnimationFrame(showReader); }
  }
  keep();
});

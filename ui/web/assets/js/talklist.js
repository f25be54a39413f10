/* The list of conversations: by day, searched, and each renamed and deleted in its place. */

/* What the list shows now, and which conversation is being renamed in it. */
let drawn = '', renaming = null;

function listTalks() {
  const list = byId('talk-list');
  if (!list || renaming) return;
  const all = talks(folder()), search = byId('talk-search'), words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  search.hidden = all.length < 2 && !words.length;
  const lines = all.map((talk) => ({ id: talk.id, day: dayOf(talk), title: talk.title || 'Conversation', at: lastAsked(talk), found: foundIn(talk, words) }))
    .filter((line) => line.found !== null);
  const open = current(), here = keptHere().length;
  const mine = byId('take-over');
  if (mine) mine.hidden = !here;
  const exports = document.querySelector('.exports');
  if (exports) exports.hidden = !open?.exchanges.length;
  drawTalks(list, lines, open?.id, words.length > 0);
}

/* Only where something changed: nothing is drawn anew under a pointer or a focus for an answer that grows. */
function drawTalks(list, lines, open, searched) {
  const now = JSON.stringify([lines, open]);
  if (now === drawn) return;
  drawn = now;
  const { talk, act } = list.contains(document.activeElement) ? document.activeElement.dataset : {};
  const days = [...new Set(lines.map(({ day }) => day))].map((day) => element('section', {},
    element('h3', {}, day), element('ul', {}, ...lines.filter((line) => line.day === day).map((line) => lineOf(line, open)))));
  if (searched && !lines.length) days.push(element('p', { class: 'none' }, 'In none of them.'));
  list.replaceChildren(...days);
  if (talk) list.querySelector(`[data-talk="${talk}"][data-act="${act}"]`)?.focus();
}

function lineOf({ id, title, at, found }, open) {
  const when = at ? new Date(at).toLocaleDateString('en', { dateStyle: 'medium' }) : '';
  const attributes = { type: 'button', class: 'open', dir: 'auto', 'data-act': 'open-talk', 'data-talk': id, title: [title, when].filter(Boolean).join(' – ') };
  if (open === id) attributes['aria-current'] = 'true';
  const button = element('button', attributes, title);
  if (found) button.append(element('span', { class: 'facts', dir: 'auto' }, found));
  const act = (name, label) => element('button', { type: 'button', class: 'act', 'data-act': name, 'data-talk': id, 'aria-label': `${label} ${title}` }, label);
  return element('li', {}, button, act('rename-talk', 'Rename'), act('forget-talk', 'Delete'));
}

function dayOf(talk) {
  const today = new Date().setHours(0, 0, 0, 0), yesterday = new Date(today);
  yesterday.setDate(yesterday.getDate() - 1);
  const at = new Date(lastAsked(talk)).getTime();
  return at >= today ? 'Today' : at >= yesterday.getTime() ? 'Yesterday' : 'Earlier';
}

/* The question that has the words, or whose answer does, '' where the title has them; null where they stand nowhere. */
function foundIn(talk, words) {
  const has = (text) => words.every((word) => text.toLowerCase().includes(word));
  if (has(talk.title || '')) return '';
  const told = ({ question, answer }) => [question, ...(answer?.statements || []).map(({ lead, text }) => `${lead || ''} ${text}`)].join('\n');
  const { exchanges } = talk;
  return (exchanges.find(({ question }) => has(question)) ?? exchanges.find((one) => has(told(one))))?.question ?? null;
}

function renameTalk(button) {
  renaming = button.dataset.talk;
  const input = element('input', { type: 'text', maxlength: '200', dir: 'auto', 'aria-label': 'A name for this conversation' });
  input.value = entry(renaming).title || '';
  button.closest('li').replaceChildren(element('form', { class: 'rename' }, input));
  input.select();
}

/* Kept under that name, or under the old one where there is none. */
function endRenaming(title) {
  const id = renaming, talk = entry(id);
  if (!id) return;
  renaming = null;
  drawn = '';
  if (title && title !== talk.title && talk.exchanges) {
    store.set(KEPT + id, JSON.stringify({ ...talk, title }));
    if (current()?.id === id) trigger('rename', { title });
  }
  listTalks();
  if (!document.activeElement || document.activeElement === document.body)
    byId('talk-list').querySelector(`[data-talk="${id}"][data-act="rename-talk"]`)?.focus();
}

const namedIn = (form) => form.querySelector('input').value.trim();
document.addEventListener('submit', (event) => {
  if (event.target.matches('.rename')) { event.preventDefault(); endRenaming(namedIn(event.target)); }
});
document.addEventListener('focusout', (event) => {
  const form = event.target.closest('.rename');
  if (form) endRenaming(namedIn(form));
});

function forgetTalk(id) {
  const text = kept(id), wasOpen = current()?.id === id;
  store.remove(KEPT + id);
  forgotten.add(id);
  if (wasOpen) { sessionStorage.removeItem(KEPT + 'open:' + folder()); goTo(null); }
  listTalks();
  say('Conversation deleted.', () => {
    forgotten.delete(id);
    store.set(KEPT + id, text);
    if (wasOpen) goTo(id);
    listTalks();
  });
  toUndo();
}

document.addEventListener('input', (event) => { if (event.target.id === 'talk-search') listTalks(); });
window.addEventListener('storage', listTalks);

Object.assign(acts, {
  'rename-talk': renameTalk,
  'forget-talk': (button) => forgetTalk(button.dataset.talk),
});

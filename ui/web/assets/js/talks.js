/* Conversations: a record each, so that two tabs do not overwrite one another. */

const KEPT = 'ibid:';
const kept = (id) => store.get(KEPT + id);
const entry = (id) => { try { return JSON.parse(kept(id)) || {}; } catch { return {}; } };
/* By which an exchange is known, in every tab. */
const keyOf = (one) => one.asked + one.question;
/* The conversation that this tab showed last, and which exchanges. */
let shown = { talk: null, keys: new Set() };
const forgotten = new Set();

function keep() {
  const talk = current();
  takeUpTicks();
  // What was still on its way when it was deleted.
  if (forgotten.has(talk?.id)) { listTalks(); return; }
  const isEmptied = talk && shown.talk === talk.id && shown.keys.size;
  if (!talk || !(talk.exchanges.length || isEmptied)) { listTalks(); return; }
  if (talk.exchanges.some((one) => one.question === sessionStorage.getItem(ASKED))) sessionStorage.removeItem(ASKED);
  const before = entry(talk.id), gone = goneOf(talk, before), exchanges = together(talk, before, gone);
  if (!exchanges.length) { store.remove(KEPT + talk.id); listTalks(); return; }
  sessionStorage.setItem(KEPT + 'open:' + talk.folder, talk.id);
  const now = { ...before, ...talk, exchanges, gone: [...gone] };
  // What is as it was is not kept anew: another browser may have gone on with it.
  if (JSON.stringify({ ...now, saved: 0 }) === JSON.stringify({ ...before, saved: 0 })) { listTalks(); return; }
  const text = JSON.stringify({ ...now, saved: new Date().toISOString() });
  for (;;) {
    try { store.set(KEPT + talk.id, text); break; }
    catch (error) {
      const oldest = talks(null).filter((one) => one.id !== talk.id).pop();
      if (!oldest) break;
      store.remove(KEPT + oldest.id);
    }
  }
  listTalks();
}

/* What another tab added to the same conversation meanwhile is kept too, and what any tab deleted is not. */
function together(talk, before, gone) {
  const mine = new Set(talk.exchanges.map(keyOf));
  const others = (before.exchanges || []).filter((one) => one.state !== 'running' && !mine.has(keyOf(one)));
  return [...talk.exchanges, ...others].filter((one) => !gone.has(keyOf(one))).sort((a, b) => a.asked.localeCompare(b.asked));
}

/* The keys of deleted exchanges: what this tab showed of the conversation and shows no more; not what came back. */
function goneOf(talk, before) {
  const had = shown.talk === talk.id ? shown.keys : new Set(), gone = new Set(before.gone || []);
  const keys = new Set(talk.exchanges.map(keyOf));
  for (const key of had) if (!keys.has(key)) gone.add(key);
  for (const key of keys) if (!had.has(key)) gone.delete(key);
  shown = { talk: talk.id, keys };
  return gone;
}

/* Those of a folder, or of all where it is null, by the last question. */
function talks(ofFolder) {
  const found = [];
  for (const key of store.keys()) {
    if (!key.startsWith(KEPT)) continue;
    const talk = entry(key.slice(KEPT.length));
    if (talk.exchanges?.length && (ofFolder === null || talk.folder === ofFolder)) found.push(talk);
  }
  return found.sort((a, b) => lastAsked(b).localeCompare(lastAsked(a)));
}

const lastAsked = (talk) => talk.exchanges.at(-1).asked || '';

async function exportTalk(kind) {
  const file = await server.export({ kind, folder: folder(), kept: props.value }).catch(look);
  if (file) saveFile(file.name, new Blob([file.text], { type: file.type }));
}

function saveFile(name, blob) {
  const link = element('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/* Where somebody went from a conversation that was being answered: a piece of that answer may still be on its way, and
   would bring the conversation back. */
const LATE = 10000;
let left = null;

function goTo(talk) {
  left = { id: current()?.id, to: talk, at: Date.now() };
  sessionStorage.removeItem(ASKED);
  if (talk) trigger('restore', { kept: kept(talk) }); else trigger('fresh', {});
}

/* Whether the conversation that somebody left is the one that is open. */
const isGoing = () => Boolean(left) && left.id !== left.to && current()?.id === left.id && Date.now() - left.at <= LATE;

function stayAway() {
  if (isGoing()) setTimeout(() => { if (isGoing()) { askThereAgain(); goTo(left.to); } }, 100);
  else askOnArrival();
}

function startAfresh() {
  showView(null);
  sessionStorage.removeItem(KEPT + 'open:' + folder());
  showSheet(null);
  goTo(null);
  byId('paper').scrollTo({ top: 0 });
  byId('question').querySelector('textarea').focus();
}

Object.assign(acts, {
  fresh: startAfresh,
  'open-talk': (button) => { showView(null); showSheet(null); goTo(button.dataset.talk); },
  export: (button) => exportTalk(button.dataset.kind),
});

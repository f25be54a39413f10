/* What is kept of conversations and notes: in this browser where nobody has a name, else on the server, for whoever came
   in, one record each. The server's are read once, when the page arrives, and again when somebody comes back to it. What is
   written there lies in this browser until the server has it, so that no reload and no restart loses it. */

const UNSENT = 'ibid-unsent:', SENT_AFTER = 300, AGAIN_AFTER = 3000, MOST_SENT = 900000;
const MINE = /^ibid(:|-note:|-notes:)/;
/* The records of the server by their keys, with their revisions; who came in, once that is known. */
const records = new Map(), revisions = new Map();
let signedIn = null, isSending = false;
/* Tells the other tabs of this browser. */
const tabs = NAMED ? new BroadcastChannel('ibid-kept') : null;

const unsentKey = (key) => `${UNSENT}${signedIn}:${key}`;
const keysHere = () => Object.keys(localStorage);
const unsentKeys = () => keysHere().filter((key) => key.startsWith(unsentKey(''))).map((key) => key.slice(unsentKey('').length));

/* Like those of localStorage; there `set` throws where there is no room. */
const store = {
  get: (key) => (NAMED ? records.get(key) ?? null : localStorage.getItem(key)),
  keys: () => (NAMED ? [...records.keys()] : keysHere()),
  set: (key, text) => (NAMED ? keepRecord(key, text) : localStorage.setItem(key, text)),
  remove: (key) => (NAMED ? keepRecord(key, '') : localStorage.removeItem(key)),
};

/* An empty text is none. */
function keepRecord(key, text) {
  if (text === (records.get(key) ?? '')) return;
  if (new Blob([JSON.stringify(text)]).size > MOST_SENT) { tellOnce(key, 'Not kept: this is more than can be kept of one conversation. Begin a new one.'); return; }
  takeRecord(key, text);
  tabs.postMessage({ me: signedIn, key, text });
  noteRecord(key, text);
}

function takeRecord(key, text) {
  if (text) records.set(key, text); else { records.delete(key); revisions.delete(key); }
}

/* To be sent soon, together with what comes right after it: an answer is kept again and again while it grows. */
function noteRecord(key, text) {
  if (signedIn === null) { early.set(key, text); return; }
  try { localStorage.setItem(unsentKey(key), text); } catch { direct.set(key, text); }
  setTimeout(sendRecords, SENT_AFTER);
}

/* What was written before it was known who came in, and what this browser has no room for. */
const early = new Map(), direct = new Map();

async function sendRecords() {
  if (isSending || signedIn === null) return;
  isSending = true;
  let later = SENT_AFTER;
  try {
    for (const key of new Set([...unsentKeys(), ...direct.keys()])) await sendRecord(key);
  } catch { later = AGAIN_AFTER; look(); }
  isSending = false;
  if (unsentKeys().length + direct.size) setTimeout(sendRecords, later);
}

/* Records that could not be kept, of which it was said. */
const failed = new Set();

function tellOnce(key, problem) {
  if (!failed.has(key)) say(problem);
  failed.add(key);
}

async function sendRecord(key) {
  const text = localStorage.getItem(unsentKey(key)) ?? direct.get(key);
  if (typeof text !== 'string') return;
  const told = await server.keep({ key, text });
  if (told.problem) tellOnce(key, told.problem); else failed.delete(key);
  if (told.revision) revisions.set(key, told.revision);
  for (const gone of told.gone || []) takeRecord(gone, '');
  if (localStorage.getItem(unsentKey(key)) === text) localStorage.removeItem(unsentKey(key));
  if (direct.get(key) === text) direct.delete(key);
}

/* Read what the server has that is not here. What was not sent yet is newer. */
async function openStore() {
  if (!NAMED) return;
  let told = null;
  while (!(told = await server.kept({ known: Object.fromEntries(revisions) }).catch(look)))
    await new Promise((done) => setTimeout(done, AGAIN_AFTER));
  signedIn = told.me;
  for (const [key, text] of early) noteRecord(key, text);
  early.clear();
  const unsent = new Set(unsentKeys());
  for (const key of told.gone) if (!unsent.has(key)) takeRecord(key, '');
  for (const { key, text, revision } of told.records) {
    revisions.set(key, revision);
    if (!unsent.has(key)) takeRecord(key, text);
  }
  for (const key of unsent) takeRecord(key, localStorage.getItem(unsentKey(key)));
  sendRecords();
  showKept();
}

function showKept() {
  noted = null;
  listTalks();
  showChanged();
  paintSaid();
}

if (NAMED) {
  tabs.addEventListener('message', ({ data }) => { if (data.me !== null && data.me === signedIn) { takeRecord(data.key, data.text); showKept(); } });
  document.addEventListener('visibilitychange', () => { if (document.hidden) sendRecords(); else if (signedIn !== null) openStore(); });
  addEventListener('pagehide', sendRecords);
}

/* Conversations and notes that this browser kept before people had names: whoever says that they are theirs has them. */
const keptHere = () => (NAMED ? keysHere().filter((key) => MINE.test(key) && !key.startsWith(KEPT + 'open:')) : []);

function takeOver() {
  for (const key of keptHere()) {
    if (store.get(key) === null) try { keepRecord(key, localStorage.getItem(key)); } catch { continue; }
    localStorage.removeItem(key);
  }
  showKept();
}

Object.assign(acts, { 'take-over': takeOver });

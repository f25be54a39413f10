/* When the server does not answer: said in a banner until it does, instead of in Gradio's words. */

document.body.append(element('div', { id: 'gone', role: 'alert' }));

/* Looked after this often, in milliseconds, and so much more often while it is gone. */
const LOOKED = 5000, LOOKED_GONE = 2000, PATIENCE = 8000;
let gone = false, looking = null;

async function answers() {
  try { return (await fetch('healthz', { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE) })).ok; }
  catch { return false; }
}

async function look() {
  clearTimeout(looking);
  const there = document.hidden ? !gone : await answers();
  if (there && gone) await comeBack();
  if (there === gone) showGone(!there);
  clearTimeout(looking);
  looking = setTimeout(look, gone ? LOOKED_GONE : LOOKED);
}

function showGone(isGone) {
  gone = isGone;
  document.body.toggleAttribute('data-gone', gone);
  byId('gone').textContent = gone ? 'The chat does not answer. What you typed is kept; trying again …' : '';
}

/* A server that was started again may have another page, and of one that Gradio missed it hears no more. */
async function comeBack() {
  const now = await fetch('gradio_api/app_id', { cache: 'no-store' }).then((told) => told.json()).catch(() => ({}));
  if (missed || String(now.app_id) !== String(window.gradio_config?.app_id)) location.reload();
}

/* Gradio says in its own words that it missed the server: where nothing was under way, and where something was. */
const MISSED = /^Connection (?:Lost$|to the server was lost)/;
let missed = false;
new MutationObserver(() => {
  for (const said of document.querySelectorAll('.toast-title, .toast-message-text')) {
    if (!MISSED.test(said.textContent.trim())) continue;
    said.closest('.toast-body').style.display = 'none';
    if (!missed) { missed = true; look(); }
  }
}).observe(document.body, { childList: true, subtree: true });

/* What the page does alone goes on; for the rest it is said why nothing happens. */
const ALONE = new Set(['drawer', 'keys', 'close-keys', 'edit', 'cancel-edit', 'unfold', 'copy', 'back', 'choose', 'close-feedback', 'rename-talk', 'keep-answer', 'ask-about', 'note-up', 'note-down', 'forget-note', 'model', 'close-model', 'close-opening', 'unuse-chosen']);

function needsServer(target) {
  const act = target.closest('[data-act]')?.dataset.act;
  return Boolean(target.closest('#send, #stop, [data-ask], a.chip, a.place, a.number, #upload, #evals button, .switch a')) || (act && !ALONE.has(act));
}

function refuse(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
  say('Not now: this takes the chat, which does not answer.');
}

document.addEventListener('click', (event) => { if (gone && needsServer(event.target)) refuse(event); }, true);
document.addEventListener('submit', (event) => { if (gone && event.target.matches('.paste-form, .feedback')) refuse(event); }, true);
document.addEventListener('keydown', (event) => {
  if (gone && event.key === 'Enter' && !event.shiftKey && event.target.closest?.('#question')) refuse(event);
}, true);

for (const kind of ['online', 'offline', 'focus']) addEventListener(kind, look);
document.addEventListener('visibilitychange', look);

/* What stands in the box outlasts a reload, Gradio's own too. */
const DRAFT = 'ibid-draft';
addEventListener('pagehide', () => sessionStorage.setItem(DRAFT, editing ? editing.draft : questionBox()?.value || ''));

looking = setTimeout(look, LOOKED);

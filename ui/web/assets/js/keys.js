/* Clicks and keys, before Gradio sees them. */

document.addEventListener('click', (event) => {
  if (document.body.dataset.sheet === 'side' && !event.target.closest('#side, #toast, [data-act=drawer]')) showSheet(null);
  const menu = document.querySelector('.switch[open]');
  if (menu && !menu.contains(event.target)) menu.removeAttribute('open');
  if (event.target.closest('#send')) {
    if (sendEdited() || waitsToArrive()) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    rememberAsked();
  }
  if (event.target.closest('#stop')) stopAnswer();
  if (event.target.matches('dialog.keys')) { acts['close-keys'](); return; }
  const link = event.target.closest('a.chip, a.place, a.number');
  if (link && !(event.ctrlKey || event.metaKey || event.shiftKey || event.button)) {
    event.preventDefault();
    event.stopPropagation();
    if (link.matches('.number')) { pointAt(link); return; }
    openPlace(link);
    return;
  }
  const asked = event.target.closest('[data-ask]');
  if (asked) { ask(asked.dataset.ask); stayWriting(); return; }
  const act = event.target.closest('button[data-act]');
  if (act) acts[act.dataset.act]?.(act);
}, true);

document.addEventListener('keydown', (event) => {
  // The dialog knows its own keys.
  if (document.querySelector('dialog[open]')) return;
  const inReader = event.target.closest?.('#source');
  if (event.key === 'Enter' && !event.shiftKey && event.target.closest?.('#question')) {
    // One after the other: what was typed stays in the box until the answer is there.
    const isAnswering = byId('live').querySelector('.turn.pending') && !isGoing();
    if (isAnswering || sendEdited() || waitsToArrive()) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    rememberAsked();
  }
  if (event.key === 'Escape' && leaveOne(event.target)) { event.preventDefault(); return; }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.('input, textarea')) return;
  if (event.key === '?') { acts.keys(); event.preventDefault(); }
  if (!inReader) return;
  if (event.key === 'n') step(1);
  if (event.key === 'p') step(-1);
  if (event.key === 'k') keepHere();
  if (event.key === 'a' && askAbout()) event.preventDefault();
  const turning = { ArrowLeft: 'previous', ArrowRight: 'next' }[event.key];
  if (turning) inReader.querySelector(`[data-turn=${turning}]:enabled`)?.click();
}, true);

/* Escape leaves one thing at a time, the uppermost first; returns whether there was one. */
function leaveOne(at) {
  const menu = document.querySelector('.switch[open]');
  if (menu) { menu.removeAttribute('open'); menu.querySelector('summary').focus(); }
  else if (byId('toast').contains(at)) unsay();
  else if (isOffering()) leaveSelection();
  else if (at.matches('.find') && at.value) leaveFinding(at);
  else if (at.closest('.rename')) endRenaming('');
  else if (document.body.dataset.sheet === 'side') back();
  else if (editing && at.closest('#question')) cancelEdit();
  else if (document.body.dataset.sheet || isSourceOpen()) back();
  else return false;
  return true;
}

const keyList = () => byId('keys').querySelector('dialog');
Object.assign(acts, { keys: () => keyList().showModal(), 'close-keys': () => keyList().close() });

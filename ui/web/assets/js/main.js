/* A tab opens, and whenever its conversation changes. */

let arrived = false;
watch('value', () => {
  if (!arrived) {
    arrived = true;
    drawEdges();
    recallModel(20);
    setTimeout(recallAsked, 1500);
    openStore().then(() => {
      const open = sessionStorage.getItem(KEPT + 'open:' + folder());
      if (open && kept(open) && !current()?.exchanges.length) trigger('restore', { kept: kept(open) });
    });
    if (new URLSearchParams(location.search).has('document')) arriveAtSource();
    layViewOf(history.state);
  }
  keep();
  tellNotes();
  showNext();
  if (editing && editing.talk !== current()?.id) leaveEditing();
  stayAway();
});

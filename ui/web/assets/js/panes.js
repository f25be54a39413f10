/* The panes. Where one lies over the others, they are out of reach until it is closed. */

const COVERS = { side: '(max-width: 1080px)', source: '(max-width: 760px)' };

function showSheet(name) {
  if (name) document.body.dataset.sheet = name; else delete document.body.dataset.sheet;
  const covers = Boolean(name) && matchMedia(COVERS[name]).matches;
  for (const pane of byId('desk').children) pane.inert = covers && pane.id !== name;
  byId('masthead').inert = covers && name === 'source';
  tellDrawer();
  // Not before it has been shown once: what is still hidden takes no focus. Whoever is in it already, or went on
  // meanwhile, stays where they are, also when a phone's keyboard makes the page smaller.
  const side = byId('side'), before = document.activeElement;
  const isStill = () => !side.contains(document.activeElement) && [before, document.body].includes(document.activeElement);
  if (name === 'side') setTimeout(() => isStill() && side.querySelector('button')?.focus(), 60);
}
// Where a page is being left for another its panes are gone before it.
addEventListener('resize', () => { if (byId('desk')) showSheet(document.body.dataset.sheet || null); });

acts.drawer = () => { if (liesOver()) showSheet(document.body.dataset.sheet === 'side' ? null : 'side'); else foldSide(); };

/* A view lies over the conversation, and its button in the masthead leads back, as the browser's own back does. */
function showView(name) {
  if (name === shownView()) return;
  history.pushState({ view: name }, '', location.href);
  layView(name);
}

const shownView = () => document.body.dataset.view || null;

function layView(name) {
  if (name) document.body.dataset.view = name; else delete document.body.dataset.view;
  for (const [one, { title }] of Object.entries(views))
    // Not everything opens to everybody.
    for (const opener of document.querySelectorAll(`.masthead [data-opens=${one}], #side [data-opens=${one}]`))
      opener.textContent = one === name ? 'Back to the chat' : title;
  if (!name) return;
  views[name].opened();
  setTimeout(() => byId(name).querySelector('h2').focus(), 60);
}

/* The view of the place in the browser's history that this page has come to; returns whether there is one. */
function layViewOf(state) {
  const name = state?.view in views ? state.view : null;
  if (name !== shownView()) layView(name);
  return Boolean(name);
}

acts.view = ({ dataset }) => {
  if (document.body.dataset.sheet === 'side') showSheet(null);
  showView(shownView() === dataset.opens ? null : dataset.opens);
};

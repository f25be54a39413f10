/* The edges between the panes: drawn wider or narrower, by pointer or by the arrow keys, and kept so in this browser; and
   the list of documents, which folds away. Widths are in hundredths of the window. */

const PANES = 'ibid-panes';
const EDGES = {
  side: { label: 'Width of the list of documents', least: 14, most: 40, usual: () => 26400 / innerWidth, grows: 'ArrowRight' },
  source: { label: 'Width of the source', least: 25, most: 65, usual: () => 42, grows: 'ArrowLeft' },
};
const STEP = 2;

let panes = {};
try { panes = JSON.parse(localStorage.getItem(PANES) || '{}') || {}; } catch { /* not ours */ }

function keepPanes(changed) {
  panes = { ...panes, ...changed };
  try { localStorage.setItem(PANES, JSON.stringify(panes)); } catch { /* no room: it is so until the page goes */ }
  layPanes();
}

const widthOf = (name) => Number(panes[name]) || EDGES[name].usual();

function layPanes() {
  for (const [name, edge] of Object.entries(EDGES)) {
    const width = Math.min(Math.max(widthOf(name), edge.least), edge.most), isUsual = !Number(panes[name]);
    if (isUsual) document.body.style.removeProperty(`--${name}`); else document.body.style.setProperty(`--${name}`, `${width}vw`);
    document.querySelector(`.edge[data-pane=${name}]`)?.setAttribute('aria-valuenow', Math.round(width));
  }
  document.body.toggleAttribute('data-folded', Boolean(panes.folded));
  tellDrawer();
}

/* Where the list lies over the others its button shows it; beside them it folds it. */
const liesOver = () => matchMedia(COVERS.side).matches;

function tellDrawer() {
  const isShown = liesOver() ? document.body.dataset.sheet === 'side' : !panes.folded;
  document.querySelector('.drawer')?.setAttribute('aria-expanded', String(isShown));
}

function foldSide() { keepPanes({ folded: !panes.folded }); }

function drawEdge(name) {
  const { label, least, most, grows } = EDGES[name];
  const edge = element('div', {
    class: 'edge', 'data-pane': name, role: 'separator', tabindex: '0', 'aria-orientation': 'vertical', 'aria-label': label,
    'aria-controls': name, 'aria-valuemin': least, 'aria-valuemax': most, 'aria-valuenow': 0,
  });
  const draw = (width) => keepPanes({ [name]: Math.min(Math.max(width, least), most) });
  edge.addEventListener('pointerdown', (event) => { event.preventDefault(); edge.setPointerCapture(event.pointerId); });
  edge.addEventListener('pointermove', (event) => {
    if (!edge.hasPointerCapture(event.pointerId)) return;
    const at = (100 * event.clientX) / innerWidth;
    draw(name === 'side' ? at : 100 - at);
  });
  edge.addEventListener('dblclick', () => keepPanes({ [name]: null }));
  edge.addEventListener('keydown', (event) => {
    if (!['ArrowLeft', 'ArrowRight'].includes(event.key)) return;
    event.preventDefault();
    draw(widthOf(name) + (event.key === grows ? STEP : -STEP));
  });
  byId('desk').append(edge);
}

/* Once the panes are there. */
function drawEdges() {
  for (const name of Object.keys(EDGES)) drawEdge(name);
  layPanes();
  // The masthead comes at the same time.
  requestAnimationFrame(tellDrawer);
  addEventListener('resize', layPanes);
}

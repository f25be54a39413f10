/* The guide to the document that is open: it comes once the text is there, and stays as it was folded while the same
   document is open. Its markup, like that of everything else, is made by the server. */

/* What is known of the document that is open, and whether its guide is unfolded. */
let guided = { document: null, revision: null, html: null, questions: null, open: false };

/* Whoever opens a document from the list comes for what it is, not for a place in it. */
const isListed = (link) => link.matches('.document .open');

function showGuide() {
  const frame = byId('reader').querySelector('.guide');
  if (!frame) return;
  const { document: doc, revision } = frame.closest('.reader').dataset;
  if (guided.document !== doc || guided.revision !== revision) {
    const listed = Boolean(followed.link && isListed(followed.link));
    guided = { document: doc, revision, html: null, questions: null, open: guided.document === doc ? guided.open : listed };
    fetchGuide(guided);
  }
  fillGuide(frame);
}

async function fetchGuide(wanted) {
  const { document: doc } = wanted;
  try {
    wanted.html = (await server.guide({ folder: folder(), document: doc })).html;
    fillShown(wanted);
    if (wanted.html) wanted.questions = (await server.questions({ folder: folder(), document: doc })).questions;
  } catch { wanted.html ??= ''; }
  fillShown(wanted);
}

/* Somebody may have gone on to another document meanwhile. */
function fillShown(wanted) {
  const frame = byId('reader').querySelector('.guide');
  if (frame && guided === wanted) fillGuide(frame);
}

function fillGuide(frame) {
  const body = frame.querySelector('.guide-body');
  frame.hidden = guided.html === '';
  frame.open = guided.open && Boolean(guided.html);
  if (!guided.html) return;
  if (!body.firstChild) { body.innerHTML = guided.html; tellGist(frame, body.querySelector('.central a')); }
  const asks = body.querySelector('.asks');
  if (!guided.questions?.length || !asks || asks.firstChild) return;
  asks.append(...guided.questions.map((text) => element('li', {}, element('button', {
    type: 'button', class: 'example', 'data-act': 'ask-here', 'data-question': text, 'data-document': guided.document, dir: 'auto',
  }, text))));
  asks.parentElement.hidden = false;
}

/* Folded it still says what the document is about. */
function tellGist(frame, sentence) {
  if (sentence) frame.querySelector('.gist').append(...[...sentence.childNodes].map((one) => one.cloneNode(true)));
}

/* Not by its event `toggle`: that comes too when Gradio puts another text in the place of this one. */
document.addEventListener('click', ({ target }) => {
  const summary = target.closest('.guide > summary');
  if (summary) guided.open = !summary.parentElement.open;
});

/* A question to this document alone: the list of documents says so, and there it is asked of all again. */
function askHere({ dataset }) {
  showSheet(null);
  showView(null);
  askOnly(dataset.document, () => ask(dataset.question));
}

acts['ask-here'] = askHere;

/* Questions that lead on from the last answer: asked for once it is there, and shown below all that belongs to it. */

/* Those of the last answer, by the exchange that they lead on from. */
let onward = { key: null, questions: [] };

function showNext() {
  const turn = byId('live')?.querySelector('.turn.done'), talk = current();
  const exchange = turn && talk?.exchanges.length === Number(turn.dataset.turn) ? talk.exchanges.at(-1) : null;
  // The piece that ends an answer and the conversation that holds it come one after the other.
  if (exchange?.state !== 'done') return;
  const key = [talk.id, keyOf(exchange), talk.scope].join('\n');
  if (onward.key !== key) { onward = { key, questions: [] }; fetchNext(onward); }
  fillNext(turn.querySelector('.next'));
}

/* Somebody may have gone on meanwhile. */
async function fetchNext(wanted) {
  try { wanted.questions = (await server.next_questions({ folder: folder(), kept: props.value })).questions; }
  catch { return; }
  if (onward === wanted) showNext();
}

/* Once, as somebody may have come to one of them; those for other documents than are chosen now go. */
function fillNext(frame) {
  if (!frame) return;
  const asks = frame.querySelector('.asks'), shown = [...asks.children].map((one) => one.textContent);
  if (shown.join('\n') === onward.questions.join('\n')) return;
  frame.hidden = !onward.questions.length;
  asks.replaceChildren(...onward.questions.map((text) => element('li', {}, element('button', {
    type: 'button', class: 'example', 'data-ask': text, dir: 'auto',
  }, text))));
}

/* A language model chosen for this tab: its address, name and key are here alone, and go with each question. */

const CHOSEN = 'ibid-chosen-model';
const modelDialog = () => byId('model').querySelector('dialog');
const modelField = (name) => byId('model-' + name);
const modelForm = () => ({ address: modelField('address').value.trim(), key: modelField('key').value, model: modelField('name').value.trim() });
const saidOfModel = (text) => { modelDialog().querySelector('.model-said').textContent = text; };

/* The hidden box of Gradio's that goes with a question. */
function carry(chosen) {
  typeInto(document.querySelector('#chosen textarea, #chosen input'), chosen ? JSON.stringify(chosen) : '');
  modelDialog().querySelector('[data-act=unuse-chosen]').hidden = !chosen;
}

/* What is asked of a server takes its time, in which nothing else is asked of it. */
async function askServer(what, call) {
  const buttons = modelDialog().querySelectorAll('[data-act=list-models], [data-act=use-chosen]');
  saidOfModel(what);
  buttons.forEach((one) => { one.disabled = true; });
  const told = await call(modelForm()).catch(() => ({ problem: 'Ibid does not answer. Try again.' }));
  buttons.forEach((one) => { one.disabled = false; });
  saidOfModel(told.problem || '');
  return told.problem ? null : told;
}

async function listModels() {
  const told = await askServer('Asking which models there are …', server.models);
  if (!told) return;
  modelField('address').value = told.address;
  byId('model-names').replaceChildren(...told.models.map((name) => element('option', { value: name })));
  if (!told.models.includes(modelField('name').value)) modelField('name').value = told.models[0];
  const count = told.models.length;
  saidOfModel(count === 1 ? 'There is one.' : `There are ${count}: choose one in the list.`);
  modelField('name').focus();
}

async function useChosen() {
  const told = await askServer('Asking it for a word: a server that loads its model first takes a while …', server.try_model);
  if (!told) return;
  const { address, model } = modelForm();
  localStorage.setItem(CHOSEN, JSON.stringify({ address, model }));
  carry(modelForm());
  const box = modelBox();
  if (box && !box.checked) box.click();
  modelDialog().close();
  say(`${told.name} writes the answers in this tab.`);
}

function openModel() {
  let last = {};
  try { last = JSON.parse(localStorage.getItem(CHOSEN) || '{}'); } catch { /* not ours */ }
  if (!modelField('address').value) modelField('address').value = last.address || '';
  if (!modelField('name').value) modelField('name').value = last.model || '';
  saidOfModel('');
  modelDialog().showModal();
}

Object.assign(acts, {
  model: openModel,
  'list-models': listModels,
  'use-chosen': useChosen,
  'unuse-chosen': () => { carry(null); modelField('key').value = ''; modelDialog().close(); say('That model is not used any more.'); },
  'close-model': () => modelDialog().close(),
});

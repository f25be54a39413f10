/* Another folder: opened, named, or taken off the list of those that are known. */

const openingDialog = () => byId('opening').querySelector('dialog');
const saidOfOpening = (text) => { openingDialog().querySelector('.model-said').textContent = text; };

async function listFolders() {
  const told = await server.folders_below({ typed: byId('opening-path').value }).catch(() => ({ folders: [] }));
  byId('opening-paths').replaceChildren(...told.folders.map((value) => element('option', { value })));
}

function showOpening({ dataset }) {
  document.querySelector('.switch[open]')?.removeAttribute('open');
  byId('opening-head').textContent = dataset.path ? 'Name a folder' : 'Open a folder';
  openingDialog().querySelector('[type=submit]').textContent = dataset.path ? 'Name it' : 'Open it';
  byId('opening-path').value = dataset.path || '';
  byId('opening-path').readOnly = Boolean(dataset.path);
  byId('opening-name').value = dataset.name || '';
  saidOfOpening('');
  openingDialog().showModal();
  byId(dataset.path ? 'opening-name' : 'opening-path').focus();
  listFolders();
}

const atFolder = (key) => { location.href = '?folder=' + encodeURIComponent(key); };

async function openFolder() {
  const button = openingDialog().querySelector('[type=submit]');
  button.disabled = true;
  saidOfOpening('Opening it …');
  const path = byId('opening-path'), name = byId('opening-name').value;
  // Whoever opens one that has a name, and gives none, takes none away.
  const told = await server.open_folder({ typed: path.value, name: path.readOnly ? name : name || null })
    .catch(() => ({ problem: 'Ibid does not answer. Try again.' }));
  button.disabled = false;
  saidOfOpening(told.problem || '');
  if (!told.problem) atFolder(told.folder);
}

async function forgetFolder({ dataset }) {
  const told = await server.forget_folder({ folder: dataset.folder }).catch(() => ({ problem: 'Ibid does not answer. Try again.' }));
  if (told.problem) { say(told.problem); return; }
  document.querySelector(`.switch li[data-folder="${CSS.escape(dataset.folder)}"]`)?.remove();
  say('It is off the list. The folder and its index stay as they are.', async () => {
    const back = await server.open_folder({ typed: dataset.path, name: dataset.name });
    if (back.problem) say(back.problem); else location.reload();
  });
  toUndo();
}

document.addEventListener('submit', (event) => {
  if (!event.target.matches('.opening-form')) return;
  event.preventDefault();
  openFolder();
});
document.addEventListener('input', (event) => { if (event.target.id === 'opening-path') listFolders(); });

Object.assign(acts, {
  'show-opening': showOpening,
  'close-opening': () => openingDialog().close(),
  'forget-folder': forgetFolder,
});

/* What the page does by itself: opening citations, keeping conversations, keys, panes.
   The files beside this one are run with it, once, as one script inside the hidden component `bridge`; `trigger`,
   `watch`, `props` and `server` are Gradio's. What a file has to remember stands in it, and in these what others ask for:
   `acts`, what a button with that `data-act` does; `changes`, what follows when the component of that name has changed;
   `views`, what lies over the conversation, by the name of its pane. */

const byId = (id) => document.getElementById(id);
const folder = () => document.querySelector('#folder textarea, #folder input')?.value || '';
const current = () => { try { return JSON.parse(props.value || 'null'); } catch { return null; } };
const acts = {};
const changes = {};
const views = {};
window.ibid = { changed: (what) => requestAnimationFrame(changes[what]) };

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}


// Filters the table of questions; everything else works without a script.
const rows = [...document.querySelectorAll('#questions tbody tr')];
const words = document.getElementById('words');
const cause = document.getElementById('cause');
const tag = document.getElementById('tag');
const count = document.getElementById('count');
function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    const fits = wanted.every(word => text.includes(word))
      && (!cause.value || row.dataset.cause === cause.value)
      && (!tag.value || row.dataset.tags.split(' ').includes(tag.value));
    row.hidden = !fits;
    shown += fits;
  }
  count.textContent = `${shown} of ${rows.length}`;
}
for (const one of [words, cause, tag]) one.addEventListener('input', filter);
filter();

"use strict";
// Sorting by the buttons in the headings, filtering by what is typed and chosen; the table stands without either.
const table = document.getElementById("cards");
const body = table.tBodies[0];
const rows = [...body.rows];
const headings = [...table.tHead.rows[0].cells];
const [search, verdict, task] = ["search", "verdict", "task"].map((id) => document.getElementById(id));
const TASK = 1, VERDICT = 2;

function key(row, column) {
  const cell = row.cells[column];
  return "key" in cell.dataset ? Number(cell.dataset.key) : cell.textContent;
}

function compare(a, b, up) {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1; // what has no number comes last, either way
  const order = typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true });
  return up ? order : -order;
}

function sort(column) {
  const heading = headings[column];
  const up = heading.getAttribute("aria-sort") !== "ascending";
  headings.forEach((other) => other.setAttribute("aria-sort", "none"));
  heading.setAttribute("aria-sort", up ? "ascending" : "descending");
  rows.sort((a, b) => compare(key(a, column), key(b, column), up));
  body.append(...rows);
}

function filter() {
  const words = search.value.toLowerCase();
  let shown = 0;
  for (const row of rows) {
    const fits =
      row.textContent.toLowerCase().includes(words) &&
      (!verdict.value || row.cells[VERDICT].textContent === verdict.value) &&
      (!task.value || row.cells[TASK].textContent === task.value);
    row.hidden = !fits;
    shown += fits;
  }
  document.getElementById("shown").textContent = `${shown} of ${rows.length} shown`;
}

headings.forEach((heading, column) => {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...heading.childNodes);
  heading.append(button);
  heading.setAttribute("aria-sort", "none");
  button.addEventListener("click", () => sort(column));
});
[search, verdict, task].forEach((field) => field.addEventListener("input", filter));
document.querySelector(".filters").hidden = false;
filter();

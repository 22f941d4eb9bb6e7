"use strict";
// Opens the pictures behind a cell of the confusion matrix, and sorts tables. The page reads well without it.
document.documentElement.classList.add("scripted");

const source = document.getElementById("cells");
if (source) openCells(JSON.parse(source.textContent));
document.querySelectorAll("table.sortable").forEach(makeSortable);

function openCells({ classes, cells, across }) {
  const panel = document.getElementById("panel");
  const title = document.getElementById("panel-title");
  const place = document.getElementById("panel-pictures");
  let opener = null;

  const close = () => {
    panel.hidden = true;
    if (opener) { opener.setAttribute("aria-expanded", "false"); opener.focus(); }
    opener = null;
  };

  const open = (button, key) => {
    if (opener === button) return close();
    if (opener) opener.setAttribute("aria-expanded", "false");
    opener = button;
    button.setAttribute("aria-expanded", "true");
    const [truth, answer] = key.split(",").map(Number);
    const { total, pictures } = cells[key];
    const order = truth === answer ? "least sure first" : "surest first";
    const count = pictures.length < total ? `first ${pictures.length} of ${total}` : `${total} picture${total === 1 ? "" : "s"}`;
    title.textContent = `truth ${classes[truth]}, answer ${classes[answer]}: ${count}, ${order}`;
    place.replaceChildren(...pictures.map((picture) => story(picture, classes[truth], truth === answer)));
    panel.hidden = false;
    panel.scrollTop = 0;
  };

  const story = ([tile, probability, name], truth, right) => {
    const figure = element("figure", right ? "story" : "story wrong");
    const sheet = Math.floor(tile / (across * across));
    const inside = tile % (across * across);
    const picture = element("span", `pic s s${sheet}`);
    picture.style.setProperty("--x", inside % across);
    picture.style.setProperty("--y", Math.floor(inside / across));
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", `picture ${name}, truth ${truth}`);
    const caption = element("figcaption", "");
    const sure = element("span", "told answer");
    sure.append(element("b", "", percent(probability)));
    const called = element("span", "name");
    called.append(element("bdi", "", name));
    called.title = name;
    caption.append(sure, called);
    figure.append(picture, caption);
    return figure;
  };

  document.querySelectorAll("[data-cell]").forEach((cell) => {
    const key = cell.dataset.cell;
    const [truth, answer] = key.split(",").map(Number);
    const button = element("button", "", cell.textContent);
    button.type = "button";
    button.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-controls", "panel");
    button.setAttribute("aria-label", `${cell.textContent}: truth ${classes[truth]}, answer ${classes[answer]}; show the pictures`);
    button.addEventListener("click", () => open(button, key));
    cell.replaceChildren(button);
  });
  document.getElementById("panel-close").addEventListener("click", close);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !panel.hidden) close(); });
  document.querySelector(".matrix")?.addEventListener("keydown", moveBetweenCells);
}

function moveBetweenCells(event) {
  const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
  const cell = event.target.closest("td");
  if (!step || !cell) return;
  event.preventDefault();
  const rows = [...cell.closest("tbody").rows];
  let row = rows.indexOf(cell.parentElement) + step[0];
  let column = cell.cellIndex + step[1];
  while (rows[row]?.cells[column]) { // empty cells are skipped
    const button = rows[row].cells[column].querySelector("button");
    if (button) return button.focus();
    row += step[0];
    column += step[1];
  }
}

function makeSortable(table) {
  const body = table.tBodies[0];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if ("fixed" in head.dataset) return;
    const button = element("button", "", head.textContent);
    button.type = "button";
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const falling = head.getAttribute("aria-sort") !== "descending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      const rows = [...body.rows].sort((a, b) => compare(sortKey(a.cells[column]), sortKey(b.cells[column])));
      body.append(...(falling ? rows.reverse() : rows));
    });
  });
}

function sortKey(cell) {
  if ("value" in cell.dataset) return Number(cell.dataset.value);
  const text = cell.textContent.trim();
  const number = Number(text.replaceAll(",", ""));
  return text !== "" && !Number.isNaN(number) ? number : text;
}

function compare(a, b) {
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
}

function percent(value) {
  return `${(value * 100).toFixed(value > 0.9995 && value < 1 ? 2 : 1)}\u202f%`;
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

"use strict";
// Tells the value of the square that is pointed at and draws what it sees; moves from picture to picture by keys.
document.documentElement.classList.add("scripted");

const cells = JSON.parse(document.getElementById("cells").textContent);
const minus = "\u2212";

document.querySelectorAll("[data-panel]").forEach((panel) => {
  const map = panel.querySelector(".raw");
  if (map) watch(panel, map, cells[panel.dataset.panel]);
});

function watch(panel, map, told) {
  const whole = panel.closest(".looked").querySelector(".whole .field");
  const laid = panel.querySelector(".laid .field");
  const square = map.querySelector(".field");
  const readout = panel.querySelector(".readout");
  const waiting = readout.innerHTML;
  const [rows, columns] = told.shape;
  let values = null; // decoded when first asked for
  let at = [0, 0];

  const show = (y, x) => {
    at = [Math.min(Math.max(y, 0), rows - 1), Math.min(Math.max(x, 0), columns - 1)];
    const [row, column] = at;
    values ??= told.values === null ? undefined : decode(told.values);
    const [top, bottom] = told.down ? told.down[row] : [row, row + 1];
    const [left, right] = told.right ? told.right[column] : [column, column + 1];
    const [height, width] = told.size;
    for (const field of [whole, laid]) place(field, top / height, left / width, (bottom - top) / height, (right - left) / width);
    place(square, row / rows, column / columns, 1 / rows, 1 / columns);
    const value = document.createElement("b");
    value.textContent = values ? number(values[row * columns + column]) : `in ${told.file}`;
    const sees = told.down ? `; sees rows ${top}–${bottom - 1}, columns ${left}–${right - 1}` : "";
    readout.replaceChildren(value, ` row ${row}, column ${column}${sees}`);
  };

  const leave = () => {
    for (const field of [whole, laid, square]) field.hidden = true;
    readout.innerHTML = waiting;
  };

  map.addEventListener("pointermove", (event) => {
    const box = map.getBoundingClientRect();
    show(Math.floor(((event.clientY - box.top) / box.height) * rows), Math.floor(((event.clientX - box.left) / box.width) * columns));
  });
  map.addEventListener("pointerleave", () => { if (document.activeElement !== map) leave(); });
  map.addEventListener("focus", () => { if (map.matches(":focus-visible")) show(...at); });
  map.addEventListener("blur", leave);
  map.addEventListener("keydown", (event) => {
    const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
    if (event.key === "Escape") map.blur();
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    show(at[0] + step[0], at[1] + step[1]);
  });
}

function place(field, top, left, height, width) {
  field.hidden = false;
  for (const [name, share] of Object.entries({ top, left, height, width })) field.style.setProperty(`--${name}`, share);
}

function decode(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, place) => view.getFloat32(4 * place, true));
}

function number(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e4 || size < 1e-4 ? size.toExponential(2).replace("e-", `e${minus}`) : String(Number(size.toPrecision(3)));
  return (value < 0 ? minus : "") + text;
}

const pictures = [...document.querySelectorAll(".looked")];
const keys = document.getElementById("keys");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "?") return keys.open ? keys.close() : keys.showModal();
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step || !pictures.length || keys.open) return;
  event.preventDefault();
  go(step);
});

// The picture that is current is the last one whose top is at or above the top of the window.
function go(step) {
  const tops = pictures.map((picture) => picture.getBoundingClientRect().top);
  const current = tops.filter((top) => top <= 1).length - 1;
  const next = Math.min(Math.max(current + step, 0), pictures.length - 1);
  pictures[next].scrollIntoView({ behavior: "instant" });
  history.replaceState(null, "", `#${pictures[next].id}`);
}

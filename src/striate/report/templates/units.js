"use strict";

// The pages of `striate units`: the script draws what the page's own JSON tells; nothing is loaded from elsewhere.
const told = JSON.parse(document.getElementById("told").textContent);
const byId = (id) => document.getElementById(id);

function element(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "text") made.textContent = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// A number with three significant digits, with a true minus sign.
function number(value) {
  if (value === null || value === undefined) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-4 ? size.toExponential(1) : Number(size.toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 6 });
  return (value < 0 ? "−" : "") + text;
}

function percent(share) {
  if (share === null || share === undefined) return "–";
  const digits = share > 0 && share < 0.001 ? 2 : share < 1 && share > 0.999 ? 2 : 1;
  const text = (share * 100).toFixed(share === 0 || share === 1 ? 0 : digits);
  return `${share > 0 && Number(text) === 0 ? "<0.01" : share < 1 && Number(text) === 100 ? ">99.99" : text}\u202f%`;
}

/* Sheets: tiles lie in blocks of `block` x `block`, blocks `across` to a row and `deep` to a sheet. */

const waiting = new Map();
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    waiting.get(entry.target)?.();
    waiting.delete(entry.target);
    watcher.unobserve(entry.target);
  }
}, { rootMargin: "600px" });

// What is far below is loaded when it comes near: a layer of 2,048 units has dozens of sheets.
function whenNear(node, work) {
  waiting.set(node, work);
  watcher.observe(node);
}

function tile(sheet, block, { part = null, zoom = 1, label = "" } = {}) {
  const perSheet = sheet.across * sheet.deep;
  const inside = block % perSheet;
  const span = part === null ? sheet.block : 1;
  const [pitchY, pitchX] = sheet.pitch;
  const scale = sheet.scale * zoom;
  const y = Math.floor(inside / sheet.across) * sheet.block * pitchY + (part === null ? 0 : Math.floor(part / sheet.block) * pitchY);
  const x = (inside % sheet.across) * sheet.block * pitchX + (part === null ? 0 : (part % sheet.block) * pitchX);
  const height = (span - 1) * pitchY + sheet.tile[0];
  const width = (span - 1) * pitchX + sheet.tile[1];
  const node = element("span", { class: "tile", role: "img", "aria-label": label });
  const [sheetH, sheetW] = sheet.sizes[Math.floor(block / perSheet)];
  node.style.width = `${width * scale}px`;
  node.style.height = `${height * scale}px`;
  node.style.backgroundSize = `${sheetW * scale}px ${sheetH * scale}px`;
  node.style.backgroundPosition = `${-x * scale}px ${-y * scale}px`;
  if (sheet.pixelated) node.style.imageRendering = "pixelated";
  whenNear(node, () => { node.style.backgroundImage = `url("${told.base}${sheet.files[Math.floor(block / perSheet)]}")`; });
  return node;
}

const PATCH = 76; // pixels of a patch on the page of a unit: nine in a row

function zoomTo(sheet, pixels) {
  return pixels / (Math.max(...sheet.tile) * sheet.scale);
}

// The picture of a row, and a way to draw the box of a field on it.
function whole(row, zoom) {
  const frame = element("span", { class: "whole" });
  const picture = told.pictures[row];
  const shown = tile(told.sheets.pictures, picture.tile, { zoom, label: picture.name });
  const box = element("i", { hidden: true });
  frame.append(shown, box);
  const size = [parseFloat(shown.style.height), parseFloat(shown.style.width)];
  const show = (field) => {
    box.hidden = field === null;
    if (field === null) return;
    const [top, left, bottom, right] = field;
    const [down, across] = [size[0] / told.picture[0], size[1] / told.picture[1]];
    const clip = (value, most) => Math.min(Math.max(value, 0), most);
    const [t, l, b, r] = [clip(top, told.picture[0]), clip(left, told.picture[1]), clip(bottom, told.picture[0]), clip(right, told.picture[1])];
    Object.assign(box.style, { top: `${t * down}px`, left: `${l * across}px`, width: `${Math.max(2, (r - l) * across)}px`, height: `${Math.max(2, (b - t) * down)}px` });
  };
  return { frame, show };
}

function pictureLink(row) {
  const picture = told.pictures[row];
  return picture.page ? element("a", { href: told.base + picture.page, text: picture.name }) : element("span", { text: picture.name, title: picture.name });
}

/* The page of a layer: a grid of its units, and one unit by its address. */

const state = { sort: "index", show: "patches", only: "" };

const SORTS = {
  index: ["number", (unit) => unit.k, 1],
  max: ["largest value", (unit) => unit.max ?? -Infinity, -1],
  active: ["share of active places", (unit) => unit.active, -1],
  quiet: ["least active", (unit) => unit.active, 1],
  selective: ["selectivity", (unit) => unit.selectivity ?? -1, -1],
  class: ["class", (unit) => unit.classes?.[0]?.[0] ?? 1e9, 1],
};
const SHOWS = { patches: "top patches", projections: "projections", synthetic: "what would excite it most", weights: "weights" };

function layerPage() {
  const bar = byId("bar");
  const sort = element("select", { id: "sort", onchange: (event) => { state.sort = event.target.value; grid(); } });
  for (const [key, [name]] of Object.entries(SORTS)) {
    if ((key === "selective" || key === "class") && !told.classes.length) continue;
    sort.append(element("option", { value: key, text: name }));
  }
  const only = element("select", { id: "only", onchange: (event) => { state.only = event.target.value; grid(); } }, element("option", { value: "", text: "all units" }));
  for (const flag of new Set(told.units.flatMap((unit) => unit.flags.map(([name]) => name)))) only.append(element("option", { value: `flag ${flag}`, text: flag }));
  const best = new Set(told.units.map((unit) => unit.classes?.[0]?.[0]).filter((found) => found !== undefined));
  for (const found of [...best].sort((a, b) => a - b)) only.append(element("option", { value: `class ${found}`, text: `most for ${told.classes[found]}` }));
  const choice = element("span", { class: "choice", role: "group", "aria-label": "What is shown of each unit" });
  for (const [key, name] of Object.entries(SHOWS)) {
    if (!told.sheets[key]) continue;
    choice.append(element("button", { type: "button", "data-show": key, "aria-pressed": String(key === state.show), text: name, onclick: () => { state.show = key; grid(); } }));
  }
  bar.append(choice, element("label", { for: "sort", text: "sorted by" }), sort, only, element("span", { class: "count", id: "count" }));
  window.addEventListener("hashchange", route);
  document.addEventListener("keydown", layerKeys);
  route();
}

function chosen() {
  const [, key, way] = SORTS[state.sort];
  const [kind, ...rest] = state.only.split(" ");
  const wanted = rest.join(" ");
  return told.units
    .filter((unit) => !state.only || (kind === "flag" ? unit.flags.some(([name]) => name === wanted) : String(unit.classes?.[0]?.[0]) === wanted))
    .sort((a, b) => way * (key(a) - key(b)) || a.k - b.k);
}

function grid() {
  const place = byId("grid");
  const units = chosen();
  for (const button of document.querySelectorAll("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === state.show));
  byId("count").textContent = units.length === told.units.length ? `${units.length} units` : `${units.length} of ${told.units.length} units`;
  place.replaceChildren(...units.map(card));
}

function card(unit) {
  const sheet = told.sheets[state.show] ?? told.sheets.patches;
  const silent = unit.top.length === 0 && (state.show === "patches" || state.show === "projections");
  const shown = silent ? element("span", { class: "empty", text: "never active on these pictures" }) : tile(sheet, unit.block, { zoom: zoomTo(sheet, sheet.block > 1 ? (Math.max(...sheet.tile) > 48 ? 46 : 32) : 96), label: `unit ${unit.k}` });
  if (silent) {
    const like = tile(sheet, unit.block, { zoom: zoomTo(sheet, sheet.block > 1 ? 32 : 96) });
    Object.assign(shown.style, { width: like.style.width, height: like.style.height });
  }
  shown.style.display ||= "block";
  const width = { style: `width:${parseFloat(shown.style.width)}px` };
  const line = element("span", width, element("b", { text: unit.k }), unit.flags.length ? element("em", { text: unit.flags[0][0] }) : element("i", { style: "font-style:normal", text: percent(unit.active) }));
  const best = unit.classes?.[0];
  const label = best ? element("span", { class: "class", ...width, text: `most for ${told.classes[best[0]]}` }) : null;
  return element("button", { class: "unit", type: "button", "data-unit": unit.k, title: `unit ${unit.k}: largest value ${number(unit.max)}, active at ${percent(unit.active)} of all places`, onclick: () => { location.hash = `unit-${unit.k}`; } }, shown, line, label);
}

function route() {
  const found = /^#unit-(\d+)$/.exec(location.hash);
  const unit = found && told.units.find((one) => one.k === Number(found[1]));
  byId("all").hidden = Boolean(unit);
  byId("one").hidden = !unit;
  byId("title").textContent = told.title;
  if (unit) {
    one(unit);
    window.scrollTo(0, 0);
  } else if (!byId("grid").children.length) grid();
}

function layerKeys(event) {
  if (event.altKey || event.ctrlKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const found = /^#unit-(\d+)$/.exec(location.hash);
  if (event.key === "?") { byId("keys").hidden = !byId("keys").hidden; return; }
  if (event.key === "Escape" && found) { history.pushState(null, "", location.pathname); route(); return; }
  if (event.key === "[" || event.key === "]") {
    const link = byId(event.key === "[" ? "before" : "after");
    if (link) location.href = link.href;
    return;
  }
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const units = chosen();
  const at = found ? units.findIndex((unit) => unit.k === Number(found[1])) : -1;
  const next = units[Math.min(Math.max(at + step, 0), units.length - 1)];
  if (next) location.hash = `unit-${next.k}`;
}

function one(unit) {
  const place = byId("one");
  const aside = element("div", { class: "aside" });
  const main = element("div");
  const first = unit.top[0];
  if (first && told.sheets.pictures) {
    const holder = element("div");
    const note = element("p", { class: "whole-note" });
    const hold = (entry) => {
      const seen = whole(entry.row, zoomTo(told.sheets.pictures, 264));
      seen.show(entry.box);
      holder.replaceChildren(seen.frame);
      const picture = told.pictures[entry.row];
      const says = `; the network says ${picture.answer} (${percent(picture.probability)})`;
      note.textContent = `${number(entry.value)} at row ${entry.y}, column ${entry.x} of ${told.layer.grid}: ${picture.truth}${says}. The box is all that the unit sees there${entry.border ? "; it sticks out of the picture, over the padding" : ""}.`;
    };
    hold(first);
    aside.append(element("h3", { text: "In the whole picture" }), holder, note);
    main.append(element("h3", { text: `What excites unit ${unit.k} most` }), patches(unit, hold));
  } else {
    main.append(element("p", { class: "lead", text: `Unit ${unit.k} was never active on these pictures, so nothing can be shown of what excites it.` }));
  }
  main.prepend(...flagged(unit));
  if (unit.history) main.append(...historyOf(unit));
  if (told.sheets.weights || told.sheets.synthetic) main.append(...made(unit));
  main.append(element("div", { class: "lists" }, ...links(unit)));
  aside.append(...numbers(unit));
  place.replaceChildren(element("div", { class: "one" }, main, aside), howMade(unit));
  byId("title").textContent = `Unit ${unit.k} of ${told.layer.name}`;
}

function flagged(unit) {
  return unit.flags.length ? [element("ul", { class: "flags" }, ...unit.flags.map(([name, why]) => element("li", {}, element("b", { text: name }), ` ${why}`)))] : [];
}

function patches(unit, hold) {
  const sheets = told.sheets;
  return element("div", { class: "patches" }, ...unit.top.map((entry, part) => {
    const picture = told.pictures[entry.row];
    const figure = element("figure", { class: "patch", tabindex: 0, onmouseenter: () => hold(entry), onfocus: () => hold(entry) });
    const cut = tile(sheets.patches, unit.block, { part, zoom: zoomTo(sheets.patches, PATCH), label: `patch of ${picture.name}` });
    figure.append(cut);
    if (sheets.projections && part < told.projections) figure.append(tile(sheets.projections, unit.block, { part, zoom: zoomTo(sheets.projections, PATCH), label: "projection of the unit to these pixels" }));
    const caption = element("figcaption", { style: `width:${cut.style.width}` }, element("b", { text: number(entry.value) }), element("span", { text: picture.truth }), pictureLink(entry.row));
    figure.append(caption);
    return figure;
  }));
}

function made(unit) {
  const parts = [];
  const figures = element("div", { class: "patches" });
  if (told.sheets.synthetic) figures.append(element("figure", { class: "patch" }, tile(told.sheets.synthetic, unit.block, { zoom: zoomTo(told.sheets.synthetic, 2 * PATCH), label: "made picture" }), element("figcaption", {}, element("b", { text: unit.synthetic === undefined ? "" : number(unit.synthetic) }), element("span", { text: "made to excite it" }))));
  if (told.sheets.weights) figures.append(element("figure", { class: "patch" }, tile(told.sheets.weights, unit.block, { zoom: zoomTo(told.sheets.weights, 2 * PATCH), label: "weights" }), element("figcaption", {}, element("b", { text: told.layer.weights }), element("span", { text: told.layer.weightsNote }))));
  parts.push(element("h3", { text: "Made pictures and weights" }), figures);
  return parts;
}

function historyOf(unit) {
  const strip = element("div", { class: "epochs-strip" });
  unit.history.forEach((entry, index) => {
    const block = unit.block * told.epochs.length + index;
    const figure = element("figure", {}, tile(told.sheets.history, block, { part: 0, zoom: zoomTo(told.sheets.history, PATCH), label: `epoch ${told.epochs[index]}` }));
    if (told.sheets.history.block > 1) figure.append(tile(told.sheets.history, block, { part: 1, zoom: zoomTo(told.sheets.history, PATCH), label: "projection" }));
    figure.append(element("figcaption", { text: `epoch ${told.epochs[index]}: ${number(entry)}` }));
    strip.append(figure);
  });
  return [element("h3", { text: "How it came to be" }), strip];
}

function links(unit) {
  const parts = [];
  const list = (title, entries, write) => {
    if (!entries?.length) return;
    parts.push(element("div", {}, element("h3", { text: title }), element("table", { class: "plain" }, element("tbody", {}, ...entries.map((entry) => element("tr", {}, ...write(entry)))))));
  };
  const linked = ([page, k, value, layer]) => {
    const name = layer === undefined || layer === told.layer.from || layer === told.layer.to ? `unit ${k}` : layer === "picture" ? `channel ${k}` : `${layer} ${k}`;
    return [element("td", {}, page === null ? name : element("a", { href: `${page}#unit-${k}`, text: name })), element("td", { class: "num", text: number(value) })];
  };
  const shown = new Set(told.units.map((one) => one.k));
  list("Units that fire with it (correlation)", unit.similar?.map(([k, r]) => [shown.has(k) ? "" : null, k, r]), linked);
  list(`Strongest inputs${told.layer.from ? `, from ${told.layer.from}` : ""}`, unit.inputs, linked);
  list(`Strongest outputs${told.layer.to ? `, to ${told.layer.to}` : ""}`, unit.outputs, linked);
  return parts;
}

function numbers(unit) {
  const rows = [["largest value", number(unit.max)], ["mean", number(unit.mean)], ["standard deviation", number(unit.std)], ["active places", percent(unit.active)], ["exact zeros", percent(unit.zeros)]];
  unit.quantiles.forEach((value, index) => {
    if (value !== null) rows.push([`${Number((told.levels[index] * 100).toPrecision(3))}\u202f% are below`, number(value)]);
  });
  if (unit.selectivity !== null && unit.selectivity !== undefined) rows.push(["class selectivity", number(unit.selectivity)]);
  const parts = [element("h3", { text: "Its values" }), histogram(unit), element("table", { class: "plain" }, element("tbody", {}, ...rows.map(([name, value]) => element("tr", {}, element("th", { text: name }), element("td", { class: "num", text: value })))))];
  if (unit.classes?.length) {
    const most = Math.max(...unit.classes.map(([, value]) => Math.abs(value)), 1e-12);
    parts.push(element("h3", { text: "Mean of its largest value, by class" }), element("table", { class: "plain" }, element("tbody", {}, ...unit.classes.map(([found, value, apart]) => element("tr", {}, element("th", { text: told.classes[found] }), element("td", { style: "width:40%" }, element("span", { class: "meter" }, element("i", { style: `width:${(100 * Math.max(0, value)) / most}%` }))), element("td", { class: "num", text: number(value), title: apart === null ? "" : `${number(apart)} standard deviations above the other classes` }))))));
  }
  return parts;
}

function histogram(unit) {
  const space = "http://www.w3.org/2000/svg";
  const draw = (tag, attributes, text) => {
    const made = document.createElementNS(space, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text) made.textContent = text;
    return made;
  };
  const svg = draw("svg", { class: "hist", viewBox: "0 0 300 88", role: "img", "aria-label": "histogram of the unit's values, logarithmic" });
  const counts = unit.hist;
  const most = Math.log1p(Math.max(...counts, 1));
  const [low, high] = unit.range;
  const zero = high > low ? (300 * (0 - low)) / (high - low) : 0;
  counts.forEach((count, bin) => {
    const height = (66 * Math.log1p(count)) / most;
    svg.append(draw("rect", { x: (300 * bin) / counts.length, width: 300 / counts.length - 0.6, y: 70 - height, height, class: low + ((bin + 0.5) * (high - low)) / counts.length > 0 ? "on" : "" }));
  });
  if (zero >= 0 && zero <= 300) svg.append(draw("line", { x1: zero, x2: zero, y1: 2, y2: 72 }));
  svg.append(draw("text", { x: 0, y: 84 }, number(low)), draw("text", { x: 300, y: 84, "text-anchor": "end" }, number(high)), draw("text", { x: 150, y: 84, "text-anchor": "middle" }, "counts, logarithmic"));
  return svg;
}

function howMade(unit) {
  const call = told.call.replaceAll("{unit}", unit.k);
  return element("details", { class: "made", style: "margin-top:3rem" }, element("summary", { text: "How this was made" }), element("p", { text: told.how }), element("pre", { text: call }));
}

/* The page of a picture: its maps through all layers; hovering a cell draws what it sees. */

function picturePage() {
  const seen = whole(told.row, zoomTo(told.sheets.pictures, 264));
  byId("picture").append(seen.frame);
  const note = byId("note");
  const still = note.textContent;
  const decoded = told.layers.map((layer) => Uint8Array.from(atob(layer.values), (char) => char.charCodeAt(0)));
  const scale = element("select", { id: "scale", onchange: drawAll });
  for (const [key, name] of [["layer", "one scale a layer"], ["unit", "each unit its own scale"], ["network", "one scale for all layers"]]) scale.append(element("option", { value: key, text: name }));
  byId("bar").append(element("label", { for: "scale", text: "colors:" }), scale);
  const canvases = [];
  told.layers.forEach((layer, index) => {
    const row = element("section", { class: "layer-row", style: "margin:0" }, element("h3", {}, element("a", { href: told.base + layer.page, text: layer.name }), element("span", { text: `${layer.told}` }), element("span", { class: "limits" })));
    const maps = element("div", { class: "maps" });
    layer.units.forEach((k, place) => {
      const canvas = element("canvas", { width: layer.size[1], height: layer.size[0], style: `width:${layer.size[1] * layer.zoom}px;height:${layer.size[0] * layer.zoom}px`, "aria-label": `unit ${k}` });
      const point = (y, x) => {
        seen.show(layer.rows ? [layer.rows[y][0], layer.columns[x][0], layer.rows[y][1], layer.columns[x][1]] : null);
        note.textContent = `${layer.name}, unit ${k}, row ${y}, column ${x}: ${number(valueAt(index, place, y, x))}${layer.rows ? "; the box is all that it sees" : ""}`;
      };
      canvas.addEventListener("mousemove", (event) => {
        const bounds = canvas.getBoundingClientRect();
        const within = (share, count) => Math.min(count - 1, Math.max(0, Math.floor(share * count)));
        point(within((event.clientY - bounds.top) / bounds.height, layer.size[0]), within((event.clientX - bounds.left) / bounds.width, layer.size[1]));
      });
      const leave = () => { seen.show(null); note.textContent = still; };
      canvas.addEventListener("mouseleave", leave);
      let cell = [0, 0];
      const move = (event) => { // of the map that has the focus, cell by cell
        const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] }[event.key];
        if (!step) return;
        event.preventDefault();
        event.stopPropagation();
        cell = cell.map((at, axis) => Math.min(layer.size[axis] - 1, Math.max(0, at + step[axis])));
        point(...cell);
      };
      maps.append(element("a", { href: `${told.base}${layer.page}#unit-${k}`, title: `unit ${k}`, onfocus: () => point(...cell), onblur: leave, onkeydown: move }, canvas));
      canvases.push({ canvas, index, place });
    });
    row.append(maps);
    byId("layers").append(row);
  });

  function valueAt(index, place, y, x) {
    const layer = told.layers[index];
    const [low, high] = layer.limits[place];
    const code = decoded[index][(place * layer.size[0] + y) * layer.size[1] + x];
    return low + (code / 255) * (high - low);
  }

  function drawAll() {
    const largest = (limits) => Math.max(...limits.map(([low, high]) => Math.max(Math.abs(low), Math.abs(high))), 1e-30);
    const all = largest(told.layers.flatMap((layer) => layer.limits));
    const rows = [...document.querySelectorAll(".limits")];
    told.layers.forEach((layer, index) => {
      const most = scale.value === "network" ? all : largest(layer.limits);
      rows[index].textContent = scale.value === "unit" ? "each from its own least to its own largest size" : `color runs to ±${number(most)}`;
    });
    for (const { canvas, index, place } of canvases) {
      const layer = told.layers[index];
      const most = scale.value === "network" ? all : scale.value === "layer" ? largest(layer.limits) : largest([layer.limits[place]]);
      paint(canvas, layer.size, (y, x) => valueAt(index, place, y, x) / most);
    }
  }
  drawAll();
  document.addEventListener("keydown", (event) => {
    if (event.key === "?") { byId("keys").hidden = !byId("keys").hidden; return; }
    const link = byId({ ArrowLeft: "before", ArrowRight: "after" }[event.key]);
    if (link && !/^(INPUT|SELECT)$/.test(event.target.tagName)) location.href = link.href;
  });
}

// ColorBrewer's RdBu, as the report has it: blue is negative, white zero, red positive.
function paint(canvas, [height, width], value) {
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  const [negative, zero, positive] = [[33, 102, 172], [247, 247, 247], [178, 24, 43]];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const share = Math.max(-1, Math.min(1, value(y, x)));
      const end = share < 0 ? negative : positive;
      const at = 4 * (y * width + x);
      for (let channel = 0; channel < 3; channel += 1) image.data[at + channel] = Math.round(zero[channel] + Math.abs(share) * (end[channel] - zero[channel]));
      image.data[at + 3] = 255;
    }
  }
  context.putImageData(image, 0, 0);
}

/* The map of the network. */

function mapPage() {
  document.addEventListener("keydown", mapKeys);
  for (const place of document.querySelectorAll("[data-strip]")) {
    const layer = told.layers[Number(place.dataset.strip)];
    for (const [block, k] of layer.best) place.append(element("a", { href: `${layer.page}#unit-${k}`, title: `unit ${k}` }, tile(layer.sheet, block, { part: 0, zoom: layer.zoom, label: `unit ${k} of ${layer.name}` })));
  }
  for (const place of document.querySelectorAll("[data-picture]")) {
    const row = place.dataset.picture;
    place.prepend(tile(told.sheets.pictures, told.pictures[row].tile, { zoom: 1, label: told.pictures[row].name }));
  }
}

function mapKeys(event) {
  if (event.key === "?") { byId("keys").hidden = !byId("keys").hidden; return; }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const links = [...document.querySelectorAll(".map th a")];
  const at = links.indexOf(document.activeElement);
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + step, 0), links.length - 1)];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

({ layer: layerPage, picture: picturePage, map: mapPage })[document.body.dataset.page]();

// Is it one cell or T cells? The two-unit network folded or unrolled; every number can be chosen, given ones edited.

import { html, maths, mountExplorer } from "./controls.js";
import { decimals } from "./format.js";
import { defaultsOf, sameValue } from "./links.js";
import { colour, label, makePanel, svg } from "./plot.js";
import { PARAMS, arithmetic, changed, compute, dependents, describe, edgesOf, goals, outcome, parameterCount, parametersOf, short, symbol, usesOf, valuesOf, whole } from "./unroll-model.js";
import { foldedLayout, layout } from "./unroll-layout.js";
import { spec } from "./unroll.spec.js";

export { spec, compute, describe, goals, outcome };

const HUE = { x: "x", h: "h", o: "y", W: "accent", b: "accent" }; // the colour of a quantity, by its first letter
const SHAPES = { W_xh: "(D, H)", W_hh: "(H, H)", b_h: "(H,)", W_hy: "(H, O)", b_y: "(O,)" };
const LABELS = { W_xh: "W_{xh}", W_hh: "W_{hh}", b_h: "b_h", W_hy: "W_{hy}", b_y: "b_y" };
const SLIDE = 250; // milliseconds for the columns to come out of the first one
const HINT = "Choose any number to see what made it. Those with a dotted line under them can be changed.";

export function render({ model, el }) {
  return mountExplorer({ model, el, spec, compute, describe, outcome, goals, view });
}

function view({ figure, set, redraw, getState, serial }) {
  const look = { chosen: null, hovered: null };
  const choose = (id) => {
    look.chosen = id;
    redraw();
  };
  const hover = (id) => {
    look.hovered = id;
    redraw();
  };
  const edit = (name, index, value) => set({ [name]: edited(whole(getState()), name, index, value) });
  const tools = { look, choose, hover, edit, serial };
  const drawing = html("div", { class: "rnn-unroll-drawing", role: "group", "aria-label": "The network's values, step by step" });
  const panel = makePanel(drawing, "");
  panel.root.setAttribute("aria-hidden", "true");
  const nodes = makeNodes(drawing, tools);
  const parameters = makeParameters(tools);
  const reading = makeReading(serial);
  const scroll = html("div", { class: "rnn-unroll-scroll" }, drawing);
  figure.append(scroll, parameters.root, reading.root);
  figure.addEventListener("keydown", (event) => event.key === "Escape" && choose(null));
  const history = makeHistory();

  function draw(given, result, width) {
    const state = whole(given);
    const folded = state.view === "folded";
    const values = valuesOf(state, result);
    const { moved, opened, fresh } = history.next(state, values);
    const elsewhere = fresh && moved.length > 0 && !figure.contains(document.activeElement); // a landmark, a link
    if (look.chosen && (elsewhere || !knows(look.chosen, values, state))) look.chosen = null;
    const lit = lightOf(look.hovered ?? look.chosen, state, values);
    const place = folded ? null : layout(state, width);
    scroll.classList.toggle("rnn-unroll-folded", folded);
    scroll.classList.toggle("rnn-unroll-compact", !folded && place.compact);
    if (folded) drawFolded(panel, foldedLayout(width), { state, lit, serial });
    else drawUnrolled(panel, place, { state, values, lit, moved, serial });
    Object.assign(drawing.style, { width: `${panel.width}px`, height: `${panel.height}px` });
    nodes.update(folded ? [] : values, place, state);
    parameters.update(state, lit, result.T);
    reading.update({ folded, lit, moved, chosen: look.chosen, state, result });
    if (opened) slideOut(drawing, place);
  }
  return { draw };
}

// The list of a setting with one number changed; a list of inputs grows to the step that was edited.
function edited(state, name, index, value) {
  const list = Array.from({ length: Math.max(state[name].length, index + 1) }, (_, k) => state[name][k % state[name].length]);
  return list.map((old, k) => (k === index ? value : old));
}

function knows(id, values, state) {
  return values.some((one) => one.id === id) || parametersOf(state).some((one) => one.id === id);
}

// What lights up with a value or a parameter: { id, edges, sources, uses, later }.
function lightOf(id, state, values) {
  if (!id || !knows(id, values, state)) return { id: null, edges: () => false, near: new Set(), later: new Set() };
  const edges = edgesOf(state);
  if (/^[Wb]/.test(id)) {
    const near = usesOf(id, state);
    return { id, edges: (edge) => edge.weight === id, near: new Set(near), later: dependents(edges, near) };
  }
  const near = edges.filter((edge) => edge.to === id).map((edge) => edge.from);
  return { id, edges: (edge) => edge.to === id, near: new Set(near), later: dependents(edges, [id]) };
}

// What the last edit moved, and whether the loop has just been unrolled.
function makeHistory() {
  let [last, seen, moved] = [null, [], []];
  function next(state, values) {
    const opened = last?.view === "folded" && state.view === "unrolled";
    const fresh = last !== null && !sameValue(last, state);
    if (fresh) {
      moved = ["view", "T", "task"].every((name) => last[name] === state[name]) ? changed(seen, values) : [];
    }
    [last, seen] = [state, values];
    return { moved, opened, fresh };
  }
  return { next };
}

// ---- Values: a button for each computed one, a number input for each given one ------------------------------------------

function makeNodes(drawing, tools) {
  const made = new Map();
  let stop = null; // the one button that Tab reaches; arrows go on from it
  function update(values, place, state) {
    const wanted = new Map(values.map((value) => [keyOf(value), value]));
    for (const [key, node] of made) if (!wanted.has(key)) made.delete(key) && node.root.remove();
    for (const [key, value] of wanted) {
      if (!made.has(key)) made.set(key, add(value));
      made.get(key).update(value, place, state);
    }
    const ids = values.filter((value) => !value.given).map((value) => value.id);
    if (!ids.includes(stop)) stop = ids.find((id) => id === "h_1[1]") ?? null;
    for (const [key, { root }] of made) if (!key.startsWith("given ")) root.tabIndex = root.dataset.id === stop ? 0 : -1;
  }
  function add(value) {
    const node = value.given ? givenNode(value, tools) : madeNode(value, tools, walk);
    // In the order of reading, whichever came first: Tab follows the document.
    const after = [...drawing.children].find((one) => Number(one.dataset.order) > orderOf(value));
    node.root.dataset.order = orderOf(value);
    drawing.insertBefore(node.root, after ?? null);
    return node;
  }
  function walk(id, key) {
    const places = [...made.values()].filter(({ root }) => root.localName === "button").map(({ root }) => ({ root, x: root.offsetLeft, y: root.offsetTop }));
    const next = nearestThatWay(places, places.find(({ root }) => root.dataset.id === id), key);
    if (!next) return false;
    stop = next.root.dataset.id;
    for (const { root } of places) root.tabIndex = root === next.root ? 0 : -1;
    next.root.focus();
    return true;
  }
  return { update };
}

function keyOf({ id, given }) {
  return `${given ? "given" : "made"} ${id}`;
}

function orderOf({ kind, t, i = 0 }) {
  return t * 10 + { x: 0, h: 1, o: 5 }[kind] + i;
}

// The nearest place in the arrow's direction, straight ahead before aside.
function nearestThatWay(places, from, key) {
  const [dx, dy] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key] ?? [0, 0];
  const ahead = (one) => (one.x - from.x) * dx + (one.y - from.y) * dy;
  const aside = (one) => Math.abs((one.x - from.x) * dy) + Math.abs((one.y - from.y) * dx);
  const those = places.filter((one) => ahead(one) > 1);
  return those.sort((one, other) => ahead(one) + 4 * aside(one) - ahead(other) - 4 * aside(other))[0];
}

function events(id, { hover, look }) {
  return { onpointerenter: (event) => event.pointerType === "mouse" && hover(id), onpointerleave: () => look.hovered && hover(null) };
}

function madeNode({ id }, tools, walk) {
  const onkeydown = (event) => walk(id, event.key) && event.preventDefault();
  const onclick = () => tools.choose(tools.look.chosen === id ? null : id);
  const root = html("button", { type: "button", class: "rnn-unroll-node", "data-id": id, onclick, onkeydown, ...events(id, tools) });
  function update({ value }, { nodes, compact }) {
    put(root, nodes[id]);
    root.textContent = shown(value, compact);
    root.setAttribute("aria-label", `${symbol(id)} = ${short(value)}`);
    root.setAttribute("aria-pressed", tools.look.chosen === id);
  }
  return { root, update };
}

function givenNode(value, tools) {
  const { id, kind, t, i } = value;
  const [name, index] = kind === "x" ? ["x", t - 1] : ["h0", i - 1];
  const field = makeField(id, symbol(id), name, index, tools);
  function update({ value: now }, { nodes }) {
    put(field.root, nodes[id]);
    field.show(now);
  }
  return { root: field.root, update };
}

// A number to edit in place: chosen when it is entered, set as it is typed, put right when it is left.
function makeField(id, name, setting, index, tools) {
  const { min, max } = spec.controls.find((control) => control.name === setting);
  let now = 0;
  const oninput = () => {
    const value = root.valueAsNumber;
    if (Number.isFinite(value) && value >= min && value <= max) tools.edit(setting, index, value);
  };
  const onblur = () => (root.value = now);
  const onfocus = () => tools.choose(id);
  const attributes = { type: "number", class: "rnn-unroll-field", min, max, step: 0.1, "aria-label": name, "data-id": id };
  const root = html("input", { ...attributes, oninput, onblur, onfocus, ...events(id, tools) });
  function show(value) {
    const typing = document.activeElement === root && !(root.valueAsNumber >= min && root.valueAsNumber <= max);
    if (!typing && root.valueAsNumber !== value) root.value = value;
    now = value;
  }
  return { root, show };
}

const TOUCH = 44;

function put(root, { x, y, w }) {
  const wide = Math.max(w, TOUCH); // the target may be wider than the node that is drawn
  Object.assign(root.style, { left: `${x - wide / 2}px`, top: `${y - TOUCH / 2}px`, width: `${wide}px`, height: `${TOUCH}px` });
}

// As many decimals as the place has room for.
function shown(value, compact) {
  const size = Math.abs(value);
  const most = compact ? 2 : 3;
  return decimals(value, Math.max(0, most - (size >= 100 ? 2 : size >= 10 ? 1 : 0)));
}

// ---- Parameters: drawn once ----------------------------------------------------------------------------------------------

function makeParameters(tools) {
  const fields = parametersOf(defaultsOf(spec)).map((one) => ({ ...one, field: makeField(one.id, one.id, one.name, one.index, tools) }));
  const blocks = PARAMS.map((name) => {
    const own = fields.filter((one) => one.name === name);
    const columns = Math.max(...own.map((one) => one.column));
    const grid = html("span", { class: "rnn-unroll-matrix", style: `grid-template-columns: repeat(${columns}, auto)` }, ...own.map((one) => one.field.root));
    const head = html("span", { class: "rnn-unroll-head" }, maths(LABELS[name]), " ", html("span", { class: "rnn-words" }, SHAPES[name]));
    return html("div", { class: "rnn-unroll-parameter", role: "group", "aria-label": name }, head, grid);
  });
  const count = html("p", { class: "rnn-unroll-count" });
  const root = html("div", { class: "rnn-unroll-parameters" }, html("div", { class: "rnn-unroll-blocks" }, ...blocks), count);
  function update(state, lit, T) {
    const values = parametersOf(state);
    fields.forEach(({ field, id }, k) => {
      field.show(values[k].value);
      field.root.toggleAttribute("data-lit", lit.id === id);
    });
    const parts = PARAMS.flatMap((name, k) => [k ? " + " : "", maths(LABELS[name]), ` ${state[name].length}`]);
    count.replaceChildren(html("b", null, `${parameterCount(state)} parameters`), ` at T = ${T}, and at any T: `, ...parts);
  }
  return { root, update };
}

// ---- What made it, in numbers -----------------------------------------------------------------------------------------------

function makeReading(serial) {
  const lines = html("div", { class: "rnn-unroll-lines" });
  const note = html("p", { class: "rnn-words" });
  const moves = html("p", { class: "rnn-unroll-moves" });
  const root = html("div", { class: "rnn-unroll-reading", id: `${serial}-reading`, "aria-live": "polite" }, lines, note, moves);
  const say = (node, text) => node.textContent !== text && (node.textContent = text);
  function update({ folded, lit, moved, chosen, state, result }) {
    const made = (lit.id ?? chosen) ? arithmetic(lit.id ?? chosen, state, result).lines : [];
    if (lines.dataset.text !== made.join("\n")) {
      lines.dataset.text = made.join("\n");
      lines.replaceChildren(...made.map((text) => html("p", null, text)));
    }
    if (made.length) root.dataset.opened = ""; // from now on the place is kept, so that what stands below stays put
    say(note, made.length ? legend(lit, folded) : folded ? "Point at a parameter to see where it is used." : HINT);
    say(moves, folded || !moved.length ? "" : `▲ changed by the last edit: ${movedWords(moved)}`);
  }
  return { root, update };
}

function legend({ id, near, later }, folded) {
  if (folded) return "";
  const what = /^[Wb]/.test(id) ? "where it enters" : "what it is made from";
  const ringed = near.size ? `Ringed: ${what}. ` : "";
  return `${ringed}${later.size ? `Dashed: the ${later.size} later ${later.size > 1 ? "values" : "value"} that ${later.size > 1 ? "depend" : "depends"} on it.` : "Nothing later depends on it."}`;
}

// Steps rather than single units: h₃, h₄, o₃.
function movedWords(ids) {
  const names = ids.map((id) => id.replace(/\[\d\]/, "")).filter((id, k, all) => all.indexOf(id) === k);
  return ["x", "h", "o"].flatMap((letter) => names.filter((id) => id.startsWith(letter))).map(symbol).join(", ");
}

// ---- Unrolled ---------------------------------------------------------------------------------------------------------------

function drawUnrolled(panel, place, { state, values, lit, moved, serial }) {
  panel.resize(place.width, place.height);
  panel.clear();
  panel.marks.append(arrowHeads(serial));
  const groups = place.columns.map((_, t) => svg("g", { class: "rnn-unroll-step", "data-t": t }));
  panel.marks.append(...groups);
  const on = (t) => ({ ...panel, marks: groups[t] });
  for (const cell of place.cells) groups[cell.t].append(cellMark(cell));
  for (const edge of [...place.edges].sort((one, other) => lit.edges(one) - lit.edges(other))) {
    groups[edge.t].append(edgeMark(edge, lit, serial));
  }
  for (const value of values) drawNode(on(value.t), value, place, { lit, moved, fed: value.kind === "x" && !value.given });
  drawNames(on, place, state);
  drawWeightNames(on, place, state);
}

function cellMark({ x, y, w, h }) {
  return svg("rect", { x, y, width: w, height: h, rx: 14, style: `fill: ${colour("h")}`, "fill-opacity": 0.09 });
}

function arrowHeads(serial) {
  const heads = ["axis", "x", "h", "y", "accent"].map((name) => {
    const tip = svg("path", { d: "M0,0.8L6.4,4L0,7.2Z", style: `fill: ${colour(name)}` });
    return svg("marker", { id: `${serial}-tip-${name}`, viewBox: "0 0 8 8", refX: 6, refY: 4, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" }, tip);
  });
  return svg("defs", null, ...heads);
}

function edgeMark(edge, lit, serial) {
  const on = lit.edges(edge);
  const name = on ? (/^[Wb]/.test(lit.id) ? "accent" : HUE[edge.from[0]]) : edge.weight === null ? "y" : "axis";
  const opacity = on || !lit.id ? (edge.weight === null || on ? 1 : 0.8) : 0.45;
  const style = `stroke: ${colour(name)}`;
  const attributes = { d: edge.path, fill: "none", style, "stroke-width": on ? 2.6 : 1.1, opacity, "marker-end": `url(#${serial}-tip-${name})` };
  return svg("path", { ...attributes, "stroke-dasharray": edge.weight === null && !on ? "4 3" : null, "data-weight": edge.weight, "data-lit": on ? "" : null });
}

function drawNode(panel, value, { nodes, compact }, { lit, moved, fed }) {
  const { id, kind, given } = value;
  const { x, y, w, h } = nodes[id];
  const hue = fed ? "y" : HUE[kind];
  const box = { x: x - w / 2, y: y - h / 2, width: w, height: h, rx: 8 };
  const role = lit.id === id ? "chosen" : lit.near.has(id) ? "near" : lit.later.has(id) ? "later" : null;
  const ring = { chosen: 3, near: 2, later: 1.3 }[role] ?? 0;
  panel.marks.append(
    svg("rect", { ...box, style: `fill: ${colour(hue)}; stroke: ${colour(hue)}`, "fill-opacity": role === "chosen" ? 0.3 : 0.13, "stroke-width": ring, "stroke-dasharray": role === "later" ? "3 3" : null, "data-node": id, "data-role": role }),
  );
  if (given) panel.marks.append(svg("line", { x1: x - w / 2 + 9, x2: x + w / 2 - 9, y1: y + h / 2 - 5, y2: y + h / 2 - 5, style: `stroke: ${colour(hue)}`, "stroke-width": 1.2, "stroke-dasharray": "1.5 2.5" }));
  if (moved.includes(id)) panel.marks.append(svg("path", { d: `M${x + w / 2 - 9},${y - h / 2 + 3}l5,-9l5,9Z`, style: `fill: ${colour("accent")}; stroke: var(--rnn-paper)`, "data-moved": id }));
}

// Symbols beside the nodes; shapes where h_0's column leaves room.
function drawNames(on, { nodes, cells, columns, rows, compact, edges }, state) {
  const small = { size: compact ? 12 : 13, fill: "ink", halo: false }; // a halo would eat into the letter before an index
  const shape = { size: compact ? 11 : 12, fill: "muted", plain: true, halo: false };
  const fed = new Set(edges.filter((edge) => edge.weight === null).map((edge) => edge.to));
  for (const { t, x, y } of cells) label(on(t), [x + 9, y + 15], `h_${t}`, small);
  for (const [id, { x, y, h }] of Object.entries(nodes)) {
    const t = Number(/\d+/.exec(id)[0]);
    if (id.startsWith("x")) label(on(t), [x, y + h / 2 + 17], fed.has(id) ? `x_${t} = o_${t - 1}` : id, { ...small, anchor: "middle" });
    if (id.startsWith("o")) label(on(t), [x, y - h / 2 - 8], id, { ...small, anchor: "middle" });
  }
  const [x0, half] = [columns[0], nodes["h_0[1]"].h / 2];
  label(on(0), [x0, rows.h1 - half - 8], "h_0", { ...small, anchor: "middle" });
  label(on(0), [x0, rows.h2 + half + 17], "(B, H)", { ...shape, anchor: "middle" });
  for (const [name, words, y] of [["x_t", "(B, D)", rows.x], ["o_t", "(B, O)", rows.o]]) {
    label(on(0), [x0, y - 3], name, { ...small, anchor: "middle" });
    label(on(0), [x0, y + 14], words, { ...shape, anchor: "middle" });
  }
}

// Names on the edges: at every step where there is room, so that one name is seen to stand T times.
function drawWeightNames(on, { nodes, cells, columns, rows, compact, gap }, state) {
  const look = { size: compact ? 11 : 12, fill: "muted", halo: false };
  for (const { t, x, y, w, h } of cells) {
    if (compact && t > 1) continue;
    const middle = x + w / 2;
    const read = state.task !== "one-to-many" || t === 1 || !compact;
    if (read) label(on(t), [middle + 5, (y + h + rows.x - 14) / 2 + 6], "W_{xh}", look);
    if (nodes[`o_${t}`]) label(on(t), [middle - 5, (y + rows.o + 14) / 2 + 5], "W_{hy}", { ...look, anchor: "end" });
    const before = t === 1 ? columns[0] + nodes["h_0[1]"].w / 2 : cells[t - 2].x + cells[t - 2].w;
    if (x - before >= 34 && (state.task !== "one-to-many" || t === 1)) label(on(t), [(before + x) / 2, rows.h1 - 7], "W_{hh}", { ...look, anchor: "middle" });
  }
}

// Columns come out of the first one: the loop, written out.
function slideOut(drawing, { columns }) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  const move = (node, t) => {
    const from = { transform: `translateX(${columns[1] - columns[t]}px)`, opacity: 0 };
    node.animate([from, { transform: "none", opacity: 1 }], { duration: SLIDE, easing: "ease-out" });
  };
  for (const group of drawing.querySelectorAll(".rnn-unroll-step")) if (group.dataset.t > 1) move(group, Number(group.dataset.t));
  for (const node of drawing.querySelectorAll("[data-order]")) {
    const t = Math.floor(node.dataset.order / 10);
    if (t > 1) move(node, t);
  }
}

// ---- Folded -----------------------------------------------------------------------------------------------------------------

function drawFolded(panel, place, { state, lit, serial }) {
  const { cell, input, output, units, paths, right, reach, compact } = place;
  panel.resize(place.width, place.height);
  panel.clear();
  const heads = arrowHeads(serial);
  panel.marks.append(heads, cellMark(cell));
  const weightOf = { x: "W_xh", loop: "W_hh", o: "W_hy" };
  for (const [name, d] of Object.entries(paths)) {
    if (name === "fed" && state.task !== "one-to-many") continue;
    const on = Boolean(lit.id) && lit.id.startsWith(weightOf[name] ?? "none");
    panel.marks.append(foldedEdge(d, name, { on, serial }));
  }
  const words = { size: compact ? 12 : 13, fill: "muted", plain: true };
  symbolNode(panel, input, "x_t", "x");
  symbolNode(panel, output, "o_t", "y");
  units.forEach((unit, k) => symbolNode(panel, unit, `h_t[${k + 1}]`, "h"));
  const beside = (node) => [node.x + node.w / 2 + 10, node.y + 5];
  label(panel, beside(input), inputWords(state.task), words);
  label(panel, beside(output), outputWords(state.task), words);
  const named = (x, y, text, shape) => {
    label(panel, [x, y], text, { size: 13, halo: false });
    label(panel, [x + 36, y], shape, words);
  };
  named(input.x + 8, (cell.y + cell.h + input.y - 16) / 2 + 5, "W_{xh}", "(D, H)");
  named(output.x + 8, (cell.y + output.y + 16) / 2 + 5, "W_{hy}", "(H, O)");
  const out = right + reach * 0.98 + 10;
  const middle = cell.y + cell.h / 2;
  named(out, middle - 12, "W_{hh}", "(H, H)");
  label(panel, [out, middle + 8], "h_{t−1}", { size: 13, halo: false });
  label(panel, [out + 36, middle + 8], "(B, H)", words);
  label(panel, [out, middle + 28], "one step later", words);
}

function foldedEdge(d, name, { on, serial }) {
  const hue = on ? "accent" : name === "fed" ? "y" : name === "loop" ? "h" : "axis";
  const style = `stroke: ${colour(hue)}`;
  const look = { fill: "none", "stroke-width": on ? 2.8 : name === "loop" ? 2 : 1.3, "stroke-dasharray": name === "fed" ? "4 3" : null };
  return svg("path", { d, style, ...look, "marker-end": `url(#${serial}-tip-${hue})` });
}

function symbolNode(panel, { x, y, w, h }, text, hue) {
  const box = { x: x - w / 2, y: y - h / 2, width: w, height: h, rx: 9 };
  panel.marks.append(svg("rect", { ...box, style: `fill: ${colour(hue)}`, "fill-opacity": 0.14 }));
  label(panel, [x, y + 5], text, { anchor: "middle", size: 15, halo: false });
}

function inputWords(task) {
  return task === "one-to-many" ? "(B, D), then o fed back" : task === "one-to-one" ? "(B, D), once" : "(B, D), at every step";
}

function outputWords(task) {
  const when = { "many-to-one": "after the last step only", "one-to-one": "once" }[task] ?? "at every step";
  return `(B, O), ${when}`;
}

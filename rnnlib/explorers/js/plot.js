// Small helpers that draw with SVG, one unit a CSS pixel, so that text keeps its size at every width.
// Colours are custom properties of the palette, written as names: "h" stands for var(--rnn-h).

import { digits, mathsRuns } from "./format.js";

const SVG = "http://www.w3.org/2000/svg";
const TEXT = 13; // px; a subscript is 11
const TOUCH = 22; // px, half of a touch target

export function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export function colour(name) {
  return `var(--rnn-${name.replaceAll("_", "-")})`;
}

// ---- Scales: from data to pixels -----------------------------------------------------------------------------------

export function linear([d0, d1], [r0, r1]) {
  const scale = (value) => r0 + ((value - d0) / (d1 - d0)) * (r1 - r0);
  scale.invert = (pixel) => d0 + ((pixel - r0) / (r1 - r0)) * (d1 - d0);
  scale.ticks = (count = 5) => linearTicks(d0, d1, count);
  scale.domain = [d0, d1];
  return scale;
}

export function log([d0, d1], [r0, r1]) {
  const inner = linear([Math.log10(d0), Math.log10(d1)], [r0, r1]);
  const scale = (value) => inner(Math.log10(value));
  scale.invert = (pixel) => 10 ** inner.invert(pixel);
  scale.ticks = (count = 5) => logTicks(d0, d1, count);
  scale.domain = [d0, d1];
  return scale;
}

// About `count` round values: steps of 1, 2 or 5 times a power of ten.
export function linearTicks(from, to, count) {
  const raw = (to - from) / Math.max(1, count - 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= raw * 0.999);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}

function logTicks(from, to, count) {
  const [first, last] = [Math.ceil(Math.log10(from) - 1e-9), Math.floor(Math.log10(to) + 1e-9)];
  const step = Math.max(1, Math.ceil((last - first + 1) / count));
  const powers = Array.from({ length: Math.max(0, last - first + 1) }, (_, k) => first + k);
  return powers.filter((power) => (power - last) % step === 0).map((power) => 10 ** power);
}

// The smallest of 1, 1.5, 2, 3, 5, 10 times a power of ten that holds `size`: an axis that does not jump at each move.
export function roundUp(size) {
  const power = 10 ** Math.floor(Math.log10(size));
  return [1, 1.5, 2, 3, 5, 10].map((factor) => factor * power).find((bound) => bound >= size * 0.999999);
}

// ---- A panel: an SVG with a layer for marks, which a screen reader passes over, and one for what can be moved -----------

export function makePanel(parent, label) {
  const marks = svg("g", { "aria-hidden": "true" });
  const front = svg("g");
  const root = svg("svg", { class: "rnn-panel", role: "group", "aria-label": label }, marks, front);
  parent.append(root);
  const panel = { root, marks, front, width: 0, height: 0 };
  panel.resize = (width, height, { left = 44, right = 12, top = 14, bottom = 38 } = {}) => {
    Object.assign(panel, { width, height, left, right: width - right, top, bottom: height - bottom });
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) {
      root.setAttribute(name, value);
    }
  };
  panel.clear = () => marks.replaceChildren();
  return panel;
}

// ---- Marks ----------------------------------------------------------------------------------------------------------

export function line(panel, points, { stroke = "ink", width = 1.5, dash, opacity } = {}) {
  const path = points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
  const look = { fill: "none", "stroke-width": width, "stroke-dasharray": dash, opacity, "stroke-linejoin": "round" };
  return mark(panel, "polyline", { points: path, ...look, style: `stroke: ${colour(stroke)}` });
}

export function segment(panel, [x1, y1], [x2, y2], options) {
  return line(panel, [[x1, y1], [x2, y2]], options);
}

// A dot; `hollow` fills it with the paper.
export function dot(panel, [x, y], { fill = "ink", radius = 3, hollow = false, width = 1.5, opacity } = {}) {
  const style = `fill: ${hollow ? "var(--rnn-paper)" : colour(fill)}; stroke: ${colour(fill)}`;
  const at = { cx: x.toFixed(2), cy: y.toFixed(2), r: radius };
  return mark(panel, "circle", { ...at, style, "stroke-width": hollow ? width : 0, opacity });
}

// Many equal dots as one mark: lines of no length with round ends.
export function dots(panel, points, { fill = "ink", radius = 3 } = {}) {
  const path = points.map(([x, y]) => `M${x.toFixed(2)} ${y.toFixed(2)}h0`).join("");
  return mark(panel, "path", { d: path, "stroke-width": 2 * radius, "stroke-linecap": "round", style: `stroke: ${colour(fill)}` });
}

// Upright bars as one mark, each [x, from, to].
export function bars(panel, list, { fill = "ink", width = 3 } = {}) {
  const path = list.map(([x, from, to]) => `M${x.toFixed(2)} ${from.toFixed(2)}V${to.toFixed(2)}`).join("");
  return mark(panel, "path", { d: path, "stroke-width": width, style: `stroke: ${colour(fill)}` });
}

// Text beside what it names. `anchor` is start, middle or end; a halo of the paper keeps lines out of it.
export function label(panel, [x, y], text, { fill = "ink", anchor = "start", size = TEXT, halo = true, plain = false } = {}) {
  const node = mark(panel, "text", { x: x.toFixed(1), y: y.toFixed(1), "text-anchor": anchor, class: halo ? "rnn-halo" : null });
  node.setAttribute("style", `fill: ${colour(fill)}; font-size: ${size}px`);
  node.append(...(plain ? [text] : mathsTspans(text, size)));
  return node;
}

function mark(panel, tag, attributes) {
  const node = svg(tag, attributes);
  panel.marks.append(node);
  return node;
}

// Maths as tspans: variables lean, subscripts are lowered and stay at 11 px or more.
function mathsTspans(text, size) {
  let level = 0;
  return mathsRuns(text).map((run) => {
    const dy = (level - run.level) * size * 0.28;
    level = run.level;
    const font = run.level ? `${Math.max(11, size * 0.78)}px` : null;
    return svg("tspan", { dy: dy ? dy.toFixed(2) : null, "font-size": font, class: run.italic ? "rnn-variable" : null }, run.text);
  });
}

// ---- Axes: a thin line, few ticks, the maths' own symbol as label --------------------------------------------------

export function axisX(panel, scale, { ticks = scale.ticks(), name, format = (value) => digits(value), at = panel.bottom } = {}) {
  segment(panel, [panel.left, at], [panel.right, at], { stroke: "axis", width: 1 });
  for (const tick of ticks) {
    const x = scale(tick);
    segment(panel, [x, at], [x, at + 4], { stroke: "axis", width: 1 });
    label(panel, [x, at + 19], format(tick), { anchor: "middle", fill: "muted", size: 12, halo: false, plain: true });
  }
  if (name) label(panel, [panel.right, at + 33], name, { anchor: "end", halo: false });
}

export function axisY(panel, scale, { ticks = scale.ticks(), name, format = (value) => digits(value), at = panel.left } = {}) {
  segment(panel, [at, scale(scale.domain[0])], [at, scale(scale.domain[1])], { stroke: "axis", width: 1 });
  for (const tick of ticks) {
    const y = scale(tick);
    segment(panel, [at - 4, y], [at, y], { stroke: "axis", width: 1 });
    label(panel, [at - 8, y + 4], format(tick), { anchor: "end", fill: "muted", size: 12, halo: false, plain: true });
  }
  if (name) label(panel, [at + 8, panel.top + 4], name, {});
}

// ---- A point that can be dragged, and moved by keyboard as a slider is -----------------------------------------------

// `write` takes the new value; `valueAt(x, y)` turns a place in the panel into a value.
export function makeHandle(panel, { name, fill, min, max, step, valueAt, write, radius = 7 }) {
  const ring = svg("circle", { r: radius + 5, class: "rnn-handle-ring", style: `stroke: ${colour(fill)}` });
  const knob = svg("circle", { r: radius, class: "rnn-handle-knob", style: `fill: ${colour(fill)}` });
  const touch = svg("circle", { r: TOUCH, fill: "transparent" });
  const range = { "aria-valuemin": min, "aria-valuemax": max };
  const root = svg("g", { class: "rnn-handle", role: "slider", tabindex: 0, "aria-label": name, ...range }, touch, ring, knob);
  panel.front.append(root);
  const hold = (value) => Math.min(max, Math.max(min, Number((Math.round(value / step) * step).toPrecision(12))));
  let value = 0;
  // touch-action alone does not keep browsers from scrolling with a finger on a part of an SVG
  root.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  onDrag(panel, root, (x, y) => write(hold(valueAt(x, y))));
  root.addEventListener("keydown", (event) => {
    const next = keyStep(event.key, value, { min, max, step });
    if (next === undefined) return;
    event.preventDefault();
    write(hold(next));
  });
  function place(x, y, now, text) {
    value = now;
    root.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
    root.setAttribute("aria-valuenow", now);
    root.setAttribute("aria-valuetext", text);
  }
  function setRange(low, high) {
    [min, max] = [low, high];
    root.setAttribute("aria-valuemin", low);
    root.setAttribute("aria-valuemax", high);
  }
  return { root, place, setRange };
}

// Where a key moves a slider, or undefined if it does not.
export function keyStep(key, value, { min, max, step }) {
  const moves = { ArrowUp: step, ArrowRight: step, ArrowDown: -step, ArrowLeft: -step, PageUp: 10 * step, PageDown: -10 * step };
  if (key in moves) return Math.min(max, Math.max(min, value + moves[key]));
  return { Home: min, End: max }[key];
}

// Calls move(x, y), in the panel's pixels, while a pointer is down on `node`.
export function onDrag(panel, node, move) {
  const at = (event) => {
    const box = panel.root.getBoundingClientRect();
    const zoom = panel.width / box.width;
    move((event.clientX - box.left) * zoom, (event.clientY - box.top) * zoom);
  };
  node.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    node.setPointerCapture(event.pointerId);
    node.focus({ preventScroll: true });
    at(event);
  });
  node.addEventListener("pointermove", (event) => node.hasPointerCapture(event.pointerId) && at(event));
}

// ---- A heatmap of signed values: rows × columns on a canvas, clear at 0 -----------------------------------------------

function makeCanvas(parent, name) {
  const canvas = document.createElement("canvas");
  canvas.className = "rnn-heatmap";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", name);
  parent.append(canvas);
  return canvas;
}

export function makeHeatmap(parent, name) {
  const canvas = makeCanvas(parent, name);
  // value(row, column) in −limit … limit; the canvas takes width × height CSS pixels.
  function draw({ rows, columns, value, limit = 1, width, height }) {
    const ratio = globalThis.devicePixelRatio || 1;
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    paint(canvas.getContext("2d"), canvas, { rows, columns, value, limit, colours: signColours(canvas) });
  }
  return { root: canvas, draw };
}

function paint(context, { width, height }, { rows, columns, value, limit, colours }) {
  for (let row = 0; row < rows; row++) {
    const [top, bottom] = [row, row + 1].map((edge) => Math.round((edge * height) / rows));
    for (let column = 0; column < columns; column++) {
      const [left, right] = [column, column + 1].map((edge) => Math.round((edge * width) / columns));
      const share = value(row, column) / limit;
      context.globalAlpha = Math.min(1, Math.abs(share)) || 0;
      context.fillStyle = share < 0 ? colours.negative : colours.positive;
      context.fillRect(left, top, right - left, bottom - top);
    }
  }
}

// The same for thousands of cells: one pixel a cell, enlarged by the browser. `left` and `top` place it under a panel.
export function makePixels(parent, name) {
  const canvas = makeCanvas(parent, name);
  function draw({ rows, columns, value, limit = 1, left, top, width, height }) {
    Object.assign(canvas, { width: columns, height: rows });
    const look = { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px`, imageRendering: "pixelated" };
    Object.assign(canvas.style, look);
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, rows);
    const { negative, positive } = signColours(canvas);
    const [below, above] = [channels(negative), channels(positive)];
    const pixels = new Uint32Array(image.data.buffer); // one number a pixel: alpha, blue, green, red, from the highest byte
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, at++) {
        const share = value(row, column) / limit;
        pixels[at] = ((share < 0 ? below : above) | (Math.min(255, Math.abs(share) * 255) << 24)) >>> 0;
      }
    }
    context.putImageData(image, 0, 0);
  }
  return { root: canvas, draw };
}

// "#1d4fd0" as blue, green, red in the bytes of a number.
function channels(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return (blue << 16) | (green << 8) | red;
}

// A canvas needs the colours themselves, as the page has them now.
function signColours(node) {
  const look = getComputedStyle(node);
  const read = (name) => look.getPropertyValue(`--rnn-${name}`).trim();
  return { negative: read("negative"), positive: read("positive") };
}

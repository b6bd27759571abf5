// Why does one step throw training away? The error over (w, b) as a map, on it the path of descent with the start to drag,
// and beside it E over the steps. The map does not depend on any control, so it is painted once a theme. Numbers and words
// are in loss-cliff-model.js.

import { arithmeticOf, compute, describe, goals, outcome, powerOf, surfaceOf } from "./loss-cliff-model.js";
import { digits } from "./format.js";
import { axisX, axisY, dot, dots, label, line, linear, log, makeHandle, makePanel, onDrag, segment, svg } from "./plot.js";
import { html, mountExplorer } from "./controls.js";
import { spec } from "./loss-cliff.spec.js";

export { compute, describe, goals, outcome };

const SIDE_BY_SIDE = 600; // px of width from which the panels stand side by side
const CELLS = 112; // of the map, each way
const MOST = 0.49; // E at its largest: the colour scale is absolute
const MARKS = [0, 0.01, 0.09, 0.49];
const ERRORS = [1e-6, 1]; // absolute
const held = (value, low, high) => Math.max(low, Math.min(high, value));

export function render({ model, el }) {
  return mountExplorer({ model, el, spec, compute, describe, outcome, goals, view });
}

function view({ figure, set, redraw, getState, serial }) {
  const box = html("div", { class: "rnn-cliff" });
  const canvas = html("canvas", { class: "rnn-cliff-map", "aria-hidden": "true" });
  box.append(canvas);
  const map = makePanel(box, "The error over w and b, and the path of descent");
  figure.append(box);
  const course = makePanel(figure, "The error over the steps of descent");
  const arithmetic = html("p", { class: "rnn-arithmetic" });
  figure.after(arithmetic);
  const scales = {};
  const reading = { step: null }; // null: the step before the longest one
  const read = (step) => {
    reading.step = Math.round(step);
    redraw();
  };
  const pick = svg("rect", { class: "rnn-pick" });
  course.front.append(pick);
  onDrag(course, pick, (x) => read(scales.time.invert(x)));
  const knob = makeHandle(course, { name: "step of descent to read", fill: "ink", radius: 5, min: 0, max: 60, step: 1, valueAt: (x) => scales.time.invert(x), write: read });
  const start = makeStart(map, scales, set, getState);
  const clip = makeClip(map, serial);
  const paint = makePainter(canvas);

  function draw(state, result, width) {
    layOut(width, state);
    paint(canvas);
    drawMap(map, scales, state, result, clip);
    start.place(scales.across(state.w), scales.up(state.b), state.w, `w = ${digits(state.w)}, b = ${digits(state.b)}`);
    const { path, longest } = result.chosen;
    const at = held(reading.step ?? Math.max(0, longest - 1), 0, path.length - 1);
    drawCourse(course, scales, state, result, at);
    drawReading(map, scales, path[at], clip);
    knob.setRange(0, path.length - 1);
    knob.place(scales.time(at), course.bottom, at, `after ${at} steps E is ${digits(path[at].error, 3, 0)}`);
    arithmetic.textContent = arithmeticOf(state, result.chosen, at);
  }

  function layOut(width, state) {
    const beside = width >= SIDE_BY_SIDE;
    const size = beside ? Math.min(400, Math.round(width * 0.55)) : Math.min(width, 400);
    map.resize(size, size + 30, { left: 42, right: 14, top: 34, bottom: 40 });
    course.resize(beside ? width - size : width, beside ? size + 30 : 220, { left: 56, right: 16, top: 34, bottom: 40 });
    scales.across = linear(spec.map.w, [map.left, map.right]);
    scales.up = linear(spec.map.b, [map.bottom, map.top]);
    scales.time = linear([0, Math.max(10, state.steps)], [course.left, course.right]);
    scales.errors = log(ERRORS, [course.bottom, course.top]);
    const place = { left: map.left, top: map.top, width: map.right - map.left, height: map.bottom - map.top };
    Object.assign(canvas.style, Object.fromEntries(Object.entries(place).map(([key, value]) => [key, `${value}px`])));
    clip.resize(place);
    for (const [key, value] of Object.entries({ x: course.left, y: course.top, width: course.right - course.left, height: course.bottom - course.top })) pick.setAttribute(key, value);
  }
  return { draw };
}

// The start as a point in the map; left and right move w, up and down b.
function makeStart(map, scales, set, getState) {
  const control = (name) => spec.controls.find((one) => one.name === name);
  const { min, max, step } = control("w");
  const hold = (value, { min: low, max: high }) => held(Number((Math.round(value / step) * step).toPrecision(12)), low, high);
  let b = 0;
  const valueAt = (x, y) => {
    b = scales.up.invert(y);
    return scales.across.invert(x);
  };
  const name = "start: left and right for w, up and down for b";
  const handle = makeHandle(map, { name, fill: "h", min, max, step, valueAt, write: (w) => set({ w, b: hold(b, control("b")) }) });
  const moves = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
  handle.root.addEventListener("keydown", (event) => {
    b = getState().b;
    if (!(event.key in moves)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    set({ b: hold(b + moves[event.key] * step, control("b")) });
  }, true);
  return handle;
}

// What lies outside the map is cut off; `layer` takes the marks that are.
function makeClip(map, serial) {
  const rect = svg("rect");
  const id = `${serial}-map`;
  map.root.prepend(svg("defs", null, svg("clipPath", { id }, rect)));
  const layer = svg("g", { "clip-path": `url(#${id})` });
  const resize = ({ left, top, width, height }) => {
    for (const [key, value] of Object.entries({ x: left, y: top, width, height })) rect.setAttribute(key, value);
  };
  return { layer: { marks: layer }, resize };
}

// ---- The map --------------------------------------------------------------------------------------------------------------

// E as ink, its root as strength, so that 0.01 still differs from 0: clear at 0, 0.6 at 0.49.
function shade(error) {
  return 0.6 * Math.sqrt(Math.min(1, error / MOST));
}

// Paints when the ink has changed, at first and with the theme.
function makePainter(canvas) {
  let painted = "";
  return () => {
    const ink = getComputedStyle(canvas).getPropertyValue("--rnn-ink").trim();
    if (ink === painted) return;
    painted = ink;
    const { side, values } = surfaceOf(CELLS);
    Object.assign(canvas, { width: side, height: side });
    const context = canvas.getContext("2d");
    const image = context.createImageData(side, side);
    const channels = [1, 3, 5].map((at) => parseInt(ink.slice(at, at + 2), 16));
    values.forEach((error, k) => image.data.set([...channels, 255 * shade(error)], 4 * k));
    context.putImageData(image, 0, 0);
  };
}

function drawMap(panel, { across, up }, state, { chosen, other }, clip) {
  panel.clear();
  clip.layer.marks.replaceChildren();
  panel.marks.append(clip.layer.marks);
  axisX(panel, across, { name: "w", ticks: across.ticks(6) });
  axisY(panel, up, { ticks: up.ticks(6) });
  label(panel, [panel.left - 34, 22], "b");
  drawScale(panel);
  const points = ({ path }) => path.map(({ w, b }) => [across(w), up(b)].map((value) => held(value, -1e5, 1e5)));
  line(clip.layer, points(other), { stroke: "paper", width: 3, opacity: 0.6 });
  line(clip.layer, points(other), { stroke: "grad_c", width: 1.2, dash: "3 3" });
  line(clip.layer, points(chosen), { stroke: "paper", width: 4, opacity: 0.8 }); // keeps the path off the dark ground
  line(clip.layer, points(chosen), { stroke: "grad", width: 1.8 });
  dots(clip.layer, points(chosen), { fill: "grad", radius: 2 });
  nameExit(panel, points(chosen), chosen.path);
}

// Where the path leaves the map: which way it goes, and to where.
function nameExit(panel, points, path) {
  const inside = ([x, y]) => x >= panel.left && x <= panel.right && y >= panel.top && y <= panel.bottom;
  const k = points.findIndex((point) => !inside(point));
  if (k < 1) return;
  const edge = exitOf(points[k - 1], points[k], panel);
  const text = `to (${digits(path[k].w)}, ${digits(path[k].b)})`;
  const left = edge[0] > (panel.left + panel.right) / 2;
  label(panel, [held(edge[0] + (left ? -10 : 10), panel.left + 6, panel.right - 6), held(edge[1] + 18, panel.top + 16, panel.bottom - 8)], text, { plain: true, size: 12, fill: "grad", anchor: left ? "end" : "start" });
}

// Where the segment between a point inside and one outside crosses the edge.
function exitOf([x1, y1], [x2, y2], { left, right, top, bottom }) {
  const shares = [[x1, x2, left], [x1, x2, right], [y1, y2, top], [y1, y2, bottom]].filter(([from, to, at]) => from < at !== to < at).map(([from, to, at]) => (at - from) / (to - from));
  const share = Math.min(1, ...shares.filter((one) => one > 0));
  return [x1 + share * (x2 - x1), y1 + share * (y2 - y1)];
}

// The colour scale, above the map.
function drawScale(panel) {
  const [width, size] = [46, 12];
  MARKS.forEach((error, k) => {
    const x = panel.right - (MARKS.length - k) * width;
    const look = { x, y: 8, width: size, height: size, "fill-opacity": shade(error), "stroke-width": 1, style: "fill: var(--rnn-ink); stroke: var(--rnn-axis)" };
    panel.marks.append(svg("rect", look));
    label(panel, [x + size + 4, 18], error === 0 ? "E = 0" : String(error), { plain: true, size: 11, fill: "muted", halo: false });
  });
}

function drawReading(panel, { across, up }, { w, b }, clip) {
  const at = [held(across(w), panel.left, panel.right), held(up(b), panel.top, panel.bottom)];
  dot(clip.layer, at, { fill: "grad", radius: 5 });
}

// ---- E over the steps -------------------------------------------------------------------------------------------------------

function drawCourse(panel, { time, errors }, { clipping, steps }, { chosen, other }, at) {
  panel.clear();
  axisX(panel, time, { name: "step of descent", ticks: time.ticks(5).filter(Number.isInteger) });
  axisY(panel, errors, { ticks: [1e-6, 1e-4, 1e-2, 1], format: (tick) => powerOf(Math.round(Math.log10(tick))) });
  label(panel, [panel.left - 34, 22], "E");
  const points = ({ path }) => path.map(({ error }, k) => [time(k), errors(held(error, ...ERRORS))]);
  line(panel, points(other), { stroke: "grad_c", width: 1.2, dash: "3 3" });
  line(panel, points(chosen), { stroke: "grad", width: 1.8 });
  if (steps > 0) {
    const names = clipping ? ["without clipping", "clipped"] : ["clipped", "without clipping"];
    label(panel, [panel.left + 40, 22], `dashed: ${names[0]}`, { plain: true, size: 12, fill: "grad_c" });
  }
  const [x, y] = points(chosen)[at];
  segment(panel, [x, panel.bottom], [x, y], { stroke: "axis", width: 1, dash: "2 3" });
  dot(panel, [x, y], { fill: "grad", radius: 5 });
}

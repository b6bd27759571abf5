// What does each gate let through? One row a quantity over time, this unit's filled and the others' thin; under them the
// gradient of the memory and its direct path on a logarithmic axis that never moves; at the right the numbers of one step,
// each a button for its arithmetic. The numbers and words are in gates-model.js.

import { GATES, KEEPS, MEMORY, ROWS, arithmeticOf, compute, describe, goals, outcome, pinsOf, valueAt } from "./gates-model.js";
import { decimals, digits, superscript } from "./format.js";
import { drawCurve } from "./log-curve.js";
import { axisX, axisY, colour, dot, label, line, linear, log, makeHandle, makePanel, onDrag, roundUp, segment, svg } from "./plot.js";
import { html, maths, mountExplorer } from "./controls.js";
import { spec } from "./gates.spec.js";

export { compute, describe, goals, outcome };

const TOP = 24; // px, for the head of the numbers
const ROW = 44;
const AIR = 5; // px above and under what a row shows
const GRADIENT = 132;
const BETWEEN = 36; // px from the rows to the gradient, for its names
const NUMBERS = 84; // px at the right
const NORMS = [1e-9, 1e3];
const TICKS = [1e-9, 1e-6, 1e-3, 1, 1e3];
const ALL = [...new Set([...ROWS.lstm, ...ROWS.gru, "total", "direct"])];
const SMALL = { total: "total", direct: "direct" }; // what stands above a number that has no row
const power = (tick) => (tick === 1 ? "1" : `10${superscript(Math.round(Math.log10(tick)))}`);

export function render({ model, el }) {
  return mountExplorer({ model, el, spec, compute, describe, outcome, goals, view });
}

function view({ figure, redraw, serial }) {
  const root = figure.parentNode;
  figure.before(root.querySelector(".rnn-controls")); // a pin stands above what it changes
  const panel = makePanel(figure, "Gates, memory and gradient over time");
  const arithmetic = html("p", { class: "rnn-arithmetic", role: "status" });
  figure.after(arithmetic);
  const [reading, scales] = [{ t: 2, row: "c" }, {}];
  let shown = { T: 1 };
  const read = (changes) => {
    Object.assign(reading, changes);
    redraw();
  };
  const pick = svg("rect", { class: "rnn-pick" });
  panel.front.append(pick);
  const toStep = (x) => Math.max(0, Math.min(shown.T, Math.round(scales.time.invert(x))));
  const step = makeHandle(panel, { name: "step t to read", fill: "ink", radius: 5, min: 0, max: 60, step: 1, valueAt: toStep, write: (t) => read({ t }) });
  onDrag(panel, pick, (x, y) => read({ t: toStep(x), ...rowAt(scales, y) }));
  const numbers = makeNumbers(figure, (row) => read({ row }));
  const find = (name) => root.querySelector(`#${serial}-${name}`).closest(".rnn-control");

  function draw(state, result, width) {
    shown = result;
    reading.t = Math.min(reading.t, result.T);
    if (!scaleNames(state).includes(reading.row)) reading.row = MEMORY[state.cell];
    showControls(find, state);
    layOut(panel, scales, state, result, width);
    drawPanel(panel, scales, state, result, reading);
    step.setRange(0, result.T);
    step.place(scales.time(reading.t), panel.bottom, reading.t, `t = ${reading.t}`);
    const box = { x: panel.left, y: panel.top, width: panel.right - panel.left, height: panel.bottom - panel.top };
    for (const [name, value] of Object.entries(box)) pick.setAttribute(name, value);
    numbers.draw(state, result, scales, reading, width);
    arithmetic.textContent = arithmeticOf(state, result, reading.row, reading.t);
  }
  return { draw };
}

function scaleNames({ cell }) {
  return [...ROWS[cell], "total", "direct"];
}

// What acts on the other cell alone is not shown.
function showControls(find, { cell, units }) {
  for (const name of [...GATES.lstm, "loss"]) find(name).hidden = cell !== "lstm";
  for (const name of [...GATES.gru, "reset"]) find(name).hidden = cell !== "gru";
  find("unit").hidden = units === 1;
  find("unit").querySelector("input").max = units - 1;
}

function rowAt({ rows }, y) {
  const row = rows.find(({ top, bottom }) => y >= top && y < bottom);
  return row ? { row: row.name } : {};
}

function layOut(panel, scales, { cell }, { T }, width) {
  const names = ROWS[cell];
  const foot = TOP + names.length * ROW;
  panel.resize(width, foot + BETWEEN + GRADIENT + 40, { left: 58, right: NUMBERS, top: TOP, bottom: 40 });
  scales.time = linear([0, T], [panel.left, panel.right]);
  scales.up = log(NORMS, [panel.bottom, foot + BETWEEN]);
  scales.rows = names.map((name, k) => ({ name, top: TOP + k * ROW, bottom: TOP + (k + 1) * ROW }));
  scales.foot = foot;
}

function drawPanel(panel, scales, state, result, { t }) {
  panel.clear();
  const x = scales.time(t);
  for (const [from, to] of [[TOP, scales.foot], [scales.up(NORMS[1]), panel.bottom]]) segment(panel, [x, from], [x, to], { stroke: "axis", width: 1, dash: "2 3" });
  for (const row of scales.rows) drawRow(panel, scales, state, result, row, t);
  drawGradient(panel, scales, state, result, t);
}

// ---- The rows --------------------------------------------------------------------------------------------------------

function toneOf(name, cell) {
  if (name === "total") return cell === "lstm" ? "grad_c" : "grad";
  return name === "direct" ? KEEPS[cell] : name === "Δ" ? "muted" : name;
}

// All units of a row as [first t, one array a unit].
function seriesOf(name, { trace, apart, H }) {
  if (name === "x") return [1, [trace.x]];
  const [first, values] = name === "Δ" ? [0, apart] : name === "h" || name === "c" ? [0, trace[name]] : [1, trace.gates[name]];
  const units = Array.from({ length: H }, (_, j) => values.filter((_, k) => k % H === j));
  return [first, units];
}

function drawRow(panel, { time }, state, result, { name, top, bottom }, t) {
  const [first, units] = seriesOf(name, result);
  const isGate = GATES[state.cell].includes(name);
  const most = isGate || "gnh".includes(name) ? 1 : reachOf(units);
  const up = linear([isGate ? 0 : -most, most], [bottom - AIR, top + AIR]);
  const mine = Math.min(result.unit, units.length - 1);
  const points = (values) => Array.from(values, (value, k) => [time(k + first), up(value)]);
  drawScale(panel, up, name, most, toneOf(name, state.cell));
  units.forEach((values, j) => j !== mine && line(panel, points(values), { stroke: toneOf(name), width: 1, opacity: 0.6 }));
  const own = points(units[mine]);
  fill(panel, [[own[0][0], up(0)], ...own, [own[own.length - 1][0], up(0)]], toneOf(name));
  line(panel, own, { stroke: toneOf(name), width: 2 });
  if (t >= first) dot(panel, own[t - first], { fill: toneOf(name), radius: 4 });
  if (name in pinsOf(state)) label(panel, [panel.right - 4, up(0.5) + 4], "pinned", { anchor: "end", size: 12, plain: true });
}

function reachOf(units) {
  const most = units.reduce((all, values) => values.reduce((size, value) => Math.max(size, Math.abs(value)), all), 0);
  return most < 1e-12 ? 1 : roundUp(most);
}

// The name, the line of 0, and how far the row reaches.
function drawScale(panel, up, name, most, tone) {
  const [low] = up.domain;
  segment(panel, [panel.left, up(0)], [panel.right, up(0)], { stroke: "axis", width: 1 });
  label(panel, [6, up((low + most) / 2) + 5], name === "Δ" ? "Δh" : `${name}_t`, { fill: tone, size: 15 });
  const tick = (value, dy) => label(panel, [panel.left - 5, up(value) + dy], digits(value, 2), { anchor: "end", fill: "muted", size: 11, plain: true, halo: false });
  tick(most, 8);
  tick(low, 1);
}

function fill(panel, points, tone) {
  const path = points.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
  panel.marks.append(svg("polygon", { points: path, style: `fill: ${colour(tone)}`, opacity: 0.22 }));
}

// ---- The gradient of the memory, and its direct path --------------------------------------------------------------------

function drawGradient(panel, scales, { cell }, { total, direct, T }, t) {
  const { time, up } = scales;
  const name = MEMORY[cell];
  axisX(panel, time, { name: "t", ticks: time.ticks(5).filter(Number.isInteger) });
  axisY(panel, up, { ticks: TICKS, format: power });
  segment(panel, [panel.left, up(1)], [panel.right, up(1)], { stroke: "grid", width: 1 });
  label(panel, [6, up(NORMS[1]) - 12], `|∂L/∂${name}_t|`, { fill: toneOf("total", cell) });
  label(panel, [panel.right, up(NORMS[1]) - 12], `direct path, ∏${KEEPS[cell]}`, { fill: KEEPS[cell], anchor: "end", plain: true });
  const curves = [[total, "total", { width: 2.4 }], [direct, "direct", { width: 2, dash: "6 4" }]];
  for (const [values, kind, look] of curves) {
    const sizes = values.map(Math.abs);
    drawCurve(panel, scales, sizes, { stroke: toneOf(kind, cell), ...look });
    if (sizes[t] >= NORMS[0] && sizes[t] <= NORMS[1]) dot(panel, [time(t), up(sizes[t])], { fill: toneOf(kind, cell), radius: kind === "total" ? 5 : 3.5 });
  }
  if (total[T] === 0) label(panel, [(panel.left + panel.right) / 2, up(1e-3) + 5], "0 at every step", { anchor: "middle", plain: true, fill: "muted" });
}

// ---- The numbers of one step, each a button --------------------------------------------------------------------------------

function makeNumbers(figure, choose) {
  const head = html("p", { class: "rnn-gates-head" });
  const buttons = ALL.map((name) => [name, html("button", { type: "button", class: "rnn-gates-number", onclick: () => choose(name) })]);
  figure.append(head, ...buttons.map(([, button]) => button));
  function draw(state, result, scales, reading, width) {
    const { cell } = state;
    head.replaceChildren(maths(`t = ${reading.t}`));
    const places = Object.fromEntries(scales.rows.map(({ name, top }) => [name, top]));
    Object.assign(places, { total: scales.up(NORMS[1]), direct: scales.up(NORMS[1]) + ROW + 6 });
    for (const [name, button] of buttons) {
      button.hidden = !(name in places);
      if (button.hidden) continue;
      const value = valueAt(state, result, name, reading.t);
      const text = value === undefined ? "–" : name === "total" || name === "direct" ? digits(value, 2, 0) : decimals(value, 2);
      button.replaceChildren(...(name in SMALL ? [html("small", null, SMALL[name])] : []), text);
      Object.assign(button.style, { left: `${width - NUMBERS + 6}px`, top: `${places[name]}px`, color: colour(toneOf(name, cell)) });
      button.setAttribute("aria-pressed", name === reading.row);
      button.setAttribute("aria-label", `${spoken(name, cell)} at t = ${reading.t}: ${text}`);
    }
  }
  return { draw };
}

function spoken(name, cell) {
  if (name === "total") return `∂L/∂${MEMORY[cell]}`;
  return name === "direct" ? "direct path" : name === "Δ" ? "difference of h" : name;
}

// How much of the loss at T still reaches step t? The norm of ∂L/∂h_t on a logarithmic axis that never moves, what
// bounds it, or in an LSTM or GRU what the direct path alone brings, and beside it the gradient of the weights before and
// after clipping. The numbers and words are in gradient-norm-model.js.

import { compute, describe, goals, outcome, stepWords } from "./gradient-norm-model.js";
import { itemised } from "./gradient-norm-itemised.js";
import { makeStepMatrix } from "./gradient-norm-matrix.js";
import { digits, superscript } from "./format.js";
import { drawCurve, within } from "./log-curve.js";
import { axisX, axisY, bars, dot, label, line, linear, log, makeHandle, makePanel, onDrag, segment, svg } from "./plot.js";
import { html, maths, mountExplorer } from "./controls.js";
import { spec } from "./gradient-norm.spec.js";

export { compute, describe, goals, outcome };

const NORMS = [1e-12, 1e6]; // absolute: an axis that follows the curve would hide that it vanishes
const TICKS = [1e-12, 1e-9, 1e-6, 1e-3, 1, 1e3, 1e6];
const HEIGHT = 320;
const SIDE = 360; // px of the itemised table at most
const BARS = 112; // px on the right, for the weights' gradient
const power = (tick) => `10${superscript(Math.round(Math.log10(tick)))}`;

export function render({ model, el }) {
  return mountExplorer({ model, el, spec, compute, describe, outcome, goals, view });
}

function view({ figure, redraw, serial }) {
  const root = figure.parentNode;
  const panel = makePanel(figure, "Gradient norms over time, and the gradient of the weights");
  const sentence = figure.nextElementSibling;
  const arithmetic = html("p", { class: "rnn-arithmetic" });
  figure.after(arithmetic);
  const reading = { t: 25 };
  const scales = {};
  const read = (t) => {
    reading.t = t;
    redraw();
  };
  const pick = svg("rect", { class: "rnn-pick" });
  panel.front.append(pick);
  const step = makeHandle(panel, { name: "step t to read", fill: "ink", radius: 5, min: 1, max: 100, step: 1, valueAt: (x) => scales.time.invert(x), write: read });
  onDrag(panel, pick, (x) => read(held(scales.time.invert(x), 1, shown.T)));
  const table = makeItemised(sentence, redraw);
  const find = (name) => root.querySelector(`#${serial}-${name}`).closest(".rnn-control");
  let shown = { T: 1 };

  function draw(state, result, width) {
    shown = result;
    reading.t = held(reading.t, 1, result.T);
    find("s").hidden = state.init !== "schur"; // what says nothing is not shown
    find("activation").hidden = state.cell !== "rnn";
    find("forget_bias").hidden = state.cell !== "lstm";
    find("at").hidden = state.loss !== "one";
    layOut(panel, scales, result, width);
    drawPanel(panel, scales, state, result, reading.t);
    placeStep(result);
    arithmetic.textContent = stepWords(state, result, reading.t);
    table.draw(result, width);
  }

  function placeStep({ T, total, totalC }) {
    step.setRange(1, T);
    step.place(scales.time(reading.t), panel.bottom, reading.t, `t = ${reading.t}, norm ${digits((totalC ?? total)[reading.t], 3, 0)}`);
    const box = { x: panel.left, y: panel.top, width: panel.right - panel.left, height: panel.bottom - panel.top };
    for (const [name, value] of Object.entries(box)) pick.setAttribute(name, value);
  }
  return { draw };
}

function held(value, low, high) {
  return Math.max(low, Math.min(high, Math.round(value)));
}

function layOut(panel, scales, { T }, width) {
  panel.resize(width, HEIGHT, { left: 50, right: BARS, top: 30, bottom: 40 });
  scales.time = linear([0, T], [panel.left, panel.right]);
  scales.up = log(NORMS, [panel.bottom, panel.top]);
}

function drawPanel(panel, scales, state, result, t) {
  panel.clear();
  axisX(panel, scales.time, { name: "t", ticks: scales.time.ticks(5).filter(Number.isInteger) });
  axisY(panel, scales.up, { ticks: TICKS, format: power });
  label(panel, [panel.left - 40, 14], "‖∂L/∂h_t‖", { fill: "grad" });
  if (result.totalC) label(panel, [panel.left + 38, 14], "‖∂L/∂c_t‖", { fill: "grad_c" });
  segment(panel, [panel.left, scales.up(1)], [panel.right, scales.up(1)], { stroke: "grid", width: 1 });
  (state.cell === "rnn" ? drawBounds : drawDirect)(panel, scales, state, result);
  curves(state, result).forEach(([values, look]) => drawCurve(panel, scales, values, look));
  if (result.totalC) nameCurves(panel, scales, result);
  drawReading(panel, scales, result, t);
  drawBars(panel, scales, state, result);
}

// With a loss at every step the total is drawn, and thin what comes of the last loss alone; for an LSTM at h_t and at c_t.
function curves({ loss }, { total, single, totalC, singleC }) {
  const both = [[total, single, "grad"], ...(totalC ? [[totalC, singleC, "grad_c"]] : [])];
  return both.flatMap(([whole, last, stroke]) => [...(loss === "every" ? [[last, { stroke, width: 1.2, dash: "1 3" }]] : []), [whole, { stroke, width: 2.4 }]]);
}

// Which curve is which, where they lie apart: the upper name above, the lower below.
function nameCurves(panel, scales, { total, totalC, T }) {
  const t = Math.round(0.62 * T);
  const [upper, lower] = totalC[t] >= total[t] ? ["c", "h"] : ["h", "c"];
  const values = { h: total[t], c: totalC[t] };
  const write = (name, dy) => values[name] >= NORMS[0] && values[name] <= NORMS[1] && label(panel, [scales.time(t), scales.up(values[name]) + dy], `${name}_t`, { fill: name === "h" ? "grad" : "grad_c", anchor: "middle" });
  write(upper, -9);
  write(lower, 17);
}

// What the direct path alone brings: dashed, in the colour of its gate.
function drawDirect(panel, scales, { cell }, { direct, tau }) {
  const gate = cell === "lstm" ? "f" : "z";
  const values = direct.subarray(0, tau + 1);
  drawCurve(panel, scales, values, { stroke: gate, width: 1.6, dash: "6 4" });
  const points = within(values, scales).flat();
  if (points.length) placeName(panel, points[Math.floor(0.3 * points.length)], `∏${gate}`, 0, gate);
}

// (max φ′ · ρ)^lag and (max φ′ · s_max)^lag from the step of the loss back; nothing that the loss sends lies above the latter.
function drawBounds(panel, scales, { loss }, { tau, rho, sMax, steep, T }) {
  const power = loss === "one" ? "τ−t" : "T−t";
  const raised = (name) => (steep < 1 ? `(${name}/4)^{${power}}` : `${name}^{${power}}`);
  const same = Math.abs(rho - sMax) < 1e-9;
  const bounds = [[sMax, "6 4", same ? `${raised("ρ")} = ${raised("s_{max}")}` : raised("s_{max}")], ...(same ? [] : [[rho, "2 3", raised("ρ")]])];
  for (const [size, dash, name] of bounds) {
    const values = Array.from({ length: T + 1 }, (_, t) => (t > tau ? 0 : (steep * size) ** (tau - t)));
    const pieces = within(values, scales);
    for (const piece of pieces) line(panel, piece, { width: 1.2, dash });
    const points = pieces.flat();
    if (points.length) placeName(panel, points[Math.floor(0.3 * points.length)], name, steep * size);
  }
}

// Above a bound that falls, below one that rises: on the side to which it leaves room.
function placeName(panel, [x, y], name, factor, fill = "ink") {
  const free = Math.max(panel.top + 12, Math.min(panel.bottom - 8, y + (factor >= 1 ? -10 : 18)));
  label(panel, [x + 6, free], name, { size: 13, fill });
}

function drawReading(panel, { time, up }, { total, totalC }, t) {
  const x = time(t);
  segment(panel, [x, panel.top], [x, panel.bottom], { stroke: "axis", width: 1, dash: "2 3" });
  for (const [values, fill] of [[total, "grad"], ...(totalC ? [[totalC, "grad_c"]] : [])]) {
    if (values[t] >= NORMS[0] && values[t] <= NORMS[1]) dot(panel, [x, up(values[t])], { fill, radius: 5 });
  }
}

// The gradient of all weights before and after clipping, on the line's own axis.
function drawBars(panel, { up }, { max_norm: bound }, { norm, clipped }) {
  const [from, width] = [panel.right + 22, (BARS - 26) / 2];
  const at = (k) => from + width * (k + 0.5);
  label(panel, [panel.right + BARS, 14], "‖∂L/∂W‖", { fill: "grad", anchor: "end" });
  const top = (value) => up(Math.min(NORMS[1], Math.max(NORMS[0], value)));
  [["before", norm], ["clipped", clipped]].forEach(([word, value], k) => {
    bars(panel, [[at(k), panel.bottom, top(value)]], { fill: k ? "grad_c" : "grad", width: 18 });
    label(panel, [at(k), top(value) - 6], digits(value, 2, 0), { anchor: "middle", size: 12, plain: true });
    label(panel, [at(k), panel.bottom + 19], word, { anchor: "middle", size: 11, fill: "muted", halo: false, plain: true });
  });
  segment(panel, [from, panel.bottom], [panel.right + BARS, panel.bottom], { stroke: "axis", width: 1 });
  segment(panel, [from, up(bound)], [panel.right + BARS, up(bound)], { width: 1, dash: "5 4" });
}

// ---- Itemised: which loss reaches which step, closed at first -----------------------------------------------------------

function makeItemised(before, redraw) {
  const matrix = makeStepMatrix("Gradient norms of every loss at every step");
  const note = html("p", { class: "rnn-arithmetic" }, maths("‖∂L_τ/∂h_t‖"), ": clear at 10⁻⁶ and less, full at 1, darker or lighter above 1.");
  const summary = html("summary", null, "itemised: which loss reaches which step");
  const root = html("details", { class: "rnn-more", ontoggle: () => root.open && redraw() }, summary, html("div", { class: "rnn-figure" }, matrix.root), note);
  before.after(root);
  function draw(result, width) {
    if (!root.open) return;
    const { T, tau } = result;
    const table = itemised(result);
    matrix.draw({ T, first: 0, strength: (loss, t) => table[(loss - 1) * (T + 1) + t], side: Math.min(width, SIDE), row: tau });
  }
  return { root, draw };
}

// What does cutting the history cost? The error and the cosine of the truncated gradient for every window, with the window
// to drag, and beside it the triangle of losses and earlier steps: what the cut keeps and what it drops. The numbers and
// words are in truncation-model.js.

import { arithmeticOf, compute, describe, goals, outcome } from "./truncation-model.js";
import { makeStepMatrix } from "./gradient-norm-matrix.js";
import { digits } from "./format.js";
import { axisX, axisY, dot, label, line, linear, makeHandle, makePanel, onDrag, segment, svg } from "./plot.js";
import { html, mountExplorer } from "./controls.js";
import { spec } from "./truncation.spec.js";

export { compute, describe, goals, outcome };

const SIDE_BY_SIDE = 560; // px of width from which the panels stand side by side
const HEIGHT = 310;
const AXIS = [-1, 3]; // of error and cosine alike; what lies above is named and cut

export function render({ model, el }) {
  return mountExplorer({ model, el, spec, compute, describe, outcome, goals, view });
}

function view({ figure, set, serial, getState }) {
  const root = figure.parentNode;
  const panel = makePanel(figure, "Relative error and cosine for every window");
  const matrix = makeStepMatrix("Losses and the earlier steps that they reach");
  figure.append(matrix.root);
  const arithmetic = html("p", { class: "rnn-arithmetic" });
  figure.after(arithmetic);
  const scales = {};
  const pick = svg("rect", { class: "rnn-pick" });
  panel.front.append(pick);
  const write = (window) => set({ window });
  const cut = makeHandle(panel, { name: "window k", fill: "ink", min: 1, max: 60, step: 1, valueAt: (x) => scales.across.invert(x), write });
  onDrag(panel, pick, (x) => write(Math.max(1, Math.min(getState().T, Math.round(scales.across.invert(x))))));
  const carry = root.querySelector(`#${serial}-carry`).closest(".rnn-control");

  function draw(state, result, width) {
    carry.hidden = state.meaning === "reach"; // without cuts there is nothing to carry across
    layOut(panel, scales, result, width);
    drawCurves(panel, scales, result);
    placeCut(result);
    drawPairs(matrix, result, width >= SIDE_BY_SIDE ? HEIGHT - 20 : Math.min(width, HEIGHT + 20));
    arithmetic.textContent = arithmeticOf(result);
  }

  function placeCut({ k, T, error, cosine }) {
    cut.setRange(1, T);
    cut.place(scales.across(k), panel.bottom, k, `k = ${k}, relative error ${digits(error)}, cosine ${digits(cosine)}`);
    const box = { x: panel.left, y: panel.top, width: panel.right - panel.left, height: panel.bottom - panel.top };
    for (const [name, value] of Object.entries(box)) pick.setAttribute(name, value);
  }
  return { draw };
}

function layOut(panel, scales, { T }, width) {
  const beside = width >= SIDE_BY_SIDE;
  panel.resize(beside ? width - (HEIGHT - 20) : width, beside ? HEIGHT - 20 : 260, { left: 34, right: 20, top: 22, bottom: 40 });
  scales.across = linear([1, T], [panel.left, panel.right]);
  scales.up = linear(AXIS, [panel.bottom, panel.top]);
}

function drawCurves(panel, { across, up }, { k, T, errors, cosines }) {
  panel.clear();
  axisX(panel, across, { name: "window k", ticks: [1, ...across.ticks(5).filter((tick) => Number.isInteger(tick) && tick > T / 12)] });
  axisY(panel, up, { ticks: [-1, 0, 1, 2, 3] });
  segment(panel, [panel.left, up(0)], [panel.right, up(0)], { stroke: "grid", width: 1 });
  segment(panel, [panel.left, up(1)], [panel.right, up(1)], { width: 1, dash: "5 4" });
  label(panel, [panel.right, up(1) - 7], "error of no gradient at all", { anchor: "end", size: 12, plain: true });
  segment(panel, [across(k), panel.top], [across(k), panel.bottom], { stroke: "axis", width: 1, dash: "2 3" });
  const at = (values) => values.map((value, i) => [across(i + 1), up(Math.min(AXIS[1], value))]);
  line(panel, at(cosines), { stroke: "h", width: 1.6 });
  line(panel, at(errors), { stroke: "grad", width: 2 });
  dot(panel, at(cosines)[k - 1], { fill: "h", radius: 5 });
  dot(panel, at(errors)[k - 1], { fill: "grad", radius: 5 });
  if (errors[k - 1] > AXIS[1]) label(panel, [across(k), panel.top - 4], `${digits(errors[k - 1])} ↑`, { anchor: "middle", fill: "grad", size: 12, plain: true });
  drawNames(panel, up);
}

// Above the curves, where only errors of more than 1 come: the names, each with the value at the window.
function drawNames(panel, up) {
  label(panel, [panel.left + 10, up(2.6)], "‖g_{full} − g_{trunc}‖ / ‖g_{full}‖", { fill: "grad" });
  label(panel, [panel.left + 10, up(2.6) + 20], "cosine", { fill: "h", plain: true });
}

function drawPairs(matrix, { T, strength, survives, k }, side) {
  matrix.draw({ T, first: 1, strength, kept: survives, side });
  const { right, bottom } = matrix.panel; // no loss reaches a later step, so there the triangle leaves room
  label(matrix.panel, [right - 6, bottom - 30], "kept", { fill: "grad", anchor: "end", plain: true });
  if (k < T) label(matrix.panel, [right - 6, bottom - 12], "cut off", { fill: "muted", anchor: "end", plain: true });
}

// Would you catch this bug? The largest relative error for every ε, a U in float64 and another in float32, with ε to drag;
// beside it each parameter's error at that ε, and under it the line of code that is wrong. Numbers and words are in
// gradient-check-model.js.

import { STEPS, arithmeticOf, compute, describe, goals, largest, outcome } from "./gradient-check-model.js";
import { digits, superscript } from "./format.js";
import { axisX, axisY, label, line, log, makeHandle, makePanel, onDrag, segment, svg } from "./plot.js";
import { html, maths, mountExplorer } from "./controls.js";
import { spec } from "./gradient-check.spec.js";

export { compute, describe, goals, outcome };

const SIDE_BY_SIDE = 600; // px of width from which the parameters stand beside the curves
const HEIGHT = 300;
const ERRORS = [1e-13, 10]; // absolute
const TICKS = [1e-12, 1e-9, 1e-6, 1e-3, 1];
const power = (tick) => (tick === 1 ? "1" : `10${superscript(Math.round(Math.log10(tick)))}`);
const held = (error) => Math.max(ERRORS[0], Math.min(ERRORS[1], error));

export function render({ model, el }) {
  return mountExplorer({ model, el, spec, compute, describe, outcome, goals, view });
}

function view({ figure, set, redraw }) {
  const panel = makePanel(figure, "The largest relative error for every ε");
  const scales = {};
  const pick = svg("rect", { class: "rnn-pick" });
  panel.front.append(pick);
  const { min, max } = spec.controls.find((control) => control.name === "power");
  const powerAt = (x) => Math.max(min, Math.min(max, Math.round(-Math.log10(scales.across.invert(x)))));
  const write = (exponent) => set({ power: -exponent }); // to the right ε grows
  const handle = makeHandle(panel, { name: "ε, a power of ten", fill: "grad", min: -max, max: -min, step: 1, valueAt: (x) => -powerAt(x), write });
  onDrag(panel, pick, (x) => set({ power: powerAt(x) }));
  const look = { chosen: null };
  const parameters = makeParameters((name) => {
    look.chosen = look.chosen === name ? null : name;
    redraw();
  });
  const code = makeCode();
  const arithmetic = html("p", { class: "rnn-arithmetic" });
  figure.append(parameters.root);
  figure.after(code.root, arithmetic);

  function draw(state, result, width) {
    const beside = width >= SIDE_BY_SIDE;
    const chosen = look.chosen ?? largest(result).name;
    layOut(panel, scales, beside ? Math.round(width * 0.6) : width);
    drawCurves(panel, scales, state, result);
    placeHandle(state, result);
    parameters.draw(result, chosen, beside ? width - Math.round(width * 0.6) : width);
    code.draw(state);
    arithmetic.textContent = arithmeticOf(state, result, chosen);
  }

  function placeHandle({ power: k }, result) {
    handle.place(scales.across(10 ** -k), scales.up(held(largest(result).error)), -k, `ε = 10 to the ${-k}, largest relative error ${digits(largest(result).error, 2, 0)}`);
    const box = { x: panel.left, y: panel.top, width: panel.right - panel.left, height: panel.bottom - panel.top };
    for (const [name, value] of Object.entries(box)) pick.setAttribute(name, value);
  }
  return { draw };
}

// ---- The curves -----------------------------------------------------------------------------------------------------------

function layOut(panel, scales, width) {
  panel.resize(width, HEIGHT, { left: 48, right: 24, top: 28, bottom: 44 });
  scales.across = log([10 ** -12.4, 10 ** -0.8], [panel.left, panel.right]);
  scales.up = log(ERRORS, [panel.bottom, panel.top]);
}

function drawCurves(panel, { across, up }, { precision, bug, power: k }, { right, wrong, tolerance, worst }) {
  panel.clear();
  axisX(panel, across, { name: "ε", ticks: [1e-11, 1e-8, 1e-5, 1e-2], format: power });
  axisY(panel, up, { ticks: TICKS, format: power });
  label(panel, [panel.left - 42, 14], "largest relative error", { plain: true, size: 12 });
  segment(panel, [panel.left, up(tolerance)], [panel.right, up(tolerance)], { stroke: "axis", width: 1, dash: "2 3" });
  label(panel, [panel.right, up(tolerance) + 14], "tolerance", { plain: true, size: 11, fill: "muted", anchor: "end" });
  const points = (curve) => STEPS.map((eps, n) => [across(eps), up(held(curve[n]))]);
  for (const [name, dash] of [["float64", null], ["float32", "6 4"]]) {
    const own = name === precision && bug === "none";
    line(panel, points(right[name]), { stroke: own ? "grad" : "ink", width: own ? 2.4 : 1.4, dash, opacity: bug === "none" || name === precision ? null : 0.5 });
    const [x, y] = points(right[name])[name === "float64" ? 16 : 15];
    label(panel, [x, y + 20], name, { plain: true, size: 12, anchor: "end" });
  }
  if (bug !== "none") {
    line(panel, points(wrong), { stroke: "grad", width: 2.4 });
    label(panel, [panel.left + 6, up(held(wrong[22])) - 8], "with the bug", { plain: true, size: 12, fill: "grad" });
  }
  const [x, y] = [across(10 ** -k), up(held(Math.max(...worst.map((one) => one.error))))];
  segment(panel, [x, panel.bottom], [x, y], { stroke: "axis", width: 1, dash: "2 3" });
}

// ---- The parameters: a button each, with its error as a bar ----------------------------------------------------------------

const LABELS = { W_xh: "W_{xh}", W_hh: "W_{hh}", b_h: "b_h", W_hy: "W_{hy}", b_y: "b_y" };

function makeParameters(choose) {
  const rows = Object.keys(LABELS).map((name) => makeRow(name, choose));
  const root = html("div", { class: "rnn-check-parameters", role: "group", "aria-label": "Each parameter's largest error" }, ...rows.map((row) => row.root));
  function draw({ worst, tolerance }, chosen, width) {
    root.style.width = `${width}px`;
    worst.forEach((one, k) => rows[k].draw(one, tolerance, chosen));
  }
  return { root, draw };
}

function makeRow(name, choose) {
  const bar = html("span", { class: "rnn-check-bar" });
  const mark = html("span", { class: "rnn-check-mark" });
  const verdict = html("span", { class: "rnn-check-verdict" });
  const root = html("button", { type: "button", class: "rnn-check-row", onclick: () => choose(name) }, html("span", { class: "rnn-check-name" }, maths(LABELS[name])), html("span", { class: "rnn-check-track" }, bar, mark), verdict);
  const share = (error) => `${(100 * Math.log10(held(error) / ERRORS[0])) / Math.log10(ERRORS[1] / ERRORS[0])}%`;
  function draw({ error }, tolerance, chosen) {
    const wrong = error > tolerance;
    bar.style.width = share(error);
    mark.style.left = share(tolerance);
    root.dataset.wrong = wrong;
    const words = `${wrong ? "✗" : "✓"} ${digits(error, 2, 0)}`;
    if (verdict.textContent !== words) verdict.textContent = words;
    root.setAttribute("aria-pressed", name === chosen);
    root.setAttribute("aria-label", `${name}: relative error ${digits(error, 2, 0)}, ${wrong ? "too large" : "within the tolerance"}`);
  }
  return { root, draw };
}

// ---- The line of code -----------------------------------------------------------------------------------------------------------

function makeCode() {
  const lines = { right: html("code"), wrong: html("code") };
  const pair = html("span", { class: "rnn-check-pair" }, html("span", { class: "rnn-words" }, "right"), lines.right, html("span", { class: "rnn-words" }, "planted"), lines.wrong);
  const none = html("span", { class: "rnn-words" }, "Every line of the backward pass is right. Plant a bug, and see which parameters tell of it.");
  const root = html("p", { class: "rnn-check-code" }, pair, none);
  function draw({ bug }) {
    pair.hidden = bug === "none";
    none.hidden = bug !== "none";
    for (const [key, node] of Object.entries(lines)) node.textContent = spec.bugs[bug]?.[key] ?? "";
  }
  return { root, draw };
}

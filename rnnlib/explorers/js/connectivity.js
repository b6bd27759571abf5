// Which inputs does this output depend on? For each of three trained nets and every input: upward the length of the
// gradient of a logit, on one logarithmic scale; downward what replacing the symbol does to that logit. The numbers and
// words are in connectivity-model.js.

import { NAMES, SYMBOLS, arithmeticOf, compute, describe, goals, largest, outcome, readNets, shownSizes, spelled } from "./connectivity-model.js";
import { exactly, superscript } from "./format.js";
import { axisX, bars, dots, label, linear, log, makeHandle, makePanel, onDrag, segment, svg } from "./plot.js";
import { html, mountExplorer } from "./controls.js";
import { findRun } from "./stored.js";
import { spec } from "./connectivity.spec.js";

export { compute, describe, goals, outcome };

const LINE = 20; // px of each line at the top that says what up and down mean
const LETTERS = 36; // px for the sequence
const NAME = 26; // px above each net's bars, for its name and answer
const UP = 92; // px of the gradients
const DOWN = 42; // px of the replacements
const BETWEEN = 8;
const NET = NAME + UP + DOWN + BETWEEN;
const FOOT = 46;
const LEFT = 44;
const FLOOR = 1e-5; // of the gradients; what is below is not drawn
const NARROW = 7.5; // px a column needs for its letter; below, letters stand on two lines in turns
const BESIDE = 560; // px of width from which what up and down mean stands on two lines
const FAINT = 0.5; // opacity of bars at steps without X or Y

export function render({ model, el }) {
  const nets = findRun(model, spec.run, readNets);
  const computed = (state) => compute(state, nets());
  return mountExplorer({ model, el, spec, compute: computed, describe, outcome, goals, view });
}

function view({ figure, set }) {
  const panel = makePanel(figure, "Gradients and replacements of every input, for three nets");
  const arithmetic = html("p", { class: "rnn-arithmetic" });
  figure.after(arithmetic);
  const scales = {};
  let T = spec.order;
  const write = (k) => set({ k: Math.max(1, Math.min(T, Math.round(k))) });
  const pick = svg("rect", { class: "rnn-pick" });
  panel.front.append(pick);
  const handle = makeHandle(panel, { name: "step k", fill: "ink", min: 1, max: T, step: 1, valueAt: (x) => scales.time.invert(x), write });
  onDrag(panel, pick, (x) => write(scales.time.invert(x)));

  function draw(state, result, width) {
    T = result.T;
    layOut(panel, scales, result, width);
    panel.clear();
    drawKey(panel, state, width);
    drawGuides(panel, scales, result);
    drawLetters(panel, scales, result);
    if (!result.missing) drawNets(panel, scales, state, result);
    axisX(panel, scales.time, { name: "k", ticks: [1, ...scales.time.ticks(7)].filter((k) => Number.isInteger(k) && k >= 1 && k <= T) });
    place(result);
    arithmetic.textContent = result.missing ? "" : arithmeticOf(state, result);
  }

  function place({ k, codes }) {
    handle.setRange(1, T);
    handle.place(scales.time(k), panel.bottom, k, `k = ${k}, ${SYMBOLS[codes[k - 1]]}`);
    const box = { x: panel.left, y: panel.top, width: panel.right - panel.left, height: panel.bottom - panel.top };
    for (const [name, value] of Object.entries(box)) pick.setAttribute(name, value);
  }
  return { draw };
}

function layOut(panel, scales, { T }, width) {
  const top = 6 + LINE * (width < BESIDE ? 3 : 2);
  const letters = top + LETTERS;
  panel.resize(width, letters + NET * Object.keys(NAMES).length + FOOT, { left: LEFT, right: 8, top, bottom: FOOT });
  scales.time = linear([0.5, T + 0.5], [panel.left, panel.right]);
  scales.column = (panel.right - panel.left) / T;
  scales.middles = Object.keys(NAMES).map((_, row) => letters + NET * row + NAME + UP);
}

// The upward scale is one for all nets: logarithmic, or of shares; so is the downward one, but for shares.
function setHeights(scales, { scale }, readings) {
  const share = scale === "share";
  const top = 10 ** Math.max(0, Math.ceil(Math.log10(Math.max(...readings.map(({ sizes }) => largest(sizes))))));
  const most = 4 * Math.ceil(Math.max(...readings.map(({ changes }) => largest(changes))) / 4) || 4;
  scales.top = share ? 1 : top;
  scales.up = share ? linear([0, 1], [0, UP]) : log([FLOOR, top], [0, UP]);
  scales.most = ({ changes }) => (share ? largest(changes) || 1 : most);
}

function drawKey(panel, { scale }, width) {
  const two = width >= BESIDE;
  const y = (row) => 14 + LINE * row;
  label(panel, [panel.left, y(0)], scale === "share" ? "↑ ‖∂o_T/∂x_k‖ / its largest" : "↑ ‖∂o_T/∂x_k‖", { fill: "grad" });
  label(panel, [panel.right, y(0)], "● the answer flips", { fill: "y", anchor: "end" });
  label(panel, [panel.left, y(1)], `↓ change of o_T when x_k is replaced${two ? ": X ↔ Y, a → b → c → d → a" : ""}`, { fill: "y" });
  if (!two) label(panel, [panel.left, y(2)], "X ↔ Y, a → b → c → d → a", { fill: "y" });
}

// Dotted lines where X and Y stand, a full one at the step that is read.
function drawGuides(panel, { time }, { steps, k }) {
  const from = panel.top + LETTERS - 6;
  for (const step of steps) segment(panel, [time(step), from], [time(step), panel.bottom], { stroke: "x", width: 1, dash: "2 3" });
  segment(panel, [time(k), from], [time(k), panel.bottom], { stroke: "axis", width: 1 });
}

// The sequence: X and Y large, and what stands in the place of another with a mark above.
function drawLetters(panel, { time, column }, { codes, drawn, steps, k }) {
  codes.forEach((code, at) => {
    const [matters, changed] = [steps.includes(at + 1), code !== drawn[at]];
    const below = column < NARROW && at % 2 && !matters ? 11 : 0;
    const fill = changed ? "accent" : matters ? "x" : at + 1 === k ? "ink" : "muted";
    const node = label(panel, [time(at + 1), panel.top + 15 + below], SYMBOLS[code], { anchor: "middle", fill, size: matters ? 15 : 12, halo: matters, plain: true });
    node.classList.toggle("rnn-relevant", matters || changed || at + 1 === k);
    if (changed) label(panel, [time(at + 1), panel.top + 2], "▾", { anchor: "middle", fill: "accent", size: 11, halo: false, plain: true });
  });
}

function drawNets(panel, scales, state, result) {
  const readings = Object.values(result.readings);
  setHeights(scales, state, readings);
  readings.forEach((reading, row) => {
    const middle = scales.middles[row];
    drawName(panel, middle - UP - 9, state, result, reading);
    drawTicks(panel, scales, middle, state, reading);
    drawBars(panel, scales, middle, shownSizes(state, reading), reading, result.steps);
  });
}

function drawName(panel, y, { cell }, { target }, reading) {
  const { accuracy, answer } = reading;
  const mark = target === null ? "" : answer === target ? " ✓" : " ✗";
  const node = label(panel, [panel.left, y], NAMES[reading.cell], { plain: true });
  node.classList.toggle("rnn-relevant", reading.cell === cell);
  label(panel, [panel.right, y], `${exactly(100 * accuracy, 4)} % right; here ${spelled(answer)}${mark}`, { anchor: "end", fill: "muted", plain: true });
}

function drawTicks(panel, { up, top, most }, middle, { scale }, reading) {
  const share = scale === "share";
  const write = (y, text) => label(panel, [panel.left - 6, y + 4], text, { anchor: "end", fill: "muted", size: 11, halo: false, plain: true });
  for (const tick of share ? [0.5, 1] : [1e-4, 1e-2, 1, ...(top > 10 ? [100] : [])]) {
    const y = middle - up(tick);
    segment(panel, [panel.left, y], [panel.right, y], { stroke: "grid", width: 1 });
    write(y, share || tick >= 1 ? String(tick) : `10${superscript(Math.round(Math.log10(tick)))}`);
  }
  segment(panel, [panel.left, middle], [panel.right, middle], { stroke: "axis", width: 1 });
  segment(panel, [panel.left, middle + DOWN], [panel.right, middle + DOWN], { stroke: "grid", width: 1 });
  write(middle + DOWN, share ? "1" : exactly(most(reading), 2));
}

// Bars where X and Y stand are drawn in full, the others faint.
function drawBars(panel, { time, column, up, most }, middle, sizes, reading, steps) {
  const { changes, flips } = reading;
  const down = linear([0, most(reading)], [middle, middle + DOWN]);
  const width = Math.max(2.5, Math.min(10, column * 0.6));
  const gradients = Array.from(sizes, (size, k) => [time(k + 1), middle, middle - Math.max(0, Math.min(UP, up(size)))]);
  const replacements = Array.from(changes, (change, k) => [time(k + 1), middle, down(Math.abs(change))]);
  for (const matters of [false, true]) {
    const own = (bar, k) => steps.includes(k + 1) === matters;
    const opacity = matters ? 1 : FAINT;
    bars(panel, gradients.filter(own), { fill: "grad", width }).setAttribute("opacity", opacity);
    bars(panel, replacements.filter(own), { fill: "y", width }).setAttribute("opacity", opacity);
  }
  dots(panel, flips.flatMap((flip, k) => (flip ? [[time(k + 1), replacements[k][2]]] : [])), { fill: "y", radius: Math.min(5, Math.max(3.5, column / 2)) });
}

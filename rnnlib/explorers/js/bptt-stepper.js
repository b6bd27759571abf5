// Where does each term of ∂L/∂w come from? A table of every number of six steps, filled forward and then back; each can be
// chosen to see what made it, and the part of the equation that it belongs to lights up. Below, training: the weights move.
// The numbers and words are in bptt-stepper-model.js.

import { ROWS, SUMMED, T, arithmeticOf, brief, compute, describe, goals, outcome, place, running, valueOf } from "./bptt-stepper-model.js";
import { digits, subscript } from "./format.js";
import { axisX, axisY, bars, dot, dots, label, line, linear, log, makePanel, roundUp, segment } from "./plot.js";
import { html, maths, mountExplorer } from "./controls.js";
import { spec } from "./bptt-stepper.spec.js";

export { compute, describe, goals, outcome };

const COLUMN = 44; // px at least
const NAMED = 560; // px of width from which rows have words beside their symbols
const BARS = 92; // px
const HUES = { x: "x", h: "h", y: "y", prime: "ink" }; // all else is a gradient
const CHART = 140; // px
const MOST = spec.controls.find((control) => control.name === "train").max;

export function render({ model, el }) {
  return mountExplorer({ model, el, spec, compute, describe, outcome, goals, view });
}

function view({ figure, set, redraw, getState, serial }) {
  const look = { chosen: null, step: null };
  const choose = (chosen) => {
    look.chosen = chosen;
    redraw();
  };
  const equations = makeEquations();
  const table = makeTable(look, choose);
  const arithmetic = html("p", { class: "rnn-arithmetic rnn-bptt-arithmetic", role: "status" });
  const training = makeTraining({ set, getState, serial });
  const stepper = makeStepper({ set, getState, control: controlOf(figure, serial, "step") });
  figure.append(equations.root, stepper.root, table.scroll, arithmetic);
  figure.parentNode.querySelector(".rnn-more").before(training.root);
  training.adopt(["train", "rate"].map((name) => controlOf(figure, serial, name)));

  function draw(state, result, width) {
    if (look.step !== state.step) Object.assign(look, { chosen: null, step: state.step }); // what is new is read first
    const chosen = look.chosen && valueOf(state, result, ...look.chosen) !== null ? look.chosen : freshest(state);
    equations.draw(state, partsOf(state, look.chosen && chosen));
    stepper.draw(state);
    table.draw(state, result, width, chosen);
    arithmetic.textContent = arithmeticOf(state, result, ...chosen);
    training.draw(state, result, width);
  }
  return { draw, destroy: training.pause };
}

function controlOf(figure, serial, name) {
  return figure.parentNode.querySelector(`#${serial}-${name}`).closest(".rnn-control");
}

// The number that the last step of the computation was for.
function freshest(state) {
  const { way, t } = place(state);
  return { start: ["h", 0], forward: ["h", t], back: ["delta", t], summed: ["sum", 1] }[way];
}

// ---- The equations, whose parts light up ------------------------------------------------------------------------------

// Each line: its parts as [key, maths]; keys are those of the rows. `φ` and `w` take the state's own.
function linesOf({ of }) {
  const met = { w: "h_{t−1}", u: "x_t", b: "" }[of];
  return [
    [["h", "h_t"], [null, " = φ("], ["before", "w h_{t−1}"], [null, " + "], ["x", "u x_t"], [null, " + b),   L = "], ["loss", "Σ_t ½ (h_t − y_t)^2"]],
    [["delta", "δ_t"], [null, " = "], ["adds", "(h_t − y_t)"], [null, " + "], ["arrives", "∂L/∂a_{t+1} w"], [null, ",   "], ["da", "∂L/∂a_t"], [null, " = δ_t "], ["prime", "φ′(a_t)"]],
    [["gradient", `∂L/∂${of}`], [null, " = "], ["sum", "Σ_t"], [null, " "], ["term", `∂L/∂a_t ${met}`]],
  ];
}

// The parts that light up: of the chosen number, or of what the step of the computation has just found.
function partsOf(state, chosen) {
  if (chosen) return { x: ["x"], h: ["h", "before", "x"], y: ["loss"], adds: ["adds", "loss"], delta: ["delta", "adds", "arrives"], sum: ["sum", "term"] }[chosen[0]] ?? [chosen[0]];
  return { start: [], forward: ["h", "before", "x"], back: ["delta", "adds", "arrives", "prime", "term"], summed: ["gradient", "sum", "term"] }[place(state).way];
}

function makeEquations() {
  const root = html("div", { class: "rnn-bptt-equations", role: "group", "aria-label": "The equations" });
  let shown = "";
  function draw(state, lit) {
    const key = `${state.of} ${lit}`;
    if (key === shown) return;
    shown = key;
    const part = ([name, text]) => html("span", { class: "rnn-bptt-part", "data-lit": lit.includes(name) }, maths(text));
    root.replaceChildren(...linesOf(state).map((parts) => html("p", null, ...parts.map(part))));
  }
  return { root, draw };
}

// ---- One step of the computation on, or back -----------------------------------------------------------------------------

function makeStepper({ set, getState, control }) {
  const go = (by) => set({ step: Math.max(0, Math.min(SUMMED, getState().step + by)) });
  const back = html("button", { type: "button", "data-action": "step-back", "aria-label": "one step back", onclick: () => go(-1) }, "‹");
  const on = html("button", { type: "button", "data-action": "step-on", "aria-label": "one step on", onclick: () => go(1) }, "›");
  const root = html("div", { class: "rnn-bptt-stepper" }, back, control, on);
  // A button that can do no more stays reachable, so that the keyboard is not thrown out of the row.
  function draw({ step }) {
    back.setAttribute("aria-disabled", step === 0);
    on.setAttribute("aria-disabled", step === SUMMED);
  }
  return { root, draw };
}

// ---- The table ---------------------------------------------------------------------------------------------------------------

function makeTable(look, choose) {
  const cells = new Map();
  const rows = ROWS.map((row) => makeRow(row, cells, look, choose));
  const [termRow] = rows.slice(-2);
  const strip = html("div", { class: "rnn-bptt-strip", "aria-hidden": "true" });
  const panel = makePanel(strip, "");
  const head = html("div", { class: "rnn-bptt-row rnn-bptt-head", "aria-hidden": "true" }, html("span", null, maths("t")), ...Array.from({ length: T + 1 }, (_, t) => html("span", null, String(t))));
  termRow.root.after(strip);
  const grid = html("div", { class: "rnn-bptt-table", role: "group", "aria-label": "Every number, step by step" }, head, ...rows.map((row) => row.root), strip);
  const scroll = html("div", { class: "rnn-bptt-scroll" }, grid);
  let stop = null; // the one cell that Tab reaches; arrows go on from it
  grid.addEventListener("keydown", (event) => {
    const to = nextCell(cells, event.target.dataset.cell, event.key);
    if (!to) return;
    event.preventDefault();
    to.focus();
    choose(to.dataset.cell.split(" ").map((part, k) => (k ? Number(part) : part)));
  });

  function draw(state, result, width, chosen) {
    const named = width >= NAMED;
    grid.classList.toggle("rnn-bptt-named", named);
    for (const row of rows) row.draw(state, result);
    stop = cells.get(chosen.join(" "));
    for (const cell of cells.values()) {
      if (cell.getAttribute("aria-pressed") === String(cell === stop)) continue;
      cell.tabIndex = cell === stop ? 0 : -1;
      cell.setAttribute("aria-pressed", cell === stop);
    }
    const across = columns(width, named);
    grid.style.setProperty("--rnn-bptt-name", `${across.name}px`);
    grid.style.width = `${across.name + across.each * (T + 1)}px`;
    drawBars(panel, state, result, across);
  }
  return { scroll, draw };
}

// The width of the names, and of each column.
function columns(width, named) {
  const name = named ? 150 : width < 340 ? 46 : 50;
  return { name, each: Math.max(COLUMN, Math.floor((width - name) / (T + 1))) };
}

function makeRow({ key, symbol, words, first }, cells, look, choose) {
  const symbols = html("span", { class: "rnn-bptt-symbol" }, maths(symbol));
  const name = html("span", { class: "rnn-bptt-name" }, symbols, html("span", { class: "rnn-bptt-words" }, words));
  const slots = Array.from({ length: T + 1 }, (_, t) => (t < first ? html("span", null) : makeCell(key, t, cells, choose)));
  const root = html("div", { class: "rnn-bptt-row", "data-row": key, style: `--rnn-bptt-hue: var(--rnn-${HUES[key] ?? "grad"})` }, name, ...slots);
  function draw(state, result) {
    if (key === "term" && root.dataset.of !== state.of) symbols.replaceChildren(maths(narrowTerm(state)));
    root.dataset.of = state.of;
    for (let t = first; t <= T; t++) fill(slots[t], valueOf(state, result, key, t), nameOf(key, t, state));
  }
  return { root, draw };
}

function narrowTerm({ of }) {
  return { w: "· h_{t−1}", u: "· x_t", b: "· 1" }[of];
}

function makeCell(key, t, cells, choose) {
  const cell = html("button", { type: "button", class: "rnn-bptt-cell", "data-cell": `${key} ${t}`, onclick: () => choose([key, t]) });
  cells.set(`${key} ${t}`, cell);
  return cell;
}

// Most cells stay as they are from one change to the next.
function fill(cell, value, name) {
  const spoken = value === null ? name : `${name} = ${digits(value, 3, 0)}`;
  if (cell.getAttribute("aria-label") === spoken && cell.disabled === (value === null)) return;
  cell.textContent = value === null ? "" : brief(value);
  cell.disabled = value === null;
  cell.setAttribute("aria-label", spoken);
}

function nameOf(key, t, { of }) {
  const one = subscript(t);
  const names = { x: `x${one}`, h: `h${one}`, y: `y${one}`, adds: `h${one} − y${one}`, arrives: `arrives at h${one}`, delta: `δ${one}`, prime: `φ′(a${one})`, da: `∂L/∂a${one}` };
  return names[key] ?? `${key === "term" ? "term" : "sum of the terms from step 6 back to"} step ${t} of ∂L/∂${of}`.replace("term step", "term of step");
}

// The next cell with a number in the direction of an arrow.
function nextCell(cells, from, pressed) {
  const [dt, dr] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[pressed] ?? [0, 0];
  if (!from || (dt === 0 && dr === 0)) return null;
  let [row, t] = [ROWS.findIndex((one) => one.key === from.split(" ")[0]), Number(from.split(" ")[1])];
  for (;;) {
    [row, t] = [row + dr, t + dt];
    if (!ROWS[row] || t < 0 || t > T) return null;
    const cell = cells.get(`${ROWS[row].key} ${t}`);
    if (cell && !cell.disabled) return cell;
  }
}

// The terms as bars under their column, and the sum as it grows from the right.
function drawBars(panel, state, result, { name, each }) {
  panel.resize(name + each * (T + 1), BARS, { left: name, right: 0, top: 8, bottom: 8 });
  panel.clear();
  const terms = result.terms[state.of];
  const sums = Array.from({ length: T + 1 }, (_, t) => running(terms, Math.max(1, t)));
  const values = [0, ...terms, ...sums];
  const span = [Math.min(...values), Math.max(...values)];
  const up = linear(span[0] < span[1] ? span : [-1, 1], [panel.bottom, panel.top]);
  const at = (t) => name + each * (t + 0.5);
  const known = [6, 5, 4, 3, 2, 1].filter((t) => valueOf(state, result, "term", t) !== null);
  segment(panel, [name + each, up(0)], [panel.right, up(0)], { stroke: "axis", width: 1 });
  label(panel, [0, BARS / 2 - 3], "bars: terms", { size: 11, fill: "muted", plain: true, halo: false });
  label(panel, [0, BARS / 2 + 12], "dots: sum", { size: 11, fill: "muted", plain: true, halo: false });
  bars(panel, known.map((t) => [at(t), up(0), up(terms[t])]), { fill: "grad", width: 14 });
  const points = known.map((t) => [at(t), up(sums[t])]);
  line(panel, points, { width: 1, dash: "2 3" });
  dots(panel, points, { radius: 3 });
}

function boundOf(values) {
  const most = Math.max(...Array.from(values, Math.abs));
  return most > 0 ? roundUp(most) : 1;
}

// ---- Training: w, u and b follow their gradients ------------------------------------------------------------------------------

const BEAT = 60; // milliseconds between two steps of a run
const LEAP = 25; // steps at once where motion is not wanted
const LOSSES = [1e-5, 1e3]; // absolute

function makeTraining({ set, getState }) {
  let timer = null;
  let expected = 0;
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const advance = (by) => set({ train: (expected = Math.min(MOST, getState().train + by)) });
  const one = html("button", { type: "button", "data-action": "train-step", onclick: () => (pause(), advance(1)) }, "train 1 step");
  const run = html("button", { type: "button", "data-action": "train-run", onclick: toggle }, "run");
  const again = html("button", { type: "button", "data-action": "train-again", onclick: () => (pause(), set({ train: 0 })) }, "start again");
  const words = html("p", { class: "rnn-arithmetic" });
  const charts = html("div", { class: "rnn-figure" });
  const [losses, weights] = [makePanel(charts, "The loss over training"), makePanel(charts, "The weights over training")];
  const controls = html("div", { class: "rnn-controls" });
  const root = html("section", { class: "rnn-bptt-training", "aria-label": "Train" }, html("div", { class: "rnn-row" }, html("b", null, "Train"), one, run, again), charts, words, controls);

  function toggle() {
    if (timer !== null) return pause();
    if (still()) return advance(LEAP);
    expected = getState().train;
    timer = setInterval(beat, BEAT);
    name();
  }
  // A run ends at the last step, where the weights run away, and where someone else takes over.
  function beat() {
    if (getState().train !== expected || expected >= MOST) return pause();
    advance(1);
  }
  function pause() {
    clearInterval(timer);
    timer = null;
    name();
  }
  function name() {
    run.textContent = timer !== null ? "pause" : still() ? `run ${LEAP} steps` : "run";
  }

  function draw(state, result, width) {
    if (timer !== null && (result.away || state.train >= MOST)) pause();
    else name();
    const beside = width >= NAMED;
    const size = beside ? Math.floor(width / 2) : width;
    drawLosses(losses, state, result, size);
    drawWeights(weights, state, result, size);
    words.textContent = Object.entries(result.start).map(([key, value]) => `${key} ${digits(value)} → ${digits(result.weights[key])}`).join(",   ");
  }
  return { root, draw, pause, adopt: (those) => controls.append(...those) };
}

function spanOf({ train }) {
  return Math.max(20, Math.ceil(train / 20) * 20);
}

function drawLosses(panel, state, { course }, width) {
  panel.resize(width, CHART, { left: 46, right: 16, top: 22, bottom: 38 });
  panel.clear();
  const across = linear([0, spanOf(state)], [panel.left, panel.right]);
  const up = log(LOSSES, [panel.bottom, panel.top]);
  axisX(panel, across, { name: "step of training", ticks: across.ticks(5).filter(Number.isInteger) });
  axisY(panel, up, { ticks: [1e-4, 1e-2, 1, 100], format: (tick) => String(tick).replace("0.0001", "10⁻⁴") });
  label(panel, [panel.left - 40, 12], "L");
  const points = course.map((value, k) => [across(k), up(Math.max(LOSSES[0], Math.min(LOSSES[1], value)))]);
  line(panel, points, { width: 1.8 });
  dot(panel, points[points.length - 1], { radius: 4 });
}

function drawWeights(panel, state, { path }, width) {
  panel.resize(width, CHART, { left: 40, right: 30, top: 22, bottom: 38 });
  panel.clear();
  const names = Object.keys(path[0]);
  const bound = boundOf(path.flatMap((weights) => Object.values(weights)).concat(1.5));
  const across = linear([0, spanOf(state)], [panel.left, panel.right]);
  const up = linear([-bound, bound], [panel.bottom, panel.top]);
  axisX(panel, across, { name: "step of training", ticks: across.ticks(5).filter(Number.isInteger) });
  axisY(panel, up, { ticks: [-bound, 0, bound] });
  const ends = names.map((name) => [name, up(path[path.length - 1][name])]).sort((one, other) => one[1] - other[1]);
  ends.forEach((end, k) => (end[2] = k ? Math.max(end[1], ends[k - 1][2] + 14) : end[1])); // names do not overlap
  for (const [name, y, free] of ends) {
    const points = path.map((weights, k) => [across(k), up(weights[name])]);
    line(panel, points, { width: 1.8, dash: { w: null, u: "5 3", b: "1.5 3" }[name] });
    dot(panel, points[points.length - 1], { radius: 3.5 });
    label(panel, [across(path.length - 1) + 8, free + 4], name);
  }
}

// What does the state hold? The states of an RNN as it reads a text: a heatmap of units over time, with the surprise
// at each next character under it. The numbers and words are in hidden-states-model.js.

import { arithmetic, compute, describe, expected, gradientNorms, outcome, readRun, readStates, strongest, visible, vocabulary } from "./hidden-states-model.js";
import { digits, subscript, superscript } from "./format.js";
import { axisX, axisY, colour, dot, label, line, linear, log, makeHandle, makeHeatmap, makePanel, onDrag, segment, svg } from "./plot.js";
import { html, maths, mountExplorer } from "./controls.js";
import { findRun } from "./stored.js";
import { spec } from "./hidden-states.spec.js";

export { compute, describe, outcome };

const TOP = 30; // px above the heatmap, for the key of its colours
const LETTERS = 24; // px under it, for the characters or one row of words
const ROW = 14; // px for each further row
const ROWS = 3;
const STRIP = 78; // px of the surprise
const MOST = 6; // nats; taller bars are cut and marked
const NARROW = 290; // px from the left to the end of the time axis; labels are short where there are fewer
const ONE_ROW = 7; // px a column needs for its character
const LETTER = 7.3; // px that one character takes
const NORMS = [1e-6, 1e2]; // of the gradients: absolute, so that vanishing shows
const LIVE = ["gain", "units", "init", "activation", "seed"]; // controls of networks drawn here
const STILL = "Made by Python: run the notebook to move it.";

export function render({ model, el }) {
  const data = makeSources(model);
  const fromPython = model.get("mode") === "trace";
  if (fromPython && !data().states) return renderStill(el);
  const own = fromPython ? { ...spec, controls: [], prediction: null, landmarks: null, equation: null } : spec;
  const whole = (state) => (fromPython ? { mode: "trace" } : state);
  const parts = {
    compute: lastKept((state) => compute(whole(state), data()), data),
    describe: (state, result) => describe(whole(state), result),
    outcome,
    view: (tools) => view({ ...tools, whole, model }),
  };
  return mountExplorer({ model, el, spec: own, ...parts });
}

// The stored run and the states that Python sent, decoded once for as long as they are the same.
function makeSources(model) {
  let [packed, states] = [null, null];
  const run = findRun(model, spec.run, readRun);
  return () => {
    const sent = model.get("_states");
    if (sent !== packed) [packed, states] = [sent, sent && Object.keys(sent).length ? readStates(sent) : null];
    return { run: run(), states };
  };
}

// A function of the state and the data that does not work twice for what it has just seen: a step read, a width.
function lastKept(work, data) {
  let [key, sources, result] = ["", {}, null];
  return (state) => {
    const [now, from] = [JSON.stringify(state), data()];
    if (now !== key || from.run !== sources.run || from.states !== sources.states) [key, sources, result] = [now, from, work(state)];
    return result;
  };
}

// A stored page has no numbers of a trace from Python, but its picture, whose alternative text is the sentence.
function renderStill(el) {
  const picture = el.parentElement?.querySelector("img")?.cloneNode();
  const parts = picture ? [picture, html("p", { class: "rnn-sentence" }, picture.alt)] : [];
  const root = html("div", { class: "rnn-explorer", "data-explorer": spec.name }, html("p", { class: "rnn-question" }, spec.question), ...parts, html("p", { class: "rnn-note" }, STILL));
  el.append(root);
  return () => root.remove();
}

// ---- The drawing --------------------------------------------------------------------------------------------------------

function view({ figure, set, redraw, getState, serial, whole, model }) {
  const root = figure.parentNode;
  const heatmap = makeHeatmap(figure, "States h_t, one row a unit, one column a step");
  heatmap.root.setAttribute("aria-hidden", "true"); // the sentence speaks for it
  const stage = makePanel(figure, "States over time, and the surprise at each next character");
  const reading = { unit: 0, t: 10 };
  const scales = {};
  const pick = svg("rect", { class: "rnn-pick" });
  stage.front.append(pick);
  const choose = (changes) => {
    Object.assign(reading, changes);
    redraw();
  };
  const handles = {
    unit: makeHandle(stage, { name: "unit to read", fill: "ink", min: 0, max: 31, step: 1, valueAt: (x, y) => scales.unit.invert(y), write: (unit) => choose({ unit }) }),
    t: makeHandle(stage, { name: "step t to read", fill: "ink", min: 1, max: 120, step: 1, valueAt: (x) => scales.time.invert(x), write: (t) => choose({ t }) }),
  };
  handles.unit.root.setAttribute("aria-orientation", "vertical");
  handles.unit.root.addEventListener("keydown", goDown, true);
  let shown = { T: 0, H: 0 };
  const held = (value, low, high) => Math.max(low, Math.min(high, Math.round(value)));
  onDrag(stage, pick, (x, y) => {
    const inHeat = y < scales.foot;
    choose({ t: held(scales.time.invert(x), 1, shown.T), ...(inHeat ? { unit: held(scales.unit.invert(y), 0, shown.H - 1) } : {}) });
  });
  // Unit 0 is the topmost row, so down is on to the next unit.
  function goDown(event) {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    choose({ unit: held(reading.unit + by, 0, shown.H - 1) });
  }
  const one = makeUnit(root, figure);
  const gradients = makeGradients(one.root, redraw);
  const controls = arrangeControls({ root, figure, serial, set, getState });
  if (model.get("mode") === "trace") root.querySelector(".rnn-more:not(.rnn-gradients)").hidden = true; // nothing to reset or copy
  const onTrace = () => redraw();
  model.on("change:_states", onTrace);

  function draw(settings, result, width) {
    const state = whole(settings); // a trace from Python leaves no settings but its mode
    shown = result;
    reading.unit = held(reading.unit, 0, Math.max(0, result.H - 1));
    reading.t = held(reading.t, 1, Math.max(1, result.T));
    controls.update(state);
    for (const part of [figure, one.root, gradients.root]) part.hidden = result.T === 0;
    if (result.T === 0) return;
    layOut(stage, scales, result, width);
    drawStage(stage, heatmap, scales, result, reading);
    placeHandles(result);
    one.draw(result, reading, scales, width);
    gradients.draw(result, reading, scales, width);
  }

  function placeHandles({ T, H, labels }) {
    const character = labels ? `, ${visible(labels[reading.t - 1])}` : "";
    handles.unit.setRange(0, H - 1);
    handles.unit.place(stage.right + 18, scales.unit(reading.unit), reading.unit, `unit ${reading.unit}`);
    handles.t.setRange(1, T);
    handles.t.place(scales.time(reading.t), stage.bottom, reading.t, `t = ${reading.t}${character}`);
    const box = { x: stage.left, y: stage.top, width: stage.right - stage.left, height: stage.bottom - stage.top };
    for (const [name, value] of Object.entries(box)) pick.setAttribute(name, value);
  }
  const destroy = () => model.off("change:_states", onTrace);
  return { draw, destroy };
}

// The text and the slider stand above what they change; what does not act in a mode is not shown in it.
function arrangeControls({ root, figure, serial, set, getState }) {
  const find = (name) => root.querySelector(`#${serial}-${name}`);
  const text = find("text");
  if (!text) return { update: () => {} };
  figure.before(root.querySelector(".rnn-controls"));
  text.setAttribute("spellcheck", "false");
  text.addEventListener("change", () => set({ text: [...getState().text].filter((one) => vocabulary.includes(one)).join("") }));
  const show = (name, is) => (find(name).closest(".rnn-control").hidden = !is);
  const update = ({ mode }) => {
    LIVE.forEach((name) => show(name, mode === "live"));
    show("checkpoint", mode === "run");
  };
  return { update };
}

function layOut(stage, scales, { T, H, labels, surprise }, width) {
  const row = H <= 8 ? 20 : H <= 16 ? 12 : H <= 32 ? 8 : Math.max(1, Math.floor(256 / H));
  const heat = TOP + row * H;
  const strip = surprise ? STRIP + 32 : 0;
  const [left, right] = [40, width - 46]; // on the right the handle of the unit, and "ln 45"
  scales.time = linear([0.5, T + 0.5], [left, right]);
  scales.column = (right - left) / T;
  scales.words = labels && !fits(labels, scales) ? placeWords(labels, scales, right) : null;
  const below = LETTERS + ROW * Math.max(0, ...(scales.words ?? []).map(({ row }) => row));
  stage.resize(width, heat + below + strip + 42, { left, right: width - right, top: TOP, bottom: 42 });
  Object.assign(scales, { foot: heat, below });
  scales.unit = linear([-0.5, H - 0.5], [TOP, heat]);
  scales.surprise = linear([0, MOST], [stage.bottom, stage.bottom - STRIP]);
}

// Whether each column has room for its character.
function fits(labels, { column }) {
  return column >= ONE_ROW && labels.every((one) => one.length <= 1);
}

// Words as { x, row, word }, each at its first column in the first row that is free there; the rest are left out.
function placeWords(labels, { time, column }, right) {
  const free = Array(ROWS).fill(0);
  return wordsOf(labels).flatMap(({ start, word }) => {
    const x = time(start) - column / 2;
    const row = free.findIndex((from) => from <= x);
    if (row < 0 || x + word.length * LETTER > right + 20) return [];
    free[row] = x + (word.length + 1) * LETTER;
    return [{ x, row, word }];
  });
}

function drawStage(stage, heatmap, scales, result, reading) {
  const { H, T, h, surprise } = result;
  const size = { width: stage.right - stage.left, height: scales.foot - TOP };
  heatmap.draw({ rows: H, columns: T, value: (row, column) => h[(column + 1) * H + row], ...size });
  Object.assign(heatmap.root.style, { position: "absolute", left: `${stage.left}px`, top: `${TOP}px` });
  stage.clear();
  drawKey(stage);
  drawUnits(stage, scales, H);
  drawCross(stage, scales, reading, H);
  if (result.labels) drawLetters(stage, scales, result.labels, reading.t);
  axisX(stage, scales.time, { name: "t", ticks: scales.time.ticks(5).filter((t) => Number.isInteger(t) && t >= 1 && t <= T) });
  if (surprise) drawSurprise(stage, scales, result, reading.t);
}

// What the colours mean, at the upper right: −1, clear, 1.
function drawKey(stage) {
  const [from, to, y] = [stage.right - 84, stage.right - 20, TOP - 15];
  for (let k = 0; k < 16; k++) {
    const value = (k - 7.5) / 7.5;
    const [x, next] = [k, k + 1].map((edge) => from + (edge * (to - from)) / 16);
    segment(stage, [x, y], [next, y], { stroke: value < 0 ? "negative" : "positive", width: 8, opacity: Math.abs(value) });
  }
  label(stage, [from - 5, y + 4], "−1", { anchor: "end", fill: "muted", size: 12, plain: true });
  label(stage, [to + 5, y + 4], "1", { fill: "muted", size: 12, plain: true });
  label(stage, [from - 28, y + 4], "h_t", { anchor: "end", fill: "h" });
}

function drawUnits(stage, { unit }, H) {
  for (const k of [0, H - 1]) label(stage, [stage.left - 8, unit(k) + 4], String(k), { anchor: "end", fill: "muted", size: 12, plain: true });
  label(stage, [stage.left, TOP - 11], "unit", { fill: "muted", size: 12, plain: true });
}

// The row and the column that are read, in outline.
function drawCross(stage, { unit, time, foot, below, column }, reading, H) {
  const row = (foot - TOP) / H;
  const frame = (x, y, width, height) => [[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]];
  line(stage, frame(stage.left, unit(reading.unit) - row / 2, stage.right - stage.left, row), { width: 1 });
  line(stage, frame(time(reading.t) - column / 2, TOP, column, foot - TOP), { width: 1 });
  segment(stage, [time(reading.t), foot + below - 2], [time(reading.t), stage.bottom], { stroke: "axis", width: 1, dash: "2 3" });
}

// A character under each column; where columns are too narrow, the words that find room, each at its first column.
function drawLetters(stage, { time, foot, words }, labels, t) {
  const write = (x, row, text, options) => label(stage, [x, foot + 16 + row * ROW], text, { size: 12, plain: true, halo: false, fill: "x", ...options });
  if (words) return words.forEach(({ x, row, word }) => write(x, row, word));
  labels.forEach((one, k) => {
    const read = k + 1 === t;
    const node = write(time(k + 1), 0, read ? visible(one) : one, { anchor: "middle", fill: read ? "ink" : "x" });
    node.classList.toggle("rnn-read", read);
  });
}

// Runs of characters without a space as { start, word }, counted from 1; longer labels are words of their own.
export function wordsOf(labels) {
  const words = [];
  labels.forEach((one, k) => {
    if (!one.trim()) return;
    const goes = k > 0 && one.length === 1 && labels[k - 1].length === 1 && labels[k - 1].trim();
    if (goes) words[words.length - 1].word += one;
    else words.push({ start: k + 1, word: one });
  });
  return words;
}

function drawSurprise(stage, scales, { surprise }, t) {
  const { time, column } = scales;
  const up = (value) => scales.surprise(Math.min(MOST, value));
  const level = Math.log(vocabulary.length);
  const width = Math.max(1, Math.min(14, column * 0.7));
  const name = stage.right < NARROW ? "L_t, the surprise, in nats" : "L_t, surprise at the next character, in nats";
  label(stage, [stage.left, scales.surprise(MOST) - 14], name, { fill: "y", size: 13 });
  for (const tick of [0, 3, 6]) label(stage, [stage.left - 8, scales.surprise(tick) + 4], String(tick), { anchor: "end", fill: "muted", size: 12, plain: true });
  const bar = (value, k) => `M${time(k + 1).toFixed(2)} ${stage.bottom}V${up(value).toFixed(2)}`;
  const draw = (d, opacity) => stage.marks.append(svg("path", { d, style: `stroke: ${colour("y")}`, "stroke-width": width, opacity }));
  draw(Array.from(surprise, (value, k) => (k + 1 === t ? "" : bar(value, k))).join(""), 0.75); // one path: a node each would be slow
  if (t <= surprise.length) draw(bar(surprise[t - 1], t - 1), 1);
  surprise.forEach((value, k) => value > MOST && label(stage, [time(k + 1), up(value) - 1], "↑", { anchor: "middle", fill: "y", size: 12, plain: true }));
  segment(stage, [stage.left, up(level)], [stage.right, up(level)], { width: 1, dash: "5 4" });
  label(stage, [stage.right + 4, up(level) + 4], `ln ${vocabulary.length}`, { size: 12, plain: true });
}

// ---- One unit: its course, what feeds it, and the arithmetic of one step --------------------------------------------

function makeUnit(root, figure) {
  const sentence = figure.nextElementSibling;
  const holder = html("div", { class: "rnn-figure" });
  const panel = makePanel(holder, "One unit over time");
  const [feeds, step, next] = ["rnn-feeds", "rnn-arithmetic", "rnn-arithmetic"].map((name) => html("p", { class: name }));
  const box = html("div", { class: "rnn-unit" }, holder, feeds, step, next);
  sentence.after(box);
  function draw(result, reading, { time }, width) {
    drawCourse(panel, result, reading, time, width);
    feeds.replaceChildren(...(result.net ? feedsOf(result, reading.unit) : []));
    step.replaceChildren(...stepOf(result, reading));
    next.textContent = result.net ? nextOf(result, reading.t) : "";
  }
  return { root: box, draw };
}

function drawCourse(panel, { T, H, h }, { unit, t }, time, width) {
  panel.resize(width, 96, { left: 40, right: 38, top: 22, bottom: 8 });
  panel.clear();
  const up = linear([-1, 1], [panel.bottom, panel.top]);
  const at = (k) => up(Math.max(-1, Math.min(1, h[k * H + unit])));
  axisY(panel, up, { ticks: [-1, 0, 1] });
  segment(panel, [panel.left, up(0)], [panel.right, up(0)], { stroke: "axis", width: 1 });
  label(panel, [panel.left, 12], `h_t of unit ${unit}`, { fill: "h" });
  const points = Array.from({ length: T }, (_, k) => [time(k + 1), at(k + 1)]);
  line(panel, points, { stroke: "h", width: 1.5 });
  if (T <= 60) points.forEach((point) => dot(panel, point, { fill: "h", radius: 2 }));
  dot(panel, points[t - 1], { fill: "h", radius: 5 });
}

// The largest weights into the unit, from characters and from units.
function feedsOf({ net, H }, unit) {
  const { W_xh, W_hh } = net.params;
  const inputs = strongest(W_xh, H, unit, 5).map(([row, weight]) => [visible(vocabulary[row]), weight]);
  const units = strongest(W_hh, H, unit, 4).map(([row, weight]) => [`unit ${row}`, weight]);
  return ["Fed most by ", ...weighed(inputs), "and by ", ...weighed(units)];
}

function weighed(pairs) {
  return pairs.map(([name, weight]) => html("span", { class: weight < 0 ? "rnn-weight rnn-minus" : "rnn-weight rnn-plus" }, html("b", null, name), ` ${weight < 0 ? "" : "+"}${digits(weight, 2)}`));
}

// "a₅ = x₅ W_xh + h₄ W_hh + b_h" in numbers, for one unit.
function stepOf(result, { unit, t }) {
  const value = digits(result.h[t * result.H + unit]);
  if (!result.net) return [`Unit ${unit}: `, maths(`h_{${t}}`), ` = ${value}`];
  const { input, state, bias, a } = arithmetic(result, unit, t);
  const phi = { identity: "", sigmoid: "σ" }[result.net.activation] ?? result.net.activation;
  const formula = [`Unit ${unit}: `, maths(`a_{${t}}`), " = ", maths(`x_{${t}}W_{xh}`), " + ", maths(`h_{${t - 1}}W_{hh}`), " + ", maths("b_h")];
  return [...formula, ` = ${digits(input)} ${signed(state)} ${signed(bias)} = ${digits(a)}, `, maths(`h_{${t}}`), ` = ${phi ? `${phi}(${digits(a)}) = ` : ""}${value}`];
}

function signed(value) {
  return value < 0 ? `− ${digits(-value)}` : `+ ${digits(value)}`;
}

// What comes after step t, and what the network expected.
function nextOf(result, t) {
  const { surprise, labels, T } = result;
  const expects = expected(result, t, 3).map(([one, chance]) => `${visible(one)} ${digits(chance, 2)}`).join(", ");
  const read = `After “${visible(labels[t - 1])}” at t = ${t} it expects ${expects}`;
  if (t === T) return `${read}; the text ends here.`;
  return `${read}; what comes is “${visible(labels[t])}”: L${subscript(t)} = −ln ${digits(Math.exp(-surprise[t - 1]))} = ${digits(surprise[t - 1])} nats.`;
}

// ---- Gradient norms, closed at first --------------------------------------------------------------------------------------

function makeGradients(before, redraw) {
  const holder = html("div", { class: "rnn-figure" });
  const panel = makePanel(holder, "Gradient norms over time");
  const summary = html("summary", null, "how much each state matters to the loss");
  const root = html("details", { class: "rnn-more rnn-gradients", ontoggle: () => root.open && redraw() }, summary, holder);
  before.after(root);
  function draw(result, { t }, { time }, width) {
    root.hidden = !result.net;
    if (result.net && root.open) drawGradients(panel, gradientNorms(result), t, time, width);
  }
  return { root, draw };
}

function drawGradients(panel, gradients, t, time, width) {
  panel.resize(width, 150, { left: 40, right: 38, top: 26, bottom: 26 });
  panel.clear();
  const up = log(NORMS, [panel.bottom, panel.top]);
  const at = (k) => [time(k), up(Math.min(NORMS[1], Math.max(NORMS[0], gradients[k])))];
  axisX(panel, time, { ticks: time.ticks(5).filter((tick) => Number.isInteger(tick) && tick >= 1) });
  axisY(panel, up, { ticks: [1e-6, 1e-4, 1e-2, 1, 1e2], format: (tick) => `10${superscript(Math.round(Math.log10(tick)))}` });
  label(panel, [panel.left, 14], "‖∂L/∂h_t‖ for L = Σ L_t", { fill: "grad" });
  const steps = Array.from({ length: gradients.length - 1 }, (_, k) => k + 1).filter((k) => gradients[k] > 0);
  line(panel, steps.map(at), { stroke: "grad", width: 1.5 });
  if (!(gradients[t] > 0)) return;
  dot(panel, at(t), { fill: "grad", radius: 5 });
  label(panel, [panel.right, 14], `t = ${t}: ${digits(gradients[t])}`, { fill: "grad", anchor: "end" });
}

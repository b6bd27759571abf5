// Which cell learns to remember, and for how long? Three nets train in the page: their losses over the steps, and how far
// back their gradients reach now. Training works in slices of a frame, so that the page answers meanwhile; nothing trains
// unless a reader asks for it. The numbers and words are in learn-live-model.js.

import { CELLS, CHANCE, CURVES, MOST, NAMES, ROUND, compute, describe, keyOf, makeTrainings, outcome, readStored } from "./learn-live-model.js";
import { findRun } from "./stored.js";
import { digits, superscript } from "./format.js";
import { axisX, axisY, colour, label, line, linear, log, makePanel, segment, svg } from "./plot.js";
import { html, mountExplorer } from "./controls.js";
import { spec } from "./learn-live.spec.js";

export { compute, describe, outcome };

const SLICE = 10; // milliseconds of work a frame
const LEAP = 100; // steps at once where motion is not wanted
const BESIDE = 640; // px of width from which the panels stand side by side
const HEIGHT = 270;
const LOSSES = [0, 2];
const NORMS = [1e-9, 1e2]; // absolute: an axis that follows the curves would hide that they vanish
const LOOKS = { rnn: "1.5 3", gru: "7 3", lstm: null }; // dotted, dashed, solid: in both panels
const HUES = { rnn: "h", gru: "z", lstm: "c" };
const APART = 15; // px between two names

export function render({ model, el }) {
  const stored = findRun(model, spec.run, readStored);
  const trainings = makeTrainings();
  const parts = {
    compute: (state) => compute(state, stored(), trainings.of(state)),
    describe,
    outcome,
    view: (tools) => view({ ...tools, trainings }),
  };
  return mountExplorer({ model, el, spec, ...parts });
}

function view({ figure, set, redraw, getState, trainings }) {
  const losses = makePanel(figure, "The loss of each net over the steps of training");
  const norms = makePanel(figure, "The norm of each net's gradient over the time before the end");
  const runner = makeRunner({ set, redraw, getState, trainings, sentence: figure.nextElementSibling });
  figure.before(runner.root);
  function draw(state, result, width) {
    const size = width >= BESIDE ? Math.floor(width / 2) : width;
    drawLosses(losses, result, size);
    drawNorms(norms, state, result, size);
    runner.draw(state, result);
  }
  return { draw, destroy: runner.stop };
}

// ---- Run, pause, ten steps, start again -----------------------------------------------------------------------------------

function makeRunner({ set, redraw, getState, trainings, sentence }) {
  let frame = 0; // of the slice that is to come, or 0
  let goal = null; // { key, rounds to reach, steps that the state is expected to have }
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const run = html("button", { type: "button", "data-action": "train-run", onclick: () => (frame ? stop() : start(still() ? LEAP : MOST)) });
  const some = html("button", { type: "button", "data-action": "train-some", onclick: () => start(ROUND) }, `train ${ROUND} steps`);
  const again = html("button", { type: "button", "data-action": "train-again", onclick: startAgain }, "start again");
  const words = html("span", { class: "rnn-note", role: "status" });
  const root = html("div", { class: "rnn-row" }, run, some, again, words);

  // Goes on from where this page has come with these settings, which may be less than what the state shows.
  function start(steps) {
    const state = getState();
    const { length } = trainings.of(state).losses;
    const rounds = Math.min(MOST, ROUND * length + steps) / ROUND;
    goal = { key: keyOf(state), rounds, steps: ROUND * length };
    set({ steps: goal.steps });
    frame ||= requestAnimationFrame(slice);
    redraw();
  }

  function slice() {
    frame = 0;
    const state = getState();
    const live = trainings.of(state);
    if (keyOf(state) !== goal.key || state.steps !== goal.steps) return stop(); // someone else took over
    const until = performance.now() + SLICE;
    live.advance(() => live.losses.length < goal.rounds && performance.now() < until);
    const done = live.losses.length >= goal.rounds;
    if (done || !still()) goal.steps = ROUND * Math.min(live.losses.length, goal.rounds);
    if (state.steps !== goal.steps) set({ steps: goal.steps });
    if (done) stop();
    else frame = requestAnimationFrame(slice);
  }

  function stop() {
    cancelAnimationFrame(frame);
    frame = 0;
    redraw();
  }

  function startAgain() {
    stop();
    trainings.forget(getState());
    set({ steps: 0 });
  }

  function draw(state, { source, here }) {
    const full = ROUND * here >= MOST;
    sentence.setAttribute("aria-live", frame ? "off" : "polite"); // read out when it rests, not at every round
    run.textContent = frame ? "pause" : still() ? `run ${LEAP} steps` : "run";
    for (const button of [run, some]) button.setAttribute("aria-disabled", full && !frame);
    const stored = source === "stored" && !frame ? `stored beforehand; in this page ${ROUND * here} steps so far` : "";
    words.textContent = stored || (frame && still() ? "training…" : "");
  }
  return { root, draw, stop: () => cancelAnimationFrame(frame) };
}

// ---- The losses --------------------------------------------------------------------------------------------------------------

function drawLosses(panel, { losses, bands, rounds }, width) {
  panel.resize(width, HEIGHT, { left: 40, right: 74, top: 30, bottom: 40 });
  panel.clear();
  const across = linear([0, MOST], [panel.left, panel.right]);
  const up = linear(LOSSES, [panel.bottom, panel.top]);
  const at = (k, loss) => [across(ROUND * (k + 1)), up(Math.min(LOSSES[1], loss))];
  axisX(panel, across, { name: "step of training", ticks: across.ticks(5) });
  axisY(panel, up, { ticks: [0, 0.5, 1, 1.5, 2] });
  label(panel, [panel.left - 34, 16], "loss", { plain: true });
  segment(panel, [panel.left, up(CHANCE)], [panel.right, up(CHANCE)], { stroke: "muted", width: 1 });
  label(panel, [panel.right, up(CHANCE) + 17], "chance, ln 4", { fill: "muted", anchor: "end", size: 12, plain: true });
  if (bands && rounds) {
    bands.forEach((band, k) => drawBand(panel, band, at, HUES[CELLS[k]]));
    label(panel, [panel.right, 16], "shaded: five seeds", { fill: "muted", anchor: "end", size: 12, plain: true });
  }
  const ends = [];
  CELLS.forEach((cell, k) => {
    const points = losses.map((row, round) => at(round, row[k]));
    if (!points.length) return;
    line(panel, points, { stroke: HUES[cell], width: 2, dash: LOOKS[cell] });
    ends.push([points[points.length - 1], NAMES[cell], HUES[cell]]);
  });
  nameEnds(panel, ends, (x) => x + 6);
}

// Where the losses of all stored seeds lie.
function drawBand(panel, band, at, hue) {
  const corners = [...band.map(([, high], k) => at(k, high)), ...band.map(([low], k) => at(k, low)).reverse()];
  const points = corners.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  panel.marks.append(svg("polygon", { points, opacity: 0.22, style: `fill: ${colour(hue)}` }));
}

// Names at the ends of curves, moved apart where they would overlap, none outside the drawing.
function nameEnds(panel, ends, place, anchor = "start") {
  ends.sort(([[, one]], [[, other]]) => one - other);
  const rows = ends.map(([[, y]]) => y + 4);
  rows.forEach((y, k) => (rows[k] = Math.max(y, k ? rows[k - 1] + APART : panel.top)));
  for (let k = rows.length - 1, free = panel.bottom; k >= 0; k--, free -= APART) rows[k] = free = Math.min(rows[k], free);
  ends.forEach(([[x], name, hue], k) => label(panel, [place(x), rows[k]], name, { fill: hue, size: 12, anchor }));
}

// ---- The gradients -------------------------------------------------------------------------------------------------------------

// Time runs to the end at the right, where the axis stands; the names are on the left, where it shows what has come back.
function drawNorms(panel, { T }, { reach }, width) {
  panel.resize(width, HEIGHT, { left: 66, right: 40, top: 30, bottom: 40 });
  panel.clear();
  const time = linear([-T, 0], [panel.left, panel.right]);
  const up = log(NORMS, [panel.bottom, panel.top]);
  axisX(panel, time, { name: "steps before the end", ticks: time.ticks(5), format: (tick) => digits(tick) });
  axisRight(panel, up, [1e-9, 1e-6, 1e-3, 1]);
  label(panel, [panel.right + 36, 16], "‖∂L/∂h_t‖", { fill: "grad", anchor: "end" });
  drawPlaces(panel, time, T);
  const ends = [];
  for (const [cell, name] of CURVES) {
    const [values, hue] = [reach[CELLS.indexOf(cell)][name], name === "c" ? "grad_c" : "grad"];
    const points = within(values, time, up);
    if (points.length > 1) line(panel, points, { stroke: hue, width: name === "c" ? 1.2 : 2, dash: LOOKS[cell] });
    ends.push([[panel.left, up(inside(values[T]))], name === "c" ? "LSTM, c_t" : NAMES[cell], hue]);
  }
  nameEnds(panel, ends, (x) => x - 6, "end");
}

function axisRight(panel, scale, ticks) {
  segment(panel, [panel.right, panel.top], [panel.right, panel.bottom], { stroke: "axis", width: 1 });
  for (const tick of ticks) {
    const [y, words] = [scale(tick), tick === 1 ? "1" : `10${superscript(Math.round(Math.log10(tick)))}`];
    segment(panel, [panel.right, y], [panel.right + 4, y], { stroke: "axis", width: 1 });
    label(panel, [panel.right + 8, y + 4], words, { fill: "muted", size: 12, halo: false, plain: true });
  }
}

const inside = (value) => Math.max(NORMS[0], Math.min(NORMS[1], value || NORMS[0]));

// The points of a curve, from the end back to where it leaves the axis.
function within(values, time, up) {
  const beyond = values.findIndex((value) => !(value >= NORMS[0] && value <= NORMS[1]));
  const shown = beyond < 0 ? values : values.subarray(0, beyond);
  return Array.from(shown, (value, lag) => [time(-lag), up(value)]);
}

// Where the two symbols may stand, counted from the sequence's end.
function drawPlaces(panel, time, T) {
  const [first, second] = [[Math.floor(T / 5), 0], [Math.floor((3 * T) / 5), Math.floor(T / 2) - Math.floor(T / 10)]];
  for (const [word, [from, to]] of [["1st", first], ["2nd", second]]) {
    const [left, right] = [time(-(T - to)), time(-(T - from))];
    segment(panel, [left, panel.bottom - 3], [right, panel.bottom - 3], { stroke: "x", width: 5 });
    label(panel, [(left + right) / 2, panel.bottom - 10], word, { fill: "x", anchor: "middle", size: 12, plain: true });
  }
}

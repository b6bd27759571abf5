// What an answer depends on, in numbers and words: three trained nets read a sequence of temporal order; the gradient of
// a logit for each input, and what replacing that input does. Pure: no page. connectivity.py says the same with rnnlib;
// a test holds them equal.

import { addProduct, makeGenerator, norms, sigmoid } from "./engine.js";
import { digits, exactly } from "./format.js";
import { cellBackward, cellForward } from "./gated.js";
import { readArrays } from "./stored.js";
import { spec } from "./connectivity.spec.js";

export const SYMBOLS = [...spec.symbols];
const D = SYMBOLS.length;
const [X, Y, START, END] = [..."XYEB"].map((one) => SYMBOLS.indexOf(one));
const CLASSES = ["XX", "XY", "YX", "YY"];
export const NAMES = { gru: "GRU", lstm: "LSTM", rnn: "tanh RNN" };

const LATE = 0.9; // the share of all gradients that makes the last steps all there is
const LAST = 8; // how many steps are the last ones, at most
const NAMED = 4; // how many steps a sentence names one by one

// ---- The stored nets ---------------------------------------------------------------------------------------------------

// A stored run as { tested, nets: { cell: { cell, D, H, params, accuracy } } }.
export function readNets(run) {
  const arrays = Object.entries(readArrays(run));
  const nets = run.nets.map((name, k) => {
    const own = arrays.filter(([key]) => key.startsWith(`${name}.`)).map(([key, values]) => [key.split(".")[1], values]);
    const params = Object.fromEntries(own);
    const cell = name.toLowerCase();
    const H = params.W_hy.length / 4;
    return [cell, { cell, activation: "tanh", D, H, params, step: makeStep(cell, H, params), accuracy: run.rounded[k] }];
  });
  return { tested: JSON.parse(run.settings).tested, nets: Object.fromEntries(nets) };
}

// A step that overwrites h and c and keeps no record, as gated.js has the cells: there are thousands at each move. What a
// symbol adds, x_t W_xh + b_h, is a row of W_xh and known before.
const STEPS = {
  rnn: (a, u, h) => h.forEach((_, j) => (h[j] = Math.tanh(a[j] + u[j]))),
  lstm(a, u, h, c) {
    const H = h.length;
    for (let j = 0; j < H; j++) {
      const i = sigmoid(a[j] + u[j]);
      const f = sigmoid(a[H + j] + u[H + j]);
      c[j] = f * c[j] + i * Math.tanh(a[2 * H + j] + u[2 * H + j]);
      h[j] = sigmoid(a[3 * H + j] + u[3 * H + j]) * Math.tanh(c[j]);
    }
  },
  gru(a, u, h) {
    const H = h.length;
    for (let j = 0; j < H; j++) {
      const r = sigmoid(a[j] + u[j]);
      const z = sigmoid(a[H + j] + u[H + j]);
      h[j] = (1 - z) * Math.tanh(a[2 * H + j] + r * u[2 * H + j]) + z * h[j];
    }
  },
};

function makeStep(cell, H, { W_xh, W_hh, b_h, b_hn }) {
  const columns = b_h.length;
  const rows = SYMBOLS.map((_, code) => b_h.map((bias, j) => W_xh[code * columns + j] + bias));
  const start = new Float64Array(columns);
  if (b_hn) start.set(b_hn, 2 * H);
  const u = new Float64Array(columns);
  return (code, h, c) => {
    u.set(start);
    addProduct(u, h, 0, W_hh, H); // h_{t−1} W_hh, and b_hn
    STEPS[cell](rows[code], u, h, c);
  };
}

// ---- The sequence --------------------------------------------------------------------------------------------------------

// The symbols' numbers of one sequence of temporal order, as rnnlib.tasks.temporal_order draws them.
export function drawSequence(seed) {
  const generator = makeGenerator(seed);
  const T = spec.order;
  const whole = (low, high) => low + Math.floor(generator.uniform() * (high - low + 1));
  const codes = Array.from({ length: whole(T, T + Math.floor(T / 10)) }, () => whole(0, 3));
  const [first, second] = [whole(Math.floor(T / 10), Math.floor(T / 5)), whole(Math.floor(T / 2), Math.floor((3 * T) / 5))];
  codes[first - 1] = whole(X, Y);
  codes[second - 1] = whole(X, Y);
  codes[0] = START;
  codes[codes.length - 1] = END;
  return codes;
}

// The symbols as drawn, as the state has them, and the step k that it reads.
export function edited(state) {
  const drawn = drawSequence(state.seed);
  const codes = [...drawn];
  const k = Math.min(state.k, drawn.length);
  if (state.swap) {
    const [one, other] = relevant(drawn);
    [codes[one - 1], codes[other - 1]] = [codes[other - 1], codes[one - 1]];
  }
  if (state.symbol !== "keep") codes[k - 1] = SYMBOLS.indexOf(state.symbol);
  return { drawn, codes, k };
}

// The steps k at which X or Y stands.
function relevant(codes) {
  return codes.flatMap((code, k) => (code === X || code === Y ? [k + 1] : []));
}

// The number of the class, or null where there are not two of X and Y.
function classOf(codes) {
  const steps = relevant(codes);
  return steps.length === 2 ? 2 * (codes[steps[0] - 1] - X) + codes[steps[1] - 1] - X : null;
}

// What a symbol is replaced by: X by Y, Y by X, a letter by the next; E and B by themselves.
export function like(code) {
  return code < X ? (code + 1) % X : code === X ? Y : code === Y ? X : code;
}

// ---- What the nets make of it --------------------------------------------------------------------------------------------

function oneHot(codes) {
  const x = new Float64Array(codes.length * D);
  codes.forEach((code, k) => (x[k * D + code] = 1));
  return x;
}

// o = h W_hy + b_y, of one state.
function logitsOf({ W_hy, b_y }, h) {
  const logits = b_y.slice();
  addProduct(logits, h, 0, W_hy, h.length);
  return logits;
}

function lastLogits({ params, H }, { h, T }) {
  return logitsOf(params, h.subarray(T * H));
}

function argmax(values) {
  return values.reduce((best, value, k) => (value > values[best] ? k : best), 0);
}

// All that does not depend on the logit that is read; each net's last sequence is kept, since a step is moved most.
const kept = {};
function run(net, codes, drawn) {
  const key = `${codes} ${drawn}`;
  if (kept[net.cell]?.key === key && kept[net.cell].net === net) return kept[net.cell];
  const trace = cellForward(net, oneHot(codes));
  const logits = lastLogits(net, trace);
  const replaced = codes.map((code, k) => (like(code) === code ? logits : logitsFrom(net, trace, codes, k, like(code))));
  const original = argmax(lastLogits(net, cellForward(net, oneHot(drawn))));
  kept[net.cell] = { key, net, trace, logits, replaced, drawn: original, gradients: {} };
  return kept[net.cell];
}

// The logits with another symbol at codes[k]: what came before is as it was, so the net goes on from its state there.
function logitsFrom({ H, params, step }, { h, c }, codes, k, other) {
  const at = (states) => states.slice(k * H, (k + 1) * H);
  const [h_t, c_t] = [at(h), c && at(c)];
  step(other, h_t, c_t);
  for (let t = k + 1; t < codes.length; t++) step(codes[t], h_t, c_t);
  return logitsOf(params, h_t);
}

// ∂o_T/∂x_k of one logit: T × 8 values.
function gradientOf(net, one, chosen) {
  const { W_hy } = net.params;
  const dhLast = Float64Array.from({ length: net.H }, (_, j) => W_hy[j * 4 + chosen]);
  return (one.gradients[chosen] ??= cellBackward(net, one.trace, null, dhLast).x);
}

// One net's reading of the sequence; `sizes` are ‖∂o_T/∂x_k‖, `changes` those of the logit when x_k is replaced by its
// like, `flips` whether the answer becomes another one; k = 1 … T stands at [k − 1].
function read(net, state, codes, drawn) {
  const one = run(net, codes, drawn);
  const answer = argmax(one.logits);
  const chosen = state.logit === "own" ? answer : CLASSES.indexOf(state.logit);
  const gradient = gradientOf(net, one, chosen);
  const changes = Float64Array.from(one.replaced, (logits) => logits[chosen] - one.logits[chosen]);
  const flips = one.replaced.map((logits) => argmax(logits) !== answer);
  const { cell, accuracy } = net;
  return { cell, accuracy, logits: one.logits, replaced: one.replaced, answer, drawn: one.drawn, chosen, gradient, sizes: norms(gradient, D), changes, flips };
}

export function compute(state, data) {
  const { drawn, codes, k } = edited(state);
  const sequence = { drawn, codes, k, T: codes.length, steps: relevant(codes), target: classOf(codes) };
  if (!data) return { ...sequence, missing: true };
  const readings = Object.keys(NAMES).map((cell) => [cell, read(data.nets[cell], state, codes, drawn)]);
  return { ...sequence, tested: data.tested, readings: Object.fromEntries(readings) };
}

// ---- The sentence: what is to be seen, and what it means -----------------------------------------------------------------

export function spelled(number) {
  return [...CLASSES[number]].join(" ");
}

// "a", "a and b" or "a, b and c".
function listed(parts) {
  return [parts.slice(0, -1).join(", "), parts[parts.length - 1]].filter((one) => one !== "").join(" and ");
}

export function describe(state, result) {
  if (result.missing) return "The stored nets are not on this page.";
  const reading = result.readings[state.cell];
  const parts = [setting(state, result), answering(result, reading), depending(state, result, reading), flipping(result, reading), others(state, result)];
  return `${parts.join(". ")}.`;
}

function setting(state, { drawn, codes, k, T, steps, target }) {
  const swapped = state.swap ? ["with the two swapped"] : [];
  const replaced = state.symbol === "keep" || codes[k - 1] === drawn[k - 1] ? [] : [`with ${SYMBOLS[codes[k - 1]]} at k = ${k}, where ${SYMBOLS[drawn[k - 1]]} was drawn`];
  const made = [...swapped, ...replaced].join(", ");
  const start = made ? `${made[0].toUpperCase()}${made.slice(1)}: ` : "";
  if (target === null) return `${start}${steps.length ? `${steps.length} of X and Y` : "neither X nor Y"} among ${T} symbols, which is no class of the task`;
  const where = listed(steps.map((step) => `${SYMBOLS[codes[step - 1]]} at k = ${step}`));
  return `${start}${where} of ${T} symbols: the class is ${spelled(target)}`;
}

function answering({ target, tested }, { cell, accuracy, answer, drawn }) {
  const judged = target === null ? "" : answer === target ? ", rightly" : ", wrongly";
  const turned = answer === drawn ? "" : `; as drawn it was ${spelled(drawn)}`;
  return `The ${NAMES[cell]}, right on ${exactly(100 * accuracy, 4)} % of ${tested} sequences, answers ${spelled(answer)}${judged}${turned}`;
}

// Where the gradient is: in the last steps, at X and Y, or elsewhere.
function depending(state, { T, steps }, reading) {
  const sizes = shownSizes(state, reading);
  const unit = state.scale === "share" ? " of the largest" : "";
  const size = (step) => exactly(sizes[step - 1], 2);
  const late = lateSteps(sizes);
  if (late <= LAST && steps.length && steps[steps.length - 1] <= T - late) {
    return `Nine tenths of its gradient ‖∂o/∂x‖ lie in ${late === 1 ? "the last step" : `the last ${late} steps`}; at k = ${steps[0]} it is ${size(steps[0])}${unit}`;
  }
  const ranks = ranked(sizes);
  if (!steps.length) return `Its gradient ‖∂o/∂x‖ is largest at k = ${ranks.indexOf(1) + 1}, ${size(ranks.indexOf(1) + 1)}`;
  const worst = worstOf(steps, ranks);
  const place = ranks[worst - 1] < T ? `only number ${ranks[worst - 1]}` : "the smallest";
  if (ranks[worst - 1] > steps.length) return `Its gradient ‖∂o/∂x‖ at k = ${worst}, ${size(worst)}${unit}, is ${place} of all ${T}`;
  const rest = sizes.reduce((most, value, k) => (steps.includes(k + 1) ? most : Math.max(most, value)), 0);
  return `Its gradient ‖∂o/∂x‖ is largest at k = ${listed(steps)}, ${listed(steps.map(size))}${unit}, and at most ${exactly(rest, 2)} elsewhere`;
}

// The gradients' lengths as they are drawn: themselves, or as shares of the largest.
export function shownSizes({ scale }, { sizes }) {
  return scale === "share" ? sizes.map((size) => size / largest(sizes)) : sizes;
}

export function largest(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

// How many of the last steps hold nine tenths of the summed lengths.
function lateSteps(sizes) {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let [held, count] = [0, 0];
  while (held < LATE * total) held += sizes[sizes.length - ++count];
  return count;
}

// Each step's rank, 1 for the largest.
function ranked(sizes) {
  return Array.from(sizes, (size) => 1 + sizes.filter((other) => other > size).length);
}

// The first of the steps with the smallest gradient.
function worstOf(steps, ranks) {
  return steps.reduce((worst, step) => (ranks[step - 1] > ranks[worst - 1] ? step : worst), steps[0]);
}

// Where one symbol in place of another makes another answer.
function flipping({ steps }, { flips, sizes }) {
  const found = flips.flatMap((flip, k) => (flip ? [k + 1] : []));
  if (!found.length) return "No replacement of one symbol flips the answer";
  const ranks = ranked(sizes);
  const hidden = steps.some((step) => found.includes(step) && ranks[step - 1] > steps.length);
  const where = found.length <= NAMED ? `k = ${listed(found)} and nowhere else` : `${found.length} steps`;
  return `${hidden ? "A gradient is not importance: r" : "R"}eplacing one symbol flips the answer at ${where}`;
}

function others({ cell }, { readings }) {
  const [one, other] = Object.values(readings).filter((reading) => reading.cell !== cell);
  return `The ${NAMES[one.cell]} answers ${spelled(one.answer)}, the ${NAMES[other.cell]} ${spelled(other.answer)}`;
}

// What the gradient promises of a replacement at step k, and what the replacement does.
export function arithmeticOf({ cell }, { codes, k, readings }) {
  const { chosen, gradient, logits, replaced, changes, flips } = readings[cell];
  const [from, to] = [codes[k - 1], like(codes[k - 1])];
  const start = `${NAMES[cell]}, k = ${k}`;
  if (from === to) return `${start}: ${SYMBOLS[from]} always stands there, and is not replaced.`;
  const promised = gradient[(k - 1) * D + to] - gradient[(k - 1) * D + from];
  const [before, change] = [logits[chosen], changes[k - 1]];
  const sum = `it becomes ${digits(before)} ${change < 0 ? "−" : "+"} ${digits(Math.abs(change))} = ${digits(replaced[k - 1][chosen])}`;
  const after = digits(change) === "0" ? `it stays ${digits(before)}` : sum; // what is left is rounding
  const turned = flips[k - 1] ? `, and the answer turns to ${spelled(argmax(replaced[k - 1]))}` : "";
  return `${start}, ${SYMBOLS[to]} for ${SYMBOLS[from]}: along the gradient the logit of ${spelled(chosen)} would change by ${exactly(promised)}; ${after}${turned}.`;
}

// ---- Prediction ----------------------------------------------------------------------------------------------------------

// Whether replacing flips the answer at the relevant step with the smallest gradient.
export function outcome(state, { steps, readings, missing }) {
  if (missing) return null;
  const { sizes, flips } = readings[state.cell];
  return Number(flips[worstOf(steps, ranked(sizes)) - 1]);
}

// ---- Goals ---------------------------------------------------------------------------------------------------------------

export const goals = {
  "flips-with-small-gradient": ({ cell }, { k, T, codes, readings, missing }) => {
    if (missing) return [false, "the stored nets are not on this page."];
    const { sizes, flips } = readings[cell];
    const place = ranked(sizes)[k - 1];
    if (!flips[k - 1]) return [false, `${NAMES[cell]}, k = ${k}: with another symbol for ${SYMBOLS[codes[k - 1]]} the answer stays.`];
    return [2 * (place - 1) > T, `${NAMES[cell]}, k = ${k}: the answer flips, and ${place - 1} of ${T} steps have a larger gradient.`];
  },
};

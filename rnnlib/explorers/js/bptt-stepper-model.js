// One unit, six steps: forward, back a step at a time, summed, and trained. Numbers and words, pure: no page.
// bptt_stepper.py says the same with rnnlib; a test holds them equal.
// h_t = φ(w h_{t−1} + u x_t + b), L = Σ_t ½ (h_t − y_t)² over the steps that have a loss, δ_t = ∂L/∂h_t in total.

import { PHI_PRIME, rnnBackward, rnnForward } from "./engine.js";
import { digits, exactly, subscript, superscript } from "./format.js";

export const T = 6;
export const SUMMED = 2 * T + 1; // the last step of the computation
const FAR = 1e6; // weights beyond it have run away
const EQUAL = 1e-9; // relative: what counts as equal
const TENFOLD = 10;

// ---- Forward and back ------------------------------------------------------------------------------------------------

export function compute(state) {
  const start = { w: state.w, u: state.u, b: state.b };
  const training = trained(state, start);
  const pass = passOf(state, training.weights);
  return { start, ...training, ...pass };
}

// Values at t have index t, so that those which begin at t = 1 hold 0 at index 0.
export function passOf(state, { w, u, b }) {
  const net = { D: 1, H: 1, activation: state.activation, params: { W_xh: [u], W_hh: [w], b_h: [b] } };
  const x = Float64Array.from(state.x);
  const { h, a } = rnnForward(net, x, [state.h0]);
  const adds = filled((t) => (hasLoss(state, t) ? h[t] - state.y[t - 1] : 0));
  const losses = filled((t) => 0.5 * adds[t] * adds[t]);
  const grads = rnnBackward(net, { T, x, a, h }, adds.subarray(1), null);
  const delta = grads.h;
  const prime = filled((t) => PHI_PRIME[state.activation](a[t - 1], h[t]));
  const da = filled((t) => delta[t] * prime[t]);
  const arrives = Float64Array.from({ length: T + 1 }, (_, t) => (t < T ? da[t + 1] * w : 0));
  const terms = { w: filled((t) => da[t] * h[t - 1]), u: filled((t) => da[t] * x[t - 1]), b: da };
  const gradient = { w: grads.params.W_hh[0], u: grads.params.W_xh[0], b: grads.params.b_h[0] };
  return { h, a: filled((t) => a[t - 1]), adds, losses, loss: total(losses), delta, prime, da, arrives, terms, gradient };
}

function filled(rule) {
  return Float64Array.from({ length: T + 1 }, (_, t) => (t ? rule(t) : 0));
}

function total(values) {
  return values.reduce((sum, value) => sum + value, 0);
}

export function hasLoss({ loss }, t) {
  return loss === "every" || t === T;
}

// Σ of the terms from step t on to step 6, as the way back adds them up.
export function running(terms, t) {
  let sum = 0;
  for (let k = T; k >= t; k--) sum += terms[k];
  return sum;
}

// `train` steps of plain gradient descent: the weights and L before each step, those after the last one at the end. It
// stops where the weights run away, and `away` is the number of that step.
function trained(state, start) {
  let weights = start;
  const path = [weights];
  const losses = [];
  let away = 0;
  for (let k = 1; k <= state.train && !away; k++) {
    const { loss, gradient } = passOf(state, weights);
    const next = Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, value - state.rate * gradient[name]]));
    losses.push(loss);
    if (Object.values(next).every((value) => Math.abs(value) < FAR)) path.push((weights = next));
    else away = k;
  }
  if (!away) losses.push(passOf(state, weights).loss);
  return { weights, path, course: losses, away };
}

// ---- What is known after so many steps of the computation --------------------------------------------------------------

// The step t whose values have just been found, and on which way.
export function place({ step }) {
  if (step === 0) return { way: "start", t: 0 };
  if (step <= T) return { way: "forward", t: step };
  return step === SUMMED ? { way: "summed", t: 1 } : { way: "back", t: SUMMED - step };
}

// The rows of the table, top down: name, maths label, words, first t, the part of the equation, and when it is known.
const onWay = (step, t) => step >= t;
const onReturn = (step, t) => step >= SUMMED - t;
export const ROWS = [
  { key: "x", symbol: "x_t", words: "input", first: 1, known: () => true },
  { key: "h", symbol: "h_t", words: "state", first: 0, known: onWay },
  { key: "y", symbol: "y_t", words: "target", first: 1, known: () => true },
  { key: "adds", symbol: "h_t − y_t", words: "the loss adds", first: 1, known: onReturn },
  { key: "arrives", symbol: "from t+1", words: "arrives", first: 0, known: onReturn },
  { key: "delta", symbol: "δ_t", words: "= ∂L/∂h, both", first: 0, known: onReturn },
  { key: "prime", symbol: "φ′(a_t)", words: "slope", first: 1, known: onReturn },
  { key: "da", symbol: "∂L/∂a_t", words: "δ times slope", first: 1, known: onReturn },
  { key: "term", symbol: "term", words: "= term of step t", first: 1, known: onReturn },
  { key: "sum", symbol: "Σ", words: "so far", first: 1, known: onReturn },
];

// The value of a row at t; null where there is none or it is not known yet.
export function valueOf(state, result, key, t) {
  const row = ROWS.find((one) => one.key === key);
  if (t < row.first || !row.known(state.step, t)) return null;
  if (key === "x") return state.x[t - 1];
  if (key === "y") return hasLoss(state, t) ? state.y[t - 1] : null;
  if (key === "term") return result.terms[state.of][t];
  return key === "sum" ? running(result.terms[state.of], t) : result[key][t];
}

// ---- The sentence ------------------------------------------------------------------------------------------------------


export function describe(state, result) {
  const { way } = place(state);
  return [WORDS[way](state, result), training(state, result)].filter(Boolean).join(" ");
}

const WORDS = {
  start: ({ h0 }) => `The inputs, the targets and h₀ = ${digits(h0)} are given, and nothing is computed yet. Six steps lead forward, six back, and one sums up.`,
  forward(state, { h, losses }) {
    const { t } = place(state);
    const [one, before] = [subscript(t), subscript(t - 1)];
    const cost = hasLoss(state, t) ? `It misses its target ${digits(state.y[t - 1])} and costs L${one} = ${exactly(losses[t])}.` : "Only h₆ has a loss.";
    return `Forward, t = ${t}: from h${before} = ${exactly(h[t - 1])} and x${one} = ${digits(state.x[t - 1])} the cell makes h${one} = ${exactly(h[t])}. ${cost}`;
  },
  back(state, { delta, adds, arrives, terms }) {
    const { t } = place(state);
    const one = subscript(t);
    const from = t === T ? "nothing arrives, for no step comes after" : `${exactly(arrives[t])} arrives from t = ${t + 1}`;
    const whole = `the loss adds ${exactly(adds[t])}, ${from}: δ${one} = ${exactly(delta[t])}`;
    const share = `This use of ${state.of} adds ${exactly(terms[state.of][t])} to ∂L/∂${state.of}, ${exactly(running(terms[state.of], t))} so far.`;
    return `Back, t = ${t}: ${whole}. ${share}`;
  },
  summed(state, result) {
    const terms = result.terms[state.of];
    const most = largest(terms);
    const list = `Used six times, ${state.of} gets six terms: ∂L/∂${state.of} = ${exactly(result.gradient[state.of])}, with L = ${exactly(result.loss)}`;
    const size = most ? `; the largest, ${exactly(terms[most])}, is that of step ${most}` : "; all are 0";
    return `${list}${size}. ${journey(state, result)}`;
  },
};

// The t of the term that is largest in absolute value, the latest where several are equal; 0 if all are 0.
export function largest(terms) {
  let most = 0;
  for (let t = T; t >= 1; t--) {
    if (Math.abs(terms[t]) > Math.abs(most ? terms[most] : 0) * (1 + EQUAL)) most = t;
  }
  return most;
}

// How δ fares on its way from h₆ to h₀.
function journey({ loss }, { delta }) {
  const [from, to] = [delta[T], delta[0]];
  const way = `δ goes from ${exactly(from)} at h₆ to ${exactly(to)} at h₀`;
  if (loss === "every") return `${way}: on its way each step's own loss joins in.`;
  if (Math.abs(to) <= Math.abs(from) / TENFOLD) return `${way}: it vanishes, so early uses of the weights hardly count.`;
  if (Math.abs(to) >= Math.abs(from) * TENFOLD) return `${way}: it explodes.`;
  return `${way}: much of it arrives.`;
}

function training({ train, rate }, { course, path, start, weights, away }) {
  if (train === 0) return "";
  const done = path.length - 1;
  const moved = Object.keys(start).map((name) => `${name} ${exactly(weights[name])}`).join(", ");
  if (away) return `Training runs away: at its step ${away} a weight leaves ±10${superscript(6)}, for the learning rate ${digits(rate)} is too large.`;
  const verb = course[done] <= course[0] ? "falls" : "rises";
  return `In ${done} ${done === 1 ? "step" : "steps"} of training L ${verb} from ${exactly(course[0])} to ${exactly(course[done])}; the weights are now ${moved}.`;
}

// ---- Prediction and goals ------------------------------------------------------------------------------------------------

export function outcome(state, { terms }) {
  const sizes = Array.from(terms.w, Math.abs);
  const all = total(sizes);
  if (sizes[T] > 0.95 * all) return 0;
  return sizes[T] + sizes[T - 1] > 0.6 * all ? 2 : 1;
}

export const goals = {
  "earliest-largest": (state, { terms: { w }, h }) => {
    if (state.loss !== "last") return [false, "the loss is at every step."];
    if (h[0] === 0) return [false, "the term of step 1 is ∂L/∂a₁ h₀, and h₀ is 0."];
    const others = Math.max(...Array.from(w.subarray(2), Math.abs));
    const words = `step 1 adds ${exactly(w[1])}, and ${exactly(others)} is the largest size of the others.`;
    return [Math.abs(w[1]) > others * (1 + EQUAL), words];
  },
  trained: ({ train }, { course, away }) => {
    if (train === 0) return [false, `L is ${exactly(course[0])}, and no step of training is taken.`];
    if (away) return [false, "training runs away."];
    const [before, now] = [course[0], course[course.length - 1]];
    return [now < before / 100, `L is ${exactly(now)}, and was ${exactly(before)}.`];
  },
};

// ---- What made a number ----------------------------------------------------------------------------------------------------

// One line: the symbols, the numbers put in, the result. Numbers below 0 stand in brackets.
export function arithmeticOf(state, result, key, t) {
  const value = valueOf(state, result, key, t);
  return value === null ? "" : ARITHMETIC[key](state, result, t, subscript(t), exactly(value));
}

function factor(x) {
  const text = exactly(x);
  return /[−×]/.test(text) ? `(${text})` : text;
}

const NAMES = { tanh: "tanh", relu: "relu", sigmoid: "σ", identity: "" };
const ARITHMETIC = {
  x: (state, result, t, one, value) => `x${one} = ${value} is given.`,
  y: (state, result, t, one, value) => `y${one} = ${value} is given.`,
  h(state, { weights: { w, u, b }, h, a }, t, one, value) {
    if (t === 0) return `h₀ = ${value} is given.`;
    const before = subscript(t - 1);
    const sum = `${factor(w)} × ${factor(h[t - 1])} + ${factor(u)} × ${factor(state.x[t - 1])} + ${factor(b)}`;
    const name = NAMES[state.activation];
    return name ? `h${one} = ${name}(w h${before} + u x${one} + b) = ${name}(${sum}) = ${name}(${exactly(a[t])}) = ${value}` : `h${one} = w h${before} + u x${one} + b = ${sum} = ${value}`;
  },
  adds(state, { h }, t, one, value) {
    if (!hasLoss(state, t)) return `The loss adds 0: it is at h₆ only.`;
    return `∂L${one}/∂h${one} = h${one} − y${one} = ${exactly(h[t])} − ${factor(state.y[t - 1])} = ${value}`;
  },
  arrives(state, { da, weights }, t, one, value) {
    if (t === T) return "Nothing arrives at t = 6: no step comes after.";
    const next = subscript(t + 1);
    return `From t = ${t + 1} arrives ∂L/∂a${next} · w = ${factor(da[t + 1])} × ${factor(weights.w)} = ${value}`;
  },
  delta(state, { adds, arrives }, t, one, value) {
    if (t === 0) return `δ₀ = ${value}: h₀ has no loss of its own, so it is what arrives.`;
    return `δ${one} = what the loss adds + what arrives = ${factor(adds[t])} + ${factor(arrives[t])} = ${value}`;
  },
  prime(state, { h, a }, t, one, value) {
    const rule = { tanh: `1 − h${one}² = 1 − ${factor(h[t])}²`, sigmoid: `h${one} (1 − h${one}) = ${factor(h[t])} × (1 − ${factor(h[t])})`, identity: "1 everywhere", relu: `the slope at a${one} = ${exactly(a[t])}` };
    return `φ′(a${one}) = ${rule[state.activation]}${state.activation === "identity" ? "" : ` = ${value}`}`;
  },
  da: (state, { delta, prime }, t, one, value) => `∂L/∂a${one} = δ${one} φ′(a${one}) = ${factor(delta[t])} × ${factor(prime[t])} = ${value}`,
  term(state, { da, h }, t, one, value) {
    if (state.of === "b") return `b is added as it is: the term of step ${t} is ∂L/∂a${one} = ${value}`;
    const [symbol, met] = state.of === "w" ? [`h${subscript(t - 1)}`, h[t - 1]] : [`x${one}`, state.x[t - 1]];
    return `The term of step ${t}: ∂L/∂a${one} · ${symbol} = ${factor(da[t])} × ${factor(met)} = ${value}`;
  },
  sum(state, { terms }, t, one, value) {
    const parts = Array.from({ length: T - t + 1 }, (_, k) => factor(terms[state.of][T - k]));
    return `From step 6 back to step ${t}: ${parts.join(" + ")} = ${value}`;
  },
};

// A number in a narrow cell.
export function brief(x) {
  const size = Math.abs(x);
  if (!Number.isFinite(x)) return digits(x);
  if (size === 0) return "0";
  const sign = x < 0 ? "−" : "";
  if (size >= 0.00995 && size < 9999.5) return sign + size.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
  const [mantissa, power] = size.toExponential(0).split("e");
  return `${sign}${mantissa}·10${superscript(Number(power))}`;
}

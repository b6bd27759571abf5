// What cutting the history costs, in numbers and words. Pure: no page. truncation.py says the same with rnnlib; a test
// holds them equal. An RNN reads x_t and is to say x_{t−d}: L = Σ_t ½ (h_t · v − x_{t−d})², for t > d. Gradients are of
// the cell's parameters, one after another: W_xh, W_hh, b_h.

import { makeGenerator, norms, rnnParams, timesTransposed, transposed } from "./engine.js";
import { digits } from "./format.js";

const SENSITIVE = 1e8; // growth from which rounding shows in what is printed
const NOTHING = 1e-12; // a relative error below this is rounding

// ---- The net, its inputs, its loss -----------------------------------------------------------------------------------

export function task({ seed, units: H, gain, T, delay }) {
  const params = rnnParams(seed, 1, H, "orthogonal", gain);
  const [inputs, direction] = [makeGenerator(seed + 1), makeGenerator(seed + 2)];
  const x = Float64Array.from({ length: T }, () => inputs.normal());
  const v = Float64Array.from({ length: H }, () => direction.normal() / Math.sqrt(H));
  return { params, across: transposed(params.W_hh, H), x, v, T, H, delay };
}

// h_{t−1} as before, φ′(a_t) as prime, and for every loss its slope: dL_t/d(h_t · v), 0 for t ≤ d. With `every`, h is 0
// again at each cut.
function run({ params, across, x, v, T, H, delay }, every) {
  const { W_xh } = params; // b_h is 0
  const [before, prime, slopes] = [new Float64Array((T + 1) * H), new Float64Array(T * H), new Float64Array(T)];
  const h = new Float64Array(H);
  for (let t = 1; t <= T; t++) {
    const at = (t - 1) * H;
    if ((t - 1) % every === 0) h.fill(0);
    before.set(h, at);
    timesTransposed(across, H, before, at, h, 0);
    for (let j = 0; j < H; j++) {
      h[j] = Math.tanh(x[t - 1] * W_xh[j] + h[j]);
      prime[at + j] = 1 - h[j] * h[j];
    }
    if (t > delay) slopes[t - 1] = dot(h, v) - x[t - 1 - delay];
  }
  const loss = slopes.reduce((sum, slope) => sum + 0.5 * slope * slope, 0);
  return { before, prime, slopes, loss };
}

function dot(one, other) {
  let sum = 0;
  for (let j = 0; j < one.length; j++) sum += one[j] * other[j];
  return sum;
}

// ---- Every loss at every step --------------------------------------------------------------------------------------------

// For each loss step τ and source step t ≤ τ, at (t, τ): ∂L_τ/∂a_t (H numbers), and ‖∂L_τ/∂h_t‖. Losses reach `span(τ)`
// steps back at most.
function pairsOf({ params, v, T, H }, { prime, slopes }, span) {
  const flow = new Float64Array(T * T * H); // row t − 1, column τ − 1
  const strength = new Float64Array(T * T);
  const W = params.W_hh;
  const delta = new Float64Array(H);
  for (let tau = 1; tau <= T; tau++) {
    for (let j = 0; j < H; j++) delta[j] = v[j] * slopes[tau - 1];
    for (let t = tau; t > tau - span(tau); t--) {
      const at = ((t - 1) * T + tau - 1) * H;
      let square = 0;
      for (let j = 0; j < H; j++) {
        square += delta[j] * delta[j];
        flow[at + j] = delta[j] * prime[(t - 1) * H + j];
      }
      strength[(t - 1) * T + tau - 1] = Math.sqrt(square);
      timesTransposed(W, H, flow, at, delta, 0);
    }
  }
  return { flow, strength };
}

// What reaches a_t, summed over the losses up to τ: at (t, τ), H numbers.
function summed({ flow }, T, H) {
  const sums = Float64Array.from(flow);
  for (let t = 0; t < T; t++) for (let k = (t * T + t + 1) * H; k < (t + 1) * T * H; k++) sums[k] += sums[k - H];
  return sums;
}

// The gradient when what reaches a_t is H of the `values`, from at(t) on: x_t ⊗ da, h_{t−1} ⊗ da, da, summed over t.
function gradient(x, before, values, at, T, H) {
  const g = new Float64Array(H * (H + 2));
  const starts = Int32Array.from({ length: T }, (_, k) => at(k + 1));
  for (let j = 0; j < H; j++) {
    let first = 0, last = 0;
    for (let t = 0; t < T; t++) {
      const da = values[starts[t] + j];
      first += x[t] * da;
      last += da;
    }
    g[j] = first;
    g[H + H * H + j] = last;
  }
  for (let i = 0; i < H; i++) for (let j = 0; j < H; j += 4) sumFour(g, before, values, starts, i, j, H);
  return g;
}

// Four neighbours of ∂L/∂W_hh, summed over time side by side.
function sumFour(g, before, values, starts, i, j, H) {
  let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
  for (let t = 0; t < starts.length; t++) {
    const h = before[t * H + i];
    const at = starts[t] + j;
    s0 += h * values[at];
    s1 += h * values[at + 1];
    s2 += h * values[at + 2];
    s3 += h * values[at + 3];
  }
  const at = H + i * H + j;
  g[at] = s0;
  if (j + 1 < H) g[at + 1] = s1;
  if (j + 2 < H) g[at + 2] = s2;
  if (j + 3 < H) g[at + 3] = s3;
}

// ---- The gradient of every window ------------------------------------------------------------------------------------------

// Cuts: what reaches a_t is what the losses up to the next cut send.
function cutGradients({ x, T, H }, { before }, sums) {
  const last = (t, k) => Math.min(T, Math.ceil(t / k) * k);
  return (k) => gradient(x, before, sums, (t) => ((t - 1) * T + last(t, k) - 1) * H, T, H);
}

// Reach: what reaches a_t is what the losses t … t + k − 1 send.
function reachGradients({ x, T, H }, { before }, sums) {
  return (k) => gradient(x, before, sums, (t) => ((t - 1) * T + Math.min(T, t + k - 1) - 1) * H, T, H);
}

// Reset: every window is a run of its own, from h = 0, and its gradient is whole within the window.
function resetGradients(given) {
  const { params, x, v, T, H } = given;
  const W = params.W_hh;
  const [carried, da] = [new Float64Array(H), new Float64Array(T * H)];
  return (k) => {
    const { before, prime, slopes } = run(given, k);
    for (let t = T; t >= 1; t--) {
      if (t % k === 0 || t === T) carried.fill(0);
      const at = (t - 1) * H;
      for (let j = 0; j < H; j++) da[at + j] = (carried[j] + v[j] * slopes[t - 1]) * prime[at + j];
      timesTransposed(W, H, da, at, carried, 0);
    }
    return gradient(x, before, da, (t) => (t - 1) * H, T, H);
  };
}

// What does not depend on the window; the last one is kept, since a window is dragged most.
let kept = { key: "", made: null };
function curves(state) {
  const { meaning, carry, seed, units, gain, T, delay } = state;
  const key = [meaning, carry, seed, units, gain, T, delay].join();
  if (kept.key !== key) kept = { key, made: makeCurves(state) };
  return kept.made;
}

function makeCurves(state) {
  const given = task(state);
  const { T, H } = given;
  const whole = run(given, T);
  const pairs = pairsOf(given, whole, (tau) => tau);
  const sums = summed(pairs, T, H);
  const cut = cutGradients(given, whole, sums);
  const full = cut(T);
  const one = state.meaning === "reach" ? reachGradients(given, whole, sums) : state.carry ? cut : resetGradients(given);
  const cached = (k) => (k >= T ? full : one(k)); // a window of T cuts nothing off
  const compared = Array.from({ length: T }, (_, k) => compare(cached(k + 1), full));
  return { given, whole, pairs, full, gradientAt: cached, errors: compared.map(([error]) => error), cosines: compared.map(([, cosine]) => cosine), most: pairs.strength.reduce((most, value) => Math.max(most, value), 0) };
}

// ‖g_full − g_trunc‖ / ‖g_full‖ and the cosine; 0 and 1 where both are 0.
function compare(g, full) {
  let gg = 0, ff = 0, gf = 0, apart = 0;
  for (let k = 0; k < g.length; k++) {
    gg += g[k] * g[k];
    ff += full[k] * full[k];
    gf += g[k] * full[k];
    apart += (g[k] - full[k]) * (g[k] - full[k]);
  }
  return [apart === 0 ? 0 : Math.sqrt(apart / ff), apart === 0 ? 1 : gf / Math.sqrt(gg * ff)];
}

export function compute(state) {
  const made = curves(state);
  const { given, whole, full, errors, cosines, most } = made;
  const { T } = given;
  const k = Math.min(state.window, T);
  const resets = state.meaning === "cuts" && !state.carry && k < T;
  const own = resets ? run(given, k) : whole;
  const within = (tau) => ((tau - 1) % k) + 1;
  const pairs = resets ? pairsOf(given, own, within) : made.pairs;
  const survives = state.meaning === "reach" ? (tau, t) => tau - t < k : (tau, t) => tau - t < within(tau);
  const g = made.gradientAt(k);
  const strength = (tau, t) => (survives(tau, t) ? pairs : made.pairs).strength[(t - 1) * T + tau - 1];
  return { T, H: given.H, k, resets, survives, strength, g, full, errors, cosines, most, error: errors[k - 1], cosine: cosines[k - 1], loss: own.loss, wholeLoss: whole.loss, pairsLeft: countPairs(T, survives), pairsAll: (T * (T + 1)) / 2 };
}

function countPairs(T, survives) {
  let count = 0;
  for (let tau = 1; tau <= T; tau++) for (let t = 1; t <= tau; t++) count += survives(tau, t);
  return count;
}

// ---- The sentence: what is to be seen, and what it means --------------------------------------------------------------------

const EVERY = { cuts: (k) => `Cuts at inputs ${k}, ${2 * k}, …`, reach: (k) => `Each loss reaching ${k} ${k === 1 ? "step" : "steps"} back`};

export function describe(state, result) {
  return `${[losing(state, result), meaning(state, result), resetting(result), trust(result)].filter(Boolean).join(". ")}.`;
}

function losing({ meaning: kind }, { T, k, pairsLeft, pairsAll }) {
  if (k === T) return `A window of ${k} steps holds all T = ${T}, and nothing is cut`;
  const far = `none of lag ${k} or more`;
  const start = 2 * k < T || kind === "reach" ? EVERY[kind](k) : `A cut at input ${k}`;
  const verb = kind === "reach" || !(2 * k < T) ? "keeps" : "keep";
  return `${start} ${verb} ${pairsLeft} of the ${pairsAll} pairs of a loss and an earlier step, ${far}`;
}

function meaning(state, { error, cosine }) {
  if (error < NOTHING) return "The gradient is the whole one: it loses 0";
  const off = `The gradient is off by ${digits(error)} of the whole one's length, cosine ${digits(cosine)}`;
  const uphill = cosine < 0 ? ", and a small step with it raises L" : "";
  if (error > 1) return `${off}: worse than no gradient at all, whose error is 1${uphill}`;
  if (cosine < 0) return `${off}: a small step with it raises L`;
  return `${off}: ${error < 0.1 ? "little is lost" : cosine > 0.9 ? "it still points nearly the same way" : "much is lost, yet a small step with it lowers L"}`;
}

function resetting({ resets, loss, wholeLoss }) {
  return resets ? `Resetting the state changes the run itself: L is ${digits(loss)}, and ${digits(wholeLoss)} with the state carried` : "";
}

function trust({ most }) {
  return most > SENSITIVE ? "The gradient grows more than 10⁸-fold, so rounding decides the digits" : "";
}

// The two lengths and their difference, in numbers.
export function arithmeticOf({ g, full, k, error }) {
  const size = (values) => digits(norms(values, values.length)[0], 3, 0);
  const apart = size(full.map((value, i) => value - g[i]));
  return `k = ${k}: the whole gradient has length ${size(full)}, the truncated one ${size(g)}, their difference ${apart}: ${apart} / ${size(full)} = ${digits(error)}.`;
}

// ---- Prediction and goals -----------------------------------------------------------------------------------------------------

export function outcome(state, { error }) {
  return error > 1 ? 2 : error >= 0.5 ? 1 : 0;
}

export const goals = {
  "worse-than-nothing": (state, { k, error, cosine }) => {
    const words = `with k = ${k} the relative error is ${digits(error)}, the cosine ${digits(cosine)}.`;
    return [error > 1, words];
  },
  "reach-beats-cuts": ({ delay }, { k, error }) => {
    if (delay < 3) return [false, `the delay is ${delay}.`];
    if (k > 5) return [false, `the window is ${k}.`];
    return [error < 0.1, `with k = ${k} the relative error is ${digits(error)}.`];
  },
};

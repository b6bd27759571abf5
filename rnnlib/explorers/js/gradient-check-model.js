// A gradient check of a small RNN, with a bug planted or not, in float64 and float32. Pure: no page. gradient_check.py does
// the same operations in the same order, so that even what rounding leaves is equal bit for bit; a test holds them to it.
// Only + − × ÷ √ are used, each rounded at once to float32 where the numbers are `single`. (Both languages' own tanh would
// differ in the last bit.) L = Σ_t ½ (o_t − y_t)², o_t = h_t W_hy + b_y, h_t = tanh(x_t W_xh + h_{t−1} W_hh + b_h).

import { makeGenerator, rnnParams } from "./engine.js";
import { digits, superscript } from "./format.js";
import { spec } from "./gradient-check.spec.js";

const D = spec.inputs;
const H = spec.units;
export const SHAPES = { W_xh: [D, H], W_hh: [H, H], b_h: [H], W_hy: [H, 1], b_y: [1] };
export const NAMES = Object.keys(SHAPES);
const SIZES = Object.values(SHAPES).map((shape) => shape.reduce((product, size) => product * size, 1));
const STARTS = SIZES.map((_, k) => SIZES.slice(0, k).reduce((sum, size) => sum + size, 0));
const [XH, HH, BH, HY, BY] = STARTS;
const P = BY + 1; // numbers in θ
// ε = 10⁻¹, 3 · 10⁻², 10⁻², …, 10⁻¹²: as text, which both languages read alike.
export const STEPS = Array.from({ length: 23 }, (_, k) => Number(k % 2 ? `3e-${(k + 3) / 2}` : `1e-${k / 2 + 1}`));

// A flag, not a function that is passed on: so that it costs next to nothing.
function round(value, single) {
  return single ? Math.fround(value) : value;
}

// ---- The network and its loss -------------------------------------------------------------------------------------------

// θ: all parameters one after another; x: T * D inputs; y: T targets; h0: H values.
export function task({ seed, init, T }) {
  const { W_xh, W_hh } = rnnParams(seed, D, H, init, 1);
  const generator = makeGenerator(seed + 1);
  const draw = (count) => Float64Array.from({ length: count }, () => generator.normal());
  const [h0, W_hy, b_h, x, y] = [H, H, H, T * D, T].map(draw);
  const theta = new Float64Array(P);
  theta.set(W_xh, XH);
  theta.set(W_hh, HH);
  theta.set(b_h.map((value) => 0.1 * value), BH);
  theta.set(W_hy, HY);
  return { theta, x, y, h0: h0.map((value) => 0.5 * value), T };
}

// tanh from + − × ÷: a continued fraction (Lambert 1768) at a/8, then tanh 2u = 2 tanh u / (1 + tanh² u) three times.
export function tanhOf(a, single) {
  const u = round(a * 0.125, single);
  const square = round(u * u, single);
  let below = 13;
  for (let odd = 11; odd >= 1; odd -= 2) below = round(odd + round(square / below, single), single);
  let t = round(u / below, single);
  for (let k = 0; k < 3; k++) t = round(round(t + t, single) / round(1 + round(t * t, single), single), single);
  return t;
}

// The same numbers, rounded.
function rounded({ theta, x, y, h0, T }, single) {
  const to = (values) => Float64Array.from(values, (value) => round(value, single));
  return { theta: to(theta), x: to(x), y: to(y), h0: to(h0), T };
}

// h_0 … h_T one after another into `h`, and o_t − y_t into `errors`; returns L.
function forward(theta, { x, y, h0, T }, single, h, errors) {
  for (let j = 0; j < H; j++) h[j] = h0[j];
  let loss = 0;
  for (let t = 1; t <= T; t++) {
    for (let j = 0; j < H; j++) {
      let a = theta[BH + j];
      for (let i = 0; i < D; i++) a = round(a + round(x[(t - 1) * D + i] * theta[XH + i * H + j], single), single);
      for (let i = 0; i < H; i++) a = round(a + round(h[(t - 1) * H + i] * theta[HH + i * H + j], single), single);
      h[t * H + j] = tanhOf(a, single);
    }
    let o = theta[BY];
    for (let j = 0; j < H; j++) o = round(o + round(h[t * H + j] * theta[HY + j], single), single);
    const error = round(o - y[t - 1], single);
    errors[t - 1] = error;
    loss = round(loss + round(round(0.5 * error, single) * error, single), single);
  }
  return loss;
}

// ---- The gradient by hand, with a bug or without --------------------------------------------------------------------------

export function gradient({ theta, x, y, h0, T }, single, bug) {
  const given = { x, y, h0, T };
  const [h, errors, g] = [new Float64Array((T + 1) * H), new Float64Array(T), new Float64Array(P)];
  forward(theta, given, single, h, errors);
  let next = new Float64Array(H);
  for (let t = T; t >= 1; t--) {
    const dout = lossGradient(errors[t - 1], t, T, single, bug);
    const da = new Float64Array(H);
    for (let j = 0; j < H; j++) {
      g[HY + j] = round(g[HY + j] + round(h[t * H + j] * dout, single), single);
      const own = round(theta[HY + j] * dout, single);
      const dh = bug === "no-next" ? own : round(own + next[j], single);
      da[j] = bug === "slope" ? dh : round(dh * round(1 - round(h[t * H + j] * h[t * H + j], single), single), single);
      g[BH + j] = round(g[BH + j] + da[j], single);
    }
    g[BY] = round(g[BY] + dout, single);
    for (let i = 0; i < D; i++) for (let j = 0; j < H; j++) g[XH + i * H + j] = round(g[XH + i * H + j] + round(x[(t - 1) * D + i] * da[j], single), single);
    for (let i = 0; i < H; i++) {
      const before = h[(bug === "shifted" ? t : t - 1) * H + i];
      for (let j = 0; j < H; j++) g[HH + i * H + j] = round((bug === "not-summed" ? 0 : g[HH + i * H + j]) + round(before * da[j], single), single);
    }
    next = back(theta, da, single, bug);
  }
  return bug === "clipped" ? clipped(g, single) : g;
}

function lossGradient(error, t, T, single, bug) {
  if (bug === "last-only" && t < T) return 0;
  return bug === "averaged" ? round(error / T, single) : error;
}

// da W_hhᵀ, or, with the bug, da W_hh.
function back(theta, da, single, bug) {
  const next = new Float64Array(H);
  for (let i = 0; i < H; i++) {
    for (let j = 0; j < H; j++) next[i] = round(next[i] + round(da[j] * theta[HH + (bug === "transposed" ? j * H + i : i * H + j)], single), single);
  }
  return next;
}

function clipped(g, single) {
  let square = 0;
  for (const value of g) square = round(square + round(value * value, single), single);
  const norm = round(Math.sqrt(square), single);
  const bound = round(spec.clipTo, single);
  return norm > bound ? g.map((value) => round(value * round(bound / norm, single), single)) : g;
}

// ---- Differences, for every ε; kept, since neither the bug nor the chosen ε moves them --------------------------------------

const kept = new Map();
const KEEP = 8; // tasks and precisions
function differences(state, precision) {
  const key = [precision, state.seed, state.init, state.T].join();
  if (!kept.has(key)) {
    if (kept.size >= KEEP) kept.delete(kept.keys().next().value);
    kept.set(key, makeDifferences(task(state), precision === "float32"));
  }
  return kept.get(key);
}

// For each ε of STEPS: L(θ + ε) and L(θ − ε) for every number of θ, and L(θ).
function makeDifferences(given, single) {
  const all = rounded(given, single);
  const theta = all.theta;
  const [h, errors] = [new Float64Array((all.T + 1) * H), new Float64Array(all.T)];
  const loss = () => forward(theta, all, single, h, errors);
  const here = loss();
  const sides = STEPS.map((step) => {
    const eps = round(step, single);
    const [above, below] = [new Float64Array(P), new Float64Array(P)];
    for (let p = 0; p < P; p++) {
      const value = theta[p];
      theta[p] = round(value + eps, single);
      above[p] = loss();
      theta[p] = round(value - eps, single);
      below[p] = loss();
      theta[p] = value;
    }
    return { eps, above, below };
  });
  return { all, here, sides };
}

function slopes({ eps, above, below }, here, { difference }, single, bug) {
  if (bug === "global") return new Float64Array(P); // L is the same on both sides
  if (difference === "central") return above.map((value, p) => round(round(value - below[p], single) / round(2 * eps, single), single));
  return above.map((value) => round(round(value - here, single) / eps, single));
}

// |a − n| / max(|a|, |n|, 10⁻³ · the parameter's largest): an entry near 0 is measured against its parameter.
function relativeErrors(analytic, numeric) {
  const errors = new Float64Array(P);
  NAMES.forEach((_, k) => {
    let most = 0;
    for (let p = STARTS[k]; p < STARTS[k] + SIZES[k]; p++) most = Math.max(most, Math.abs(analytic[p]), Math.abs(numeric[p]));
    for (let p = STARTS[k]; p < STARTS[k] + SIZES[k]; p++) {
      const scale = Math.max(Math.abs(analytic[p]), Math.abs(numeric[p]), 1e-3 * most);
      errors[p] = scale > 0 ? Math.abs(analytic[p] - numeric[p]) / scale : 0;
    }
  });
  return errors;
}

// ---- The check ----------------------------------------------------------------------------------------------------------------

// The largest error at every ε, for one precision and bug.
function curveOf(state, precision, bug) {
  const single = precision === "float32";
  const { all, here, sides } = differences(state, precision);
  const analytic = gradient(all, single, bug);
  return sides.map((side) => Math.max(...relativeErrors(analytic, slopes(side, here, state, single, bug))));
}

export function compute(state) {
  const { precision, power, bug } = state;
  const single = precision === "float32";
  const { all, here, sides } = differences(state, precision);
  const analytic = gradient(all, single, bug);
  const side = sides[2 * (power - 1)];
  const numeric = slopes(side, here, state, single, bug);
  const errors = relativeErrors(analytic, numeric);
  const right = { float64: curveOf(state, "float64", "none"), float32: curveOf(state, "float32", "none") };
  const best = bestStep(right[precision]);
  return { analytic, numeric, here, side, errors, worst: worstOf(errors), right, wrong: curveOf(state, precision, bug), best, tolerance: spec.tolerance[precision], correct: right[precision][2 * (power - 1)] };
}

// The power of the ε of whole decades at which the right gradient errs least.
function bestStep(curve) {
  let best = 0;
  for (let k = 2; k < curve.length; k += 2) if (curve[k] < curve[best]) best = k;
  return best / 2 + 1;
}

// Each parameter's largest error and where: { name, error, at }, at an index into θ.
function worstOf(errors) {
  return NAMES.map((name, k) => {
    let at = STARTS[k];
    for (let p = at; p < STARTS[k] + SIZES[k]; p++) if (errors[p] > errors[at]) at = p;
    return { name, error: errors[at], at };
  });
}

// The largest of the parameters' errors.
export function largest({ worst }) {
  return worst.reduce((most, one) => (one.error > most.error ? one : most));
}

// "W_hh[0, 2]" for an index into θ.
export function entryName(p) {
  const k = STARTS.findLastIndex((start) => start <= p);
  const at = p - STARTS[k];
  const columns = SHAPES[NAMES[k]][1];
  return columns === undefined ? `${NAMES[k]}[${at}]` : `${NAMES[k]}[${Math.floor(at / columns)}, ${at % columns}]`;
}

// ---- The sentence ---------------------------------------------------------------------------------------------------------------

const exactly = (x, n = 2) => digits(x, n, 0); // errors are small

export function describe(state, result) {
  return state.bug === "none" ? rightWords(state, result) : bugWords(state, result);
}

function rightWords({ power, precision }, result) {
  const { error, at } = largest(result);
  const verdict = error <= result.tolerance ? "the check passes" : "the check fails, though nothing is wrong";
  return `The gradient is right. With ε = 10${superscript(-power)} in ${precision} the largest relative error is ${exactly(error)}, at ${entryName(at)}: ${verdict} (tolerance ${exactly(result.tolerance)}). ${regime(power, result)}`;
}

function regime(power, { best }) {
  if (power === best) return "No other power of ten does better: a larger ε bends, a smaller one rounds.";
  const least = `10${superscript(-best)} is better`;
  if (power < best) return `ε is large, and what errs is the curve between the two points: ${least}.`;
  return `ε is small, and what errs is rounding, the last digits of L divided by ε: ${least}.`;
}

function bugWords({ bug }, result) {
  const { error } = largest(result);
  const { tolerance, correct, worst } = result;
  const what = `${spec.bugs[bug].words}: the largest relative error is ${exactly(error)}`;
  if (error <= tolerance) return `${what}, below the tolerance ${exactly(tolerance)}. The check does not see the bug: with these weights and this T the wrong line gives the right numbers.`;
  if (correct > tolerance) return `${what}, but even the right gradient errs by ${exactly(correct)} here: with this ε the check tells nothing.`;
  const [wrong, fine] = [worst.filter((one) => one.error > tolerance), worst.filter((one) => one.error <= tolerance)].map((list) => list.map((one) => one.name));
  const rest = fine.length ? `, right ${fine.length === 1 ? "is" : "are"} ${listed(fine)}` : "; none is right";
  const times = correct === 0 ? "" : `, ${exactly(error / correct)} times that of the right gradient`;
  return `${what}${times}. Wrong ${wrong.length === 1 ? "is" : "are"} ${listed(wrong)}${rest}.`;
}

function listed(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
}

// What made one parameter's largest error.
export function arithmeticOf({ difference, power }, { analytic, numeric, side, here, worst }, name) {
  const { at, error } = worst.find((one) => one.name === name);
  const [a, n] = [analytic[at], numeric[at]].map((value) => digits(value, 5, 0));
  const [above, below] = [side.above[at], difference === "central" ? side.below[at] : here].map((value) => digits(value, 9, 0));
  const eps = `${difference === "central" ? "2 × " : ""}10${superscript(-power)}`;
  return `${entryName(at)}: by hand ${a}; by differences (${above} − ${below}) / (${eps}) = ${n}; relative error ${exactly(error)}`;
}

// ---- Prediction and goals -----------------------------------------------------------------------------------------------------------

export function outcome(state, { right, correct }) {
  const before = right[state.precision][8]; // ε = 10⁻⁵
  return correct < before / 3 ? 0 : correct > 3 * before ? 2 : 1;
}

export const goals = {
  "hide-a-bug": ({ bug }, result) => {
    const { error } = largest(result);
    if (bug === "none") return [false, "no bug is planted."];
    return [error <= result.tolerance, `the largest relative error is ${exactly(error)}, the tolerance ${exactly(result.tolerance)}.`];
  },
  "best-step": ({ bug, precision, power }, result) => {
    if (bug !== "none") return [false, "a bug is planted."];
    if (precision !== "float32") return [false, "the numbers are float64."];
    return [power === result.best, `with ε = 10${superscript(-power)} the error is ${exactly(result.correct)}.`];
  },
};

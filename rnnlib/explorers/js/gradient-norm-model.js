// How much of a loss reaches each step, in numbers and words. Pure: no page. gradient_norm.py says the same with rnnlib;
// a test holds them equal. The loss at step t is L_t = h_t · v with a fixed v of length 1, so that ‖∂L_t/∂h_t‖ = 1. In an
// LSTM or GRU each gate has a W of its own, made in the same way; an LSTM's gradient is followed at h_t and at c_t.

import { PHI_PRIME, beside, makeGenerator, norms, orthogonal, recurrentWeights, timesTransposed, transposed } from "./engine.js";
import { BLOCKS, cellBackward, cellForward } from "./gated.js";
import { digits, exactly, subscript } from "./format.js";
import { MAX_SLOPE } from "./linear.js";
import { spec } from "./gradient-norm.spec.js";

const D = spec.inputs;
const SQUARES = 26; // what they leave is within 1e-7
const EXACT = 1e-9; // what counts as equal to 1
const FLAT = 0.01; // a norm that stays this near to where it began
const TENFOLD = 10; // what counts as grown, and its inverse as vanished
const SENSITIVE = 1e8; // growth from which rounding shows in what is printed

// ---- Weights, equal bit for bit in both languages ------------------------------------------------------------------

// The params of the cell, W_xh before W_hh, both gate by gate; and for an RNN ρ and s_max of W_hh.
export function weights(state) {
  const { cell, units: H, forget_bias: forgetBias } = state;
  const { W_xh, recurrent } = drawn(state);
  const params = { W_xh, W_hh: sideBySide(recurrent(state), H), b_h: new Float64Array(W_xh.length / D) };
  if (cell === "rnn") return { params, ...sizesOf(state, params.W_hh) };
  if (cell === "lstm") params.b_h.fill(forgetBias, H, 2 * H);
  else params.b_hn = new Float64Array(H);
  return { params };
}

// What the seed draws: W_xh, and a function that makes each gate's W_hh of it. Orthogonal matrices are most of the work, and
// g and s only stretch them, so the last ones are kept.
let turns = { key: "" };
function drawn({ cell, seed, units: H, init }) {
  const turned = init === "schur" || init === "orthogonal";
  const key = [cell, seed, H].join();
  if (turned && turns.key === key) return { W_xh: turns.W_xh, recurrent: (state) => turns.Qs.map((Q) => stretched(Q, state)) };
  const generator = makeGenerator(seed);
  const bound = Math.sqrt(6 / (D + H));
  const forEachGate = (draw) => Array.from({ length: Math.max(1, BLOCKS[cell].length) }, draw);
  const W_xh = sideBySide(forEachGate(() => Float64Array.from({ length: D * H }, () => (2 * generator.uniform() - 1) * bound)), H);
  if (!turned) return { W_xh, recurrent: ({ g }) => forEachGate(() => recurrentWeights(generator, H, init, g)) };
  turns = { key, W_xh, Qs: forEachGate(() => orthogonal(generator, H)) };
  return { W_xh, recurrent: (state) => turns.Qs.map((Q) => stretched(Q, state)) };
}

function sideBySide(matrices, H) {
  return matrices.length === 1 ? matrices[0] : beside(matrices, H);
}

function stretched(Q, { units: H, init, g, s }) {
  return init === "schur" ? schurWeights(Q, H, g, s) : Q.map((value) => g * value);
}

function sizesOf({ seed, units: H, init, g, s }, W) {
  if (init === "uniform" || init === "normal") return drawnSizes(seed, H, init, g, W);
  return { rho: g, sMax: init === "schur" ? shiftSize(H, g, s) : g };
}

// ρ and s_max of weights drawn one by one; g only scales them, so those of the last ones drawn are kept.
let sizes = { key: "", rho: 0, sMax: 0 };
function drawnSizes(seed, H, init, g, W) {
  const key = [seed, H, init].join();
  if (g > 0 && sizes.key !== key) sizes = { key, rho: spectralRadius(W, H) / g, sMax: largestSingular(W, H) / g };
  return g > 0 ? { rho: sizes.rho * g, sMax: sizes.sMax * g } : { rho: 0, sMax: 0 };
}

// s_max of Q (g I + s N) Qᵀ is that of B = g I + s N, whose B Bᵀ has g² + s² on the diagonal, g² at its end, and g s
// beside it: by bisection, counting the eigenvalues above x by the signs of the pivots of B Bᵀ − x I (Sturm).
function shiftSize(H, g, s) {
  const above = (x) => {
    let pivot = g * g + s * s - x;
    let count = pivot > 0;
    for (let k = 1; k < H; k++) {
      pivot = g * g + (k < H - 1 ? s * s : 0) - x - (g * s * g * s) / (pivot || 1e-300);
      count ||= pivot > 0;
    }
    return count;
  };
  let low = 0;
  let high = (g + s) * (g + s);
  for (let k = 0; k < 60; k++) {
    const middle = (low + high) / 2;
    if (above(middle)) low = middle;
    else high = middle;
  }
  return Math.sqrt(high);
}

// Q (g I + s N) Qᵀ with N of ones just above the diagonal: every eigenvalue is g, and s moves s_max alone.
export function schurWeights(Q, H, g, s) {
  const [W, across] = [new Float64Array(H * H), transposed(Q, H)];
  for (let i = 0; i < H; i++) {
    for (let k = 0; k < H; k++) {
      const along = k ? Q[i * H + k] * g + Q[i * H + k - 1] * s : Q[i * H] * g;
      for (let j = 0; j < H; j++) W[i * H + j] += along * across[k * H + j];
    }
  }
  return W;
}

// s_max is the root of the largest eigenvalue of W Wᵀ: squares of that, scaled, end at a multiple of the projection P onto
// its eigenvectors, which W Wᵀ stretches by just that eigenvalue.
export function largestSingular(W, H) {
  const A = new Float64Array(H * H);
  for (let k = 0; k < H; k++) timesTransposed(W, H, W, k * H, A, k * H);
  if (norms(A, H * H)[0] === 0) return 0;
  let P = A;
  for (let k = 0; k < SQUARES; k++) P = square(unit(P), H);
  const stretched = new Float64Array(H * H);
  for (let k = 0; k < H; k++) timesTransposed(A, H, P, k * H, stretched, k * H);
  return Math.sqrt(norms(stretched, H * H)[0] / norms(P, H * H)[0]);
}

// ρ = lim ‖Wⁿ‖^(1/n) (Gelfand 1941), for n = 1, 2, 4, …: each square is scaled to norm 1, and the scales are kept.
export function spectralRadius(W, H) {
  let [A, logarithm] = [W, 0];
  for (let k = 0; k < SQUARES; k++) {
    const size = norms(A, H * H)[0];
    if (size === 0) return 0;
    logarithm += Math.log(size) / 2 ** k;
    A = square(unit(A), H);
  }
  return Math.exp(logarithm);
}

function unit(A) {
  const size = norms(A, A.length)[0];
  return A.map((value) => value / size);
}

function square(A, H) {
  const [B, across] = [new Float64Array(H * H), transposed(A, H)];
  for (let k = 0; k < H; k++) timesTransposed(across, H, A, k * H, B, k * H);
  return B;
}

// The inputs: normals times `scale`, drawn by the next seed.
export function inputsOf({ seed, T, scale }) {
  const generator = makeGenerator(seed + 1);
  return Float64Array.from({ length: T * D }, () => scale * generator.normal());
}

// v: normals scaled to length 1, drawn by the seed after that.
export function directionOf({ seed, units }) {
  const generator = makeGenerator(seed + 2);
  const v = Float64Array.from({ length: units }, () => generator.normal());
  const length = norms(v, units)[0];
  return v.map((value) => value / length);
}

// ---- From the loss back ---------------------------------------------------------------------------------------------

// The last run is kept: clipping and reading a step leave it as it is.
let last = { key: "", run: null };
export function compute(state) {
  const { max_norm: bound, ...rest } = state;
  const key = JSON.stringify(rest);
  if (last.key !== key) last = { key, run: runOf(state) };
  return { ...last.run, clipped: Math.min(last.run.norm, bound) };
}

function runOf(state) {
  const { cell, T, units: H, activation } = state;
  const { params, ...sizes } = weights(state);
  const net = { cell, D, H, activation, params };
  const trace = cellForward(net, inputsOf(state), null, null);
  const v = directionOf(state);
  const tau = state.loss === "one" ? Math.min(state.at, T) : T;
  const one = cellBackward(net, trace, lossAt(v, T, H, (t) => t === tau), null, null);
  const all = state.loss === "every" ? cellBackward(net, trace, lossAt(v, T, H, () => true), null, null) : one;
  const norm = Math.sqrt(Object.values(all.params).reduce((sum, values) => sum + norms(values, values.length)[0] ** 2, 0));
  const own = cell === "rnn" ? { ...sizes, steep: MAX_SLOPE[activation], slopes: slopesOf(net, trace) } : gatedSizes(net, trace, all, one, tau);
  const single = norms(one.h, H);
  const led = own.singleC ?? single; // where the gradient is followed in words
  return { T, H, tau, net, trace, v, total: norms(all.h, H), single, led, memory: own.singleC ? "c" : "h", ...courseOf(led, tau), ...own, norm };
}

// What f or z carries of L_τ's gradient on the direct path, their means, and an LSTM's norms at c_t.
function gatedSizes({ cell, H }, { T, gates }, all, one, tau) {
  const [memory, gate] = cell === "lstm" ? [one.c, gates.f] : [one.h, gates.z];
  const carried = new Float64Array((T + 1) * H);
  carried.set(memory.subarray(tau * H, (tau + 1) * H), tau * H);
  for (let k = tau * H - 1; k >= 0; k--) carried[k] = carried[k + H] * gate[k];
  const own = { direct: norms(carried, H), keeps: means(gate, H) };
  return cell === "lstm" ? { ...own, totalC: norms(all.c, H), singleC: norms(one.c, H) } : own;
}

function means(values, H) {
  return Float64Array.from({ length: values.length / H }, (_, k) => mean(values.subarray(k * H, (k + 1) * H)));
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function lossAt(v, T, H, has) {
  const dh = new Float64Array(T * H);
  for (let t = 1; t <= T; t++) if (has(t)) dh.set(v, (t - 1) * H);
  return dh;
}

// Where the norms of ∂L_τ, for t = 0 … T, are largest on their way back; and their kind.
function courseOf(led, tau) {
  let peak = tau;
  let least = led[tau];
  for (let t = tau - 1; t >= 0; t--) {
    if (led[t] > led[peak]) peak = t;
    least = Math.min(least, led[t]);
  }
  const [start, end, most] = [led[tau], led[0], led[peak]];
  return { peak, end, most, kind: kindOf(start, end, most, least) };
}

function kindOf(start, end, most, least) {
  if (most <= start * (1 + FLAT) && least >= start * (1 - FLAT)) return "flat";
  if (most > 2 * start && end < most / TENFOLD) return "transient";
  if (end >= TENFOLD * start) return "grows";
  return end <= start / TENFOLD ? "vanishes" : "holds";
}

// The mean of φ′ over the units, for t = 1 … T at t − 1.
function slopesOf({ H, activation }, { a, h }) {
  const prime = PHI_PRIME[activation];
  return means(a.map((value, k) => prime(value, h[k + H])), H);
}

// ---- The sentence: what is to be seen, and what it means --------------------------------------------------------------

export function describe(state, result) {
  return `${[course(state, result), reason(state, result), clipping(state, result), trust(state, result)].filter(Boolean).join(". ")}.`;
}

function course({ loss }, { tau, led, end, most, peak, kind, memory, total, totalC }) {
  const at = `${memory}${subscript(tau)}`;
  const [start, last] = [`${exactly(led[tau])} at ${at}`, `${exactly(end)} at ${memory}₀`];
  const goes = {
    flat: `stays ${exactly(led[tau])} from ${at} back to ${memory}₀: flat`,
    transient: `grows from ${start} to ${exactly(most)} at ${memory}${subscript(peak)}, then shrinks to ${last}`,
    grows: `grows from ${start} to ${last}: it explodes`,
    vanishes: `shrinks from ${start} to ${last}: it vanishes`,
    holds: `goes from ${start} to ${last}: much of it arrives`,
  }[kind];
  if (loss !== "every") return `The gradient ${goes}`;
  const fed = kind === "vanishes" ? ", fed by the losses near by" : "";
  return `The total is ${exactly((totalC ?? total)[0])} at ${memory}₀${fed}; the part of L${subscript(tau)} ${goes}`;
}

function reason(state, result) {
  return state.cell === "rnn" ? bounded(state, result) : gatesCarry(state, result);
}

function gatesCarry({ cell }, { keeps, direct, single, tau, memory }) {
  const gate = cell === "lstm" ? "f" : "z";
  const carries = `${gate} lets through ${digits(mean(keeps.subarray(0, tau)))} on average`;
  const atH = memory === "c" ? `. At h₀ it is ${exactly(single[0])}` : "";
  return `${carries}, and the direct path alone, ∏${gate}, brings ${exactly(direct[0])} to ${memory}₀${atH}`;
}

function bounded({ activation }, { rho, sMax, steep, slopes }) {
  const factor = steep * sMax;
  const least = steep < 1 ? `φ′ ≤ ${digits(steep)} and sₘₐₓ = ${digits(sMax)}` : `sₘₐₓ = ${digits(sMax)} < 1`;
  if (factor < 1 - EXACT) return `${least}: no step back multiplies it by more than ${digits(factor)}`;
  const takes = activation === "identity" ? "" : `; φ′, ${digits(mean(slopes), 2, 0)} on average, takes from it`;
  const one = Math.abs(sMax - 1) < EXACT && Math.abs(rho - 1) < EXACT;
  if (one) return `Every singular value of W is 1, so W turns it and keeps its length${takes}`;
  if (rho < 1 - EXACT) return `ρ = ${digits(rho)} < 1, but sₘₐₓ = ${digits(sMax)} leaves it room to grow${takes}`;
  return `ρ = ${digits(rho)} and sₘₐₓ = ${digits(sMax)} leave it room to grow${takes}`;
}

function clipping({ max_norm: bound }, { norm }) {
  if (norm <= bound) return `‖∂L/∂W‖ = ${exactly(norm)} is within ${digits(bound)}, so clipping leaves it`;
  return `Clipping shortens ‖∂L/∂W‖ from ${exactly(norm)} to ${digits(bound)}, and the line stays as it is`;
}

function trust({ cell, activation }, { most }) {
  const linear = cell === "rnn" && activation === "identity";
  return !linear && most > SENSITIVE ? "So much growth lets rounding decide the digits" : "";
}

// The arithmetic of one step back: from ∂L/∂h_t to ∂L/∂h_{t−1}; in an LSTM from ∂L/∂c_t to ∂L/∂c_{t−1}.
export function stepWords({ cell, loss }, { total, totalC, slopes, sMax, keeps, memory, tau }, t) {
  const values = totalC ?? total;
  const [one, before] = [subscript(t), subscript(t - 1)];
  const here = `‖∂L/∂${memory}${one}‖`;
  if (values[t] === 0) return `${here} = 0: ${t > tau ? "no loss comes after it" : "nothing arrives"}.`;
  const adds = loss === "every" && t > 1 ? `, with what L${before} adds` : "";
  const words = `‖∂L/∂${memory}${before}‖ = ${exactly(values[t - 1])} = ${exactly(values[t - 1] / values[t])} × ${here}${adds}`;
  if (cell !== "rnn") return `${words}: ${cell === "lstm" ? "f" : "z"}${one}, ${digits(keeps[t - 1])} on average, is the direct path; the rest goes through the gates.`;
  return `${words}: W stretches by sₘₐₓ = ${digits(sMax)} at most, and φ′(a${one}) is ${exactly(slopes[t - 1])} on average.`;
}

// ---- Prediction and goals -----------------------------------------------------------------------------------------------

export function outcome(state, { end, kind, led, tau }) {
  return kind === "grows" ? 0 : kind === "vanishes" || end <= led[tau] / TENFOLD ? 2 : 1;
}

export const goals = {
  "grows-below-one": (state, { rho, most }) => {
    if (rho === undefined) return [false, "the cell is not the RNN."];
    if (rho > 1 - EXACT) return [false, `ρ = ${digits(rho)} is not below 1.`];
    return [most >= TENFOLD, `with ρ = ${digits(rho)} it grows to ${exactly(most)} at most.`];
  },
  "vanishes-above-one": (state, { rho, end }) => {
    if (rho === undefined) return [false, "the cell is not the RNN."];
    if (rho < 1.2 - EXACT) return [false, `ρ = ${digits(rho)} is below 1.2.`];
    return [end < 1e-3, `with ρ = ${digits(rho)}, ${exactly(end)} arrives at h₀.`];
  },
};

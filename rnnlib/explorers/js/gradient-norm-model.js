// How much of a loss reaches each step, in numbers and words. Pure: no page. gradient_norm.py says the same with rnnlib;
// a test holds them equal. The loss at step t is L_t = h_t · v with a fixed v of length 1, so that ‖∂L_t/∂h_t‖ = 1.

import { PHI_PRIME, makeGenerator, norms, orthogonal, recurrentWeights, rnnBackward, rnnForward, timesTransposed, transposed } from "./engine.js";
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

// W_xh, W_hh, b_h as params, and of W_hh ρ and s_max.
export function weights({ seed, units: H, init, g, s }) {
  const generator = makeGenerator(seed);
  const bound = Math.sqrt(6 / (D + H));
  const W_xh = Float64Array.from({ length: D * H }, () => (2 * generator.uniform() - 1) * bound);
  const W_hh = init === "schur" ? schurWeights(generator, H, g, s) : recurrentWeights(generator, H, init, g);
  const { rho, sMax } = init === "uniform" || init === "normal" ? sizesOf(seed, H, init, g, W_hh) : { rho: g, sMax: init === "schur" ? shiftSize(H, g, s) : g };
  return { params: { W_xh, W_hh, b_h: new Float64Array(H) }, rho, sMax };
}

// ρ and s_max of weights drawn one by one; g only scales them, so those of the last ones drawn are kept.
let sizes = { key: "", rho: 0, sMax: 0 };
function sizesOf(seed, H, init, g, W) {
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
export function schurWeights(generator, H, g, s) {
  const Q = orthogonal(generator, H);
  const W = new Float64Array(H * H);
  for (let i = 0; i < H; i++) {
    for (let k = 0; k < H; k++) {
      const along = k ? Q[i * H + k] * g + Q[i * H + k - 1] * s : Q[i * H] * g;
      for (let j = 0; j < H; j++) W[i * H + j] += along * Q[j * H + k];
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
  const { T, units: H, activation } = state;
  const { params, rho, sMax } = weights(state);
  const net = { D, H, activation, params };
  const trace = rnnForward(net, inputsOf(state), null);
  const v = directionOf(state);
  const tau = state.loss === "one" ? Math.min(state.at, T) : T;
  const one = rnnBackward(net, trace, lossAt(v, T, H, (t) => t === tau), null);
  const all = state.loss === "every" ? rnnBackward(net, trace, lossAt(v, T, H, () => true), null) : one;
  const norm = Math.sqrt(Object.values(all.params).reduce((sum, values) => sum + norms(values, values.length)[0] ** 2, 0));
  const course = courseOf(norms(one.h, H), tau);
  return { T, H, tau, net, trace, v, rho, sMax, steep: MAX_SLOPE[activation], total: norms(all.h, H), ...course, slopes: slopesOf(net, trace), norm };
}

function lossAt(v, T, H, has) {
  const dh = new Float64Array(T * H);
  for (let t = 1; t <= T; t++) if (has(t)) dh.set(v, (t - 1) * H);
  return dh;
}

// ‖∂L_τ/∂h_t‖ for t = 0 … T as `single`; where it is largest; and its kind.
function courseOf(single, tau) {
  let peak = tau;
  let least = single[tau];
  for (let t = tau - 1; t >= 0; t--) {
    if (single[t] > single[peak]) peak = t;
    least = Math.min(least, single[t]);
  }
  const [start, end, most] = [single[tau], single[0], single[peak]];
  return { single, peak, end, most, kind: kindOf(start, end, most, least) };
}

function kindOf(start, end, most, least) {
  if (most <= start * (1 + FLAT) && least >= start * (1 - FLAT)) return "flat";
  if (most > 2 * start && end < most / TENFOLD) return "transient";
  if (end >= TENFOLD * start) return "grows";
  return end <= start / TENFOLD ? "vanishes" : "holds";
}

// The mean of φ′ over the units, for t = 1 … T at t − 1.
function slopesOf({ H, activation }, { T, a, h }) {
  const prime = PHI_PRIME[activation];
  return Float64Array.from({ length: T }, (_, k) => {
    let total = 0;
    for (let j = 0; j < H; j++) total += prime(a[k * H + j], h[(k + 1) * H + j]);
    return total / H;
  });
}

// ‖∂L_τ/∂h_t‖ for every loss step τ = 1 … T (rows, τ − 1) and source step t = 0 … T (columns); 0 where t > τ.
let table = { trace: null, values: null };
export function itemised(result) {
  if (table.trace !== result.trace) table = { trace: result.trace, values: itemise(result) };
  return table.values;
}

function itemise({ net, trace, v, T, H }) {
  const values = new Float64Array(T * (T + 1));
  const W = net.params.W_hh;
  const prime = new Float64Array(T * H).map((_, k) => PHI_PRIME[net.activation](trace.a[k], trace.h[k + H]));
  const da = new Float64Array(H);
  for (let tau = 1; tau <= T; tau++) {
    const delta = Float64Array.from(v);
    for (let t = tau; t >= 0; t--) {
      let square = 0;
      for (let i = 0; i < H; i++) square += delta[i] * delta[i];
      values[(tau - 1) * (T + 1) + t] = Math.sqrt(square);
      if (t === 0) break;
      for (let j = 0; j < H; j++) da[j] = delta[j] * prime[(t - 1) * H + j];
      timesTransposed(W, H, da, 0, delta, 0); // δ_{t−1} = (δ_t ⊙ φ′(a_t)) Wᵀ
    }
  }
  return values;
}

// ---- The sentence: what is to be seen, and what it means --------------------------------------------------------------


export function describe(state, result) {
  return `${[course(state, result), reason(state, result), clipping(state, result), trust(state, result)].filter(Boolean).join(". ")}.`;
}

function course({ loss }, { tau, single, end, most, peak, kind, total }) {
  const [start, last] = [`1 at h${subscript(tau)}`, `${exactly(end)} at h₀`];
  const goes = {
    flat: `stays ${exactly(single[tau])} from h${subscript(tau)} back to h₀: flat`,
    transient: `grows from ${start} to ${exactly(most)} at h${subscript(peak)}, then shrinks to ${last}`,
    grows: `grows from ${start} to ${last}: it explodes`,
    vanishes: `shrinks from ${start} to ${last}: it vanishes`,
    holds: `goes from ${start} to ${last}: much of it arrives`,
  }[kind];
  if (loss !== "every") return `The gradient ${goes}`;
  const fed = kind === "vanishes" ? ", fed by the losses near by" : "";
  return `The total is ${exactly(total[0])} at h₀${fed}; the part of L${subscript(tau)} ${goes}`;
}

function reason({ activation }, { rho, sMax, steep, slopes }) {
  const factor = steep * sMax;
  const least = steep < 1 ? `φ′ ≤ ${digits(steep)} and sₘₐₓ = ${digits(sMax)}` : `sₘₐₓ = ${digits(sMax)} < 1`;
  if (factor < 1 - EXACT) return `${least}: no step back multiplies it by more than ${digits(factor)}`;
  const slope = slopes.reduce((sum, value) => sum + value, 0) / slopes.length;
  const takes = activation === "identity" ? "" : `; φ′, ${digits(slope, 2, 0)} on average, takes from it`;
  const one = Math.abs(sMax - 1) < EXACT && Math.abs(rho - 1) < EXACT;
  if (one) return `Every singular value of W is 1, so W turns it and keeps its length${takes}`;
  if (rho < 1 - EXACT) return `ρ = ${digits(rho)} < 1, but sₘₐₓ = ${digits(sMax)} leaves it room to grow${takes}`;
  return `ρ = ${digits(rho)} and sₘₐₓ = ${digits(sMax)} leave it room to grow${takes}`;
}

function clipping({ max_norm: bound }, { norm }) {
  if (norm <= bound) return `‖∂L/∂W‖ = ${exactly(norm)} is within ${digits(bound)}, so clipping leaves it`;
  return `Clipping shortens ‖∂L/∂W‖ from ${exactly(norm)} to ${digits(bound)}, and the line stays as it is`;
}

function trust({ activation }, { most }) {
  return activation !== "identity" && most > SENSITIVE ? "So much growth lets rounding decide the digits" : "";
}

// The arithmetic of one step back: from ∂L/∂h_t to ∂L/∂h_{t−1}.
export function stepWords({ loss }, { total, slopes, sMax, tau, T }, t) {
  const [one, before] = [subscript(t), subscript(t - 1)];
  if (total[t] === 0) return `‖∂L/∂h${one}‖ = 0: ${t > tau ? "no loss comes after it" : "nothing arrives"}.`;
  const adds = loss === "every" && t > 1 ? `, with what L${before} adds` : "";
  const words = `‖∂L/∂h${before}‖ = ${exactly(total[t - 1])} = ${exactly(total[t - 1] / total[t])} × ‖∂L/∂h${one}‖${adds}`;
  return `${words}: W stretches by sₘₐₓ = ${digits(sMax)} at most, and φ′(a${one}) is ${exactly(slopes[t - 1])} on average.`;
}

// ---- Prediction and goals -----------------------------------------------------------------------------------------------

export function outcome(state, { end, kind }) {
  return kind === "grows" ? 0 : kind === "vanishes" || end <= 1 / TENFOLD ? 2 : 1;
}

export const goals = {
  "grows-below-one": (state, { rho, most }) => {
    if (rho > 1 - EXACT) return [false, `ρ = ${digits(rho)} is not below 1.`];
    return [most >= TENFOLD, `with ρ = ${digits(rho)} it grows to ${exactly(most)} at most.`];
  },
  "vanishes-above-one": (state, { rho, end }) => {
    if (rho < 1.2 - EXACT) return [false, `ρ = ${digits(rho)} is below 1.2.`];
    return [end < 1e-3, `with ρ = ${digits(rho)}, ${exactly(end)} arrives at h₀.`];
  },
};

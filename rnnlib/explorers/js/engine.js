// The numbers behind the explorers: a seeded generator, the RNN forward and back through time, readout and loss.
// Matrices are flat Float64Arrays, row by row as in NumPy; states h hold h_0 … h_T one after another, so that h_t
// starts at t * H. Everything here is pure: no drawing, no page.

// ---- Seeded numbers, bit for bit those of seeded.py -----------------------------------------------------------
// L'Ecuyer's combined generator (Communications of the ACM 31(6), 1988): every product stays below 2**47, so a
// number holds it exactly; only + − × ÷ and √ are used, which IEEE 754 rounds in one way everywhere.

const M1 = 2147483563;
const A1 = 40014;
const M2 = 2147483399;
const A2 = 40692;
const START1 = 123456789; // without them seeds 0 and 1 would start at 1 and 2: one twice the other
const START2 = 362436069;
const WARM_UP = 20; // neighbouring seeds start from neighbouring states

export function makeGenerator(seed) {
  let s1 = 1 + ((START1 + seed) % (M1 - 1));
  let s2 = 1 + ((START2 + seed) % (M2 - 1));
  function uniform() {
    s1 = (A1 * s1) % M1;
    s2 = (A2 * s2) % M2;
    const z = s1 - s2;
    return (z > 0 ? z : z + M1 - 1) / M1;
  }
  // A sum of twelve uniforms minus 6: mean 0, variance exactly 1, nearly normal, never beyond ±6.
  function normal() {
    let total = 0;
    for (let k = 0; k < 12; k++) total += uniform();
    return total - 6;
  }
  for (let k = 0; k < WARM_UP; k++) uniform();
  return { uniform, normal };
}

function filled(generator, count, init, scale) {
  const draw = init === "uniform" ? () => (2 * generator.uniform() - 1) * scale : () => generator.normal() * scale;
  return Float64Array.from({ length: count }, draw);
}

// Gram–Schmidt on rows of normals: each row is subtracted from all later ones as soon as it is known.
export function orthogonal(generator, H) {
  const V = filled(generator, H * H, "normal", 1);
  for (let pass = 0; pass < 2; pass++) { // a second pass removes what rounding left of the first
    for (let k = 0; k < H; k++) {
      const norm = Math.sqrt(rowDot(V, k, k, H));
      for (let i = 0; i < H; i++) V[k * H + i] /= norm;
      for (let j = k + 1; j < H; j++) {
        const along = rowDot(V, j, k, H);
        for (let i = 0; i < H; i++) V[j * H + i] -= along * V[k * H + i];
      }
    }
  }
  return V;
}

function rowDot(V, j, k, H) {
  let total = 0;
  for (let i = 0; i < H; i++) total += V[j * H + i] * V[k * H + i];
  return total;
}

export function recurrentWeights(generator, H, init, gain) {
  if (init === "uniform" || init === "normal") return filled(generator, H * H, init, gain / Math.sqrt(H));
  const Q = init === "orthogonal" ? orthogonal(generator, H) : identity(H);
  return Q.map((value) => gain * value);
}

function identity(H) {
  const I = new Float64Array(H * H);
  for (let k = 0; k < H; k++) I[k * H + k] = 1;
  return I;
}

// The formulas of rnnlib.inits.inputs; `gain` does not touch W_xh.
export function inputWeights(generator, D, H, init) {
  if (init === "identity") return filled(generator, D * H, "normal", 0.001);
  const bound = init === "uniform" ? 1 / Math.sqrt(H) : Math.sqrt(6 / (D + H));
  return filled(generator, D * H, "uniform", bound);
}

// W_xh is drawn first, then W_hh; b_h is 0.
export function rnnParams(seed, D, H, init, gain) {
  return drawn(makeGenerator(seed), D, H, init, gain, 1);
}

// LSTM: column blocks i, f, g, o; b_h holds `forgetBias` in f's block.
export function lstmParams(seed, D, H, init, gain, forgetBias) {
  const params = drawn(makeGenerator(seed), D, H, init, gain, 4);
  params.b_h.fill(forgetBias, H, 2 * H);
  return params;
}

// GRU: column blocks r, z, n; b_hn is there if the reset gate comes after the product.
export function gruParams(seed, D, H, init, gain, resetAfter) {
  const params = drawn(makeGenerator(seed), D, H, init, gain, 3);
  return resetAfter ? { ...params, b_hn: new Float64Array(H) } : params;
}

// W_xh block by block, then W_hh block by block, each as an RNN's.
function drawn(generator, D, H, init, gain, blocks) {
  const draws = (one) => beside(Array.from({ length: blocks }, one), H);
  const W_xh = draws(() => inputWeights(generator, D, H, init));
  const W_hh = draws(() => recurrentWeights(generator, H, init, gain));
  return { W_xh, W_hh, b_h: new Float64Array(blocks * H) };
}

// Matrices of H columns each, side by side in one.
export function beside(matrices, H) {
  const wide = matrices.length * H;
  const entry = (_, k) => matrices[Math.floor((k % wide) / H)][Math.floor(k / wide) * H + (k % H)];
  return Float64Array.from({ length: matrices[0].length * matrices.length }, entry);
}

// ---- The recurrent cell: h_t = φ(x_t W_xh + h_{t−1} W_hh + b_h), one sequence at a time --------------------------

export function sigmoid(a) {
  return 1 / (1 + Math.exp(-a)); // where exp(−a) overflows, 1 / ∞ is the right 0
}

export const PHI = { tanh: Math.tanh, relu: (a) => Math.max(a, 0), sigmoid, identity: (a) => a };

// φ′ in terms of a and of h = φ(a).
export const PHI_PRIME = {
  tanh: (a, h) => 1 - h * h,
  relu: (a) => (a > 0 ? 1 : 0),
  sigmoid: (a, h) => h * (1 - h),
  identity: () => 1,
};

// net: { D, H, activation, params }; x: T * D values; h0: H values, or null for zeros.
export function rnnForward(net, x, h0) {
  const { D, H } = net;
  const { W_xh, W_hh, b_h } = net.params;
  const phi = PHI[net.activation];
  const T = x.length / D;
  const a = new Float64Array(T * H);
  const h = new Float64Array((T + 1) * H);
  if (h0) h.set(h0);
  for (let t = 1; t <= T; t++) {
    const row = a.subarray((t - 1) * H, t * H);
    row.set(b_h);
    addProduct(row, x, (t - 1) * D, W_xh, D);
    addProduct(row, h, (t - 1) * H, W_hh, H);
    for (let j = 0; j < H; j++) h[t * H + j] = phi(row[j]);
  }
  return { T, x, a, h, overflow: firstOverflow(a, h, T, H) };
}

// row += v W, with v the `size` values of `values` from `start` on; of W's columns those from `first` to before `end`.
// Four rows of W at a time, so that `row` is read and written a quarter as often.
export function addProduct(row, values, start, W, size, first = 0, end = row.length) {
  const columns = row.length;
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    const v0 = values[start + i], v1 = values[start + i + 1], v2 = values[start + i + 2], v3 = values[start + i + 3];
    if (v0 === 0 && v1 === 0 && v2 === 0 && v3 === 0) continue; // one-hot inputs are mostly zeros
    for (let j = first, at = i * columns + first; j < end; j++, at++) {
      row[j] = row[j] + v0 * W[at] + v1 * W[at + columns] + v2 * W[at + 2 * columns] + v3 * W[at + 3 * columns];
    }
  }
  for (; i < size; i++) {
    const value = values[start + i];
    for (let j = first; j < end; j++) row[j] += value * W[i * columns + j];
  }
}

// out = v Wᵀ for a square W (H, H), from vStart and outStart on: four sums side by side, since each alone would wait for
// its own last addition.
export function timesTransposed(W, H, v, vStart, out, outStart) {
  let i = 0;
  for (; i + 4 <= H; i += 4) {
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let j = 0, at = i * H; j < H; j++, at++) {
      const value = v[vStart + j];
      s0 += value * W[at];
      s1 += value * W[at + H];
      s2 += value * W[at + 2 * H];
      s3 += value * W[at + 3 * H];
    }
    out[outStart + i] = s0;
    out[outStart + i + 1] = s1;
    out[outStart + i + 2] = s2;
    out[outStart + i + 3] = s3;
  }
  for (; i < H; i++) {
    let sum = 0;
    for (let j = 0; j < H; j++) sum += v[vStart + j] * W[i * H + j];
    out[outStart + i] = sum;
  }
}

export function transposed(W, H) {
  return W.map((_, k) => W[(k % H) * H + Math.floor(k / H)]);
}

// The t of the first state that is not finite, or null.
function firstOverflow(a, h, T, H) {
  for (let k = 0; k < T * H; k++) {
    if (!Number.isFinite(a[k]) || !Number.isFinite(h[H + k])) return Math.floor(k / H) + 1;
  }
  return null;
}

// Backpropagation through time. dh: T * H values, dh_t at (t − 1) * H, the immediate ∂L/∂h_t; or null.
// dhLast: H values, ∂L/∂h_T; or null. Returns ∂L/∂ of the parameters, of x, and δ_t = ∂L/∂h_t for t = 0 … T as h.
export function rnnBackward(net, trace, dh, dhLast) {
  const { D, H } = net;
  const { W_xh, W_hh } = net.params;
  const { T, x, h } = trace;
  const phiPrime = PHI_PRIME[net.activation];
  const grads = {
    params: { W_xh: new Float64Array(D * H), W_hh: new Float64Array(H * H), b_h: new Float64Array(H) },
    x: new Float64Array(T * D),
    h: new Float64Array((T + 1) * H),
  };
  if (dh) grads.h.set(dh, H);
  if (dhLast) for (let j = 0; j < H; j++) grads.h[T * H + j] += dhLast[j];
  const da = new Float64Array(H);
  for (let t = T; t >= 1; t--) {
    for (let j = 0; j < H; j++) {
      da[j] = grads.h[t * H + j] * phiPrime(trace.a[(t - 1) * H + j], h[t * H + j]);
      grads.params.b_h[j] += da[j];
    }
    backProduct(da, h, (t - 1) * H, W_hh, H, grads.params.W_hh, grads.h);
    backProduct(da, x, (t - 1) * D, W_xh, D, grads.params.W_xh, grads.x);
  }
  return grads;
}

// Back through a += v W: adds v ⊗ da to dW and da Wᵀ to dv, both values and dv from `start` on; columns as above.
// Four sums side by side, as in timesTransposed.
export function backProduct(da, values, start, W, size, dW, dv, first = 0, end = da.length) {
  const columns = da.length;
  let i = 0;
  for (; i + 4 <= size; i += 4) {
    const k = start + i;
    const v0 = values[k], v1 = values[k + 1], v2 = values[k + 2], v3 = values[k + 3];
    let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (let j = first, at = i * columns + first; j < end; j++, at++) {
      const value = da[j];
      const at1 = at + columns, at2 = at1 + columns, at3 = at2 + columns;
      s0 += value * W[at];
      s1 += value * W[at1];
      s2 += value * W[at2];
      s3 += value * W[at3];
      dW[at] += v0 * value;
      dW[at1] += v1 * value;
      dW[at2] += v2 * value;
      dW[at3] += v3 * value;
    }
    dv[k] += s0;
    dv[k + 1] += s1;
    dv[k + 2] += s2;
    dv[k + 3] += s3;
  }
  for (; i < size; i++) {
    const value = values[start + i];
    let total = 0;
    for (let j = first; j < end; j++) {
      total += da[j] * W[i * columns + j];
      dW[i * columns + j] += value * da[j];
    }
    dv[start + i] += total;
  }
}

// ---- Readout and loss --------------------------------------------------------------------------------------------

// Logits o_t = h_t W_hy + b_y for t = 1 … T, from states h that include h_0.
export function readoutForward(params, h, T, H) {
  const O = params.b_y.length;
  const logits = new Float64Array(T * O);
  for (let t = 1; t <= T; t++) {
    const row = logits.subarray((t - 1) * O, t * O);
    row.set(params.b_y);
    addProduct(row, h, t * H, params.W_hy, H);
  }
  return logits;
}

// Back through the readout: ∂L/∂W_hy, ∂L/∂b_y, and the immediate ∂L/∂h_t for t = 1 … T.
export function readoutBackward(params, h, T, H, dlogits) {
  const O = params.b_y.length;
  const grads = { W_hy: new Float64Array(H * O), b_y: new Float64Array(O), dh: new Float64Array((T + 1) * H) };
  for (let t = 1; t <= T; t++) {
    const row = dlogits.subarray((t - 1) * O, t * O);
    for (let k = 0; k < O; k++) grads.b_y[k] += row[k];
    backProduct(row, h, t * H, params.W_hy, H, grads.W_hy, grads.dh);
  }
  return { params: { W_hy: grads.W_hy, b_y: grads.b_y }, dh: grads.dh.subarray(H) };
}

export function softmax(logits, O) {
  const p = new Float64Array(logits.length);
  for (let start = 0; start < p.length; start += O) {
    const row = logits.subarray(start, start + O);
    const top = row.reduce((most, value) => Math.max(most, value), -Infinity);
    let total = 0;
    for (let k = 0; k < O; k++) total += p[start + k] = Math.exp(row[k] - top);
    for (let k = 0; k < O; k++) p[start + k] /= total;
  }
  return p;
}

// Summed over the steps; targets: T whole numbers, −1 where a step has no loss. dlogits = ŷ − y.
export function softmaxCrossEntropy(logits, targets, O) {
  const dlogits = softmax(logits, O);
  let loss = 0;
  targets.forEach((target, t) => {
    const row = dlogits.subarray(t * O, (t + 1) * O);
    if (target < 0) return row.fill(0);
    loss -= logOf(logits, t * O, O, target);
    row[target] -= 1;
  });
  return { loss, dlogits };
}

// log softmax of one entry, without a logarithm of a vanished number.
function logOf(logits, start, O, target) {
  const row = logits.subarray(start, start + O);
  const top = row.reduce((most, value) => Math.max(most, value), -Infinity);
  const total = row.reduce((sum, value) => sum + Math.exp(value - top), 0);
  return row[target] - top - Math.log(total);
}

// The Euclidean norm of each run of H values: ‖h_t‖ or ‖∂L/∂h_t‖ for every t.
export function norms(values, H) {
  return Float64Array.from({ length: values.length / H }, (_, t) => {
    let total = 0;
    for (let j = 0; j < H; j++) total += values[t * H + j] * values[t * H + j];
    return Math.sqrt(total);
  });
}

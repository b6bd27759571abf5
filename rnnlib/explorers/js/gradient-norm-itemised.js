// ‖∂L_τ/∂h_t‖ for every loss step τ and every earlier step t, for any cell. All losses walk back together, a step at a time:
// what the gates do at step t is the same for each of them, so it is put into one matrix, or two for the LSTM. Pure.

import { PHI_PRIME } from "./engine.js";

// (T, T + 1): rows τ − 1, columns t; 0 where t > τ.
let table = { trace: null, values: null };
export function itemised(result) {
  if (table.trace !== result.trace) table = { trace: result.trace, values: itemise(result) };
  return table.values;
}

function itemise({ net, trace, v, T, H }) {
  const values = new Float64Array(T * (T + 1));
  const batch = () => new Float64Array((T + 1) * H); // of loss τ at (τ − 1) * H, and one of zeros: losses go in pairs
  const [dh, dc] = [batch(), batch()];
  const back = { rnn: rnnBack, lstm: lstmBack, gru: gruBack }[net.cell](net, trace, batch);
  for (let t = T; t >= 0; t--) {
    if (t > 0) dh.set(v, (t - 1) * H);
    for (let tau = Math.max(1, t); tau <= T; tau++) values[(tau - 1) * (T + 1) + t] = length(dh, (tau - 1) * H, H);
    if (t > 0) back(t, dh, dc);
  }
  return values;
}

function length(values, start, H) {
  let square = 0;
  for (let j = start; j < start + H; j++) square += values[j] * values[j];
  return Math.sqrt(square);
}

// out = v Jᵀ, or out += v Jᵀ, for all vectors from the place `from` on, two at a time against four rows of J: what is read
// from memory serves eight sums.
function through(J, H, v, out, from, add) {
  for (let a = from; a + H < v.length; a += 2 * H) {
    const b = a + H;
    let i = 0;
    for (; i + 4 <= H; i += 4) {
      let a0 = 0, a1 = 0, a2 = 0, a3 = 0, b0 = 0, b1 = 0, b2 = 0, b3 = 0;
      for (let j = 0, at = i * H; j < H; j++, at++) {
        const one = v[a + j], other = v[b + j];
        const w0 = J[at], w1 = J[at + H], w2 = J[at + 2 * H], w3 = J[at + 3 * H];
        a0 += one * w0;
        a1 += one * w1;
        a2 += one * w2;
        a3 += one * w3;
        b0 += other * w0;
        b1 += other * w1;
        b2 += other * w2;
        b3 += other * w3;
      }
      put(out, a + i, add, a0, a1, a2, a3);
      put(out, b + i, add, b0, b1, b2, b3);
    }
    for (; i < H; i++) {
      let one = 0, other = 0;
      for (let j = 0; j < H; j++) {
        one += v[a + j] * J[i * H + j];
        other += v[b + j] * J[i * H + j];
      }
      out[a + i] = one + (add ? out[a + i] : 0);
      out[b + i] = other + (add ? out[b + i] : 0);
    }
  }
}

function put(out, at, add, s0, s1, s2, s3) {
  out[at] = s0 + (add ? out[at] : 0);
  out[at + 1] = s1 + (add ? out[at + 1] : 0);
  out[at + 2] = s2 + (add ? out[at + 2] : 0);
  out[at + 3] = s3 + (add ? out[at + 3] : 0);
}

// J = or += the block of W from column `first` on, its columns times factor(j).
function weigh(J, W, H, first, wide, factor, fresh) {
  const by = new Float64Array(H);
  for (let j = 0; j < H; j++) by[j] = factor(j);
  for (let i = 0; i < H; i++) {
    for (let j = 0, at = i * H, w = i * wide + first; j < H; j++, at++, w++) J[at] = (fresh ? 0 : J[at]) + W[w] * by[j];
  }
}

// Each returns (t, dh, dc) => …, which takes the gradients of the losses τ ≥ t from step t to t − 1.

function rnnBack({ H, activation, params: { W_hh } }, { a, h }, batch) {
  const prime = PHI_PRIME[activation];
  const [J, old] = [new Float64Array(H * H), batch()];
  return (t, dh) => {
    weigh(J, W_hh, H, 0, H, (j) => prime(a[(t - 1) * H + j], h[t * H + j]), true);
    old.set(dh);
    through(J, H, old, dh, (t - 1) * H); // δ_{t−1} = δ_t Jᵀ
  };
}

function gruBack({ H, params: { W_hh } }, { h, m, gates: { r, z, n } }, batch) {
  const [J, old] = [new Float64Array(H * H), batch()];
  const dn = (k) => (1 - z[k]) * (1 - n[k] * n[k]);
  return (t, dh) => {
    const k = (t - 1) * H;
    weigh(J, W_hh, H, 0, 3 * H, (j) => dn(k + j) * m[k + j] * r[k + j] * (1 - r[k + j]), true);
    weigh(J, W_hh, H, H, 3 * H, (j) => (h[k + j] - n[k + j]) * z[k + j] * (1 - z[k + j]));
    weigh(J, W_hh, H, 2 * H, 3 * H, (j) => dn(k + j) * r[k + j]);
    for (let j = 0; j < H; j++) J[j * H + j] += z[k + j]; // the direct path
    old.set(dh);
    through(J, H, old, dh, k);
  };
}

// Two matrices: through o from ∂L/∂h_t, and through i, f, g from ∂L/∂c_t, to which h_t = o_t ⊙ tanh(c_t) adds.
function lstmBack({ H, params: { W_hh } }, { c, tanh_c: tanhC, gates: { i, f, g, o } }, batch) {
  const [byO, byC] = [new Float64Array(H * H), new Float64Array(H * H)];
  const [oldH, oldC] = [batch(), batch()];
  return (t, dh, dc) => {
    const k = (t - 1) * H;
    weigh(byO, W_hh, H, 3 * H, 4 * H, (j) => tanhC[k + j] * o[k + j] * (1 - o[k + j]), true);
    weigh(byC, W_hh, H, 0, 4 * H, (j) => g[k + j] * i[k + j] * (1 - i[k + j]), true);
    weigh(byC, W_hh, H, H, 4 * H, (j) => c[k + j] * f[k + j] * (1 - f[k + j]));
    weigh(byC, W_hh, H, 2 * H, 4 * H, (j) => i[k + j] * (1 - g[k + j] * g[k + j]));
    oldH.set(dh);
    for (let at = k; at < dh.length; at += H) {
      for (let j = 0; j < H; j++) {
        oldC[at + j] = dc[at + j] + dh[at + j] * o[k + j] * (1 - tanhC[k + j] * tanhC[k + j]);
        dc[at + j] = oldC[at + j] * f[k + j]; // the direct path
      }
    }
    through(byO, H, oldH, dh, k);
    through(byC, H, oldC, dh, k, true);
  };
}

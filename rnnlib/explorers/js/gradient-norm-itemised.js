// ‖∂L_τ/∂h_t‖ for every loss step τ and every earlier step t, for any cell. All losses walk back together, a step at a time:
// what the gates do at step t is the same for each of them, so it is put into one matrix, or two for the LSTM. Pure.

import { PHI_PRIME, timesTransposed } from "./engine.js";

// (T, T + 1): rows τ − 1, columns t; 0 where t > τ.
let table = { trace: null, values: null };
export function itemised(result) {
  if (table.trace !== result.trace) table = { trace: result.trace, values: itemise(result) };
  return table.values;
}

function itemise({ net, trace, v, T, H }) {
  const values = new Float64Array(T * (T + 1));
  const [dh, dc] = [new Float64Array(T * H), new Float64Array(T * H)]; // of loss τ at (τ − 1) * H
  const back = { rnn: rnnBack, lstm: lstmBack, gru: gruBack }[net.cell](net, trace);
  for (let t = T; t >= 0; t--) {
    if (t > 0) dh.set(v, (t - 1) * H);
    for (let tau = Math.max(1, t); tau <= T; tau++) values[(tau - 1) * (T + 1) + t] = length(dh, (tau - 1) * H, H);
    if (t > 0) back(t, dh, dc, T);
  }
  return values;
}

function length(values, start, H) {
  let square = 0;
  for (let j = start; j < start + H; j++) square += values[j] * values[j];
  return Math.sqrt(square);
}

// Each returns (t, dh, dc, T) => …, which takes the gradients of the losses τ ≥ t from step t to t − 1.

function rnnBack({ H, activation, params: { W_hh } }, { a, h }) {
  const prime = PHI_PRIME[activation];
  const [J, old] = [new Float64Array(H * H), new Float64Array(H)];
  return (t, dh, dc, T) => {
    weigh(J, W_hh, H, 0, H, (j) => prime(a[(t - 1) * H + j], h[t * H + j]), true);
    for (let tau = t; tau <= T; tau++) through(J, H, dh, (tau - 1) * H, old);
  };
}

// δ_{t−1} = δ_t Jᵀ in place.
function through(J, H, dh, at, old) {
  for (let j = 0; j < H; j++) old[j] = dh[at + j];
  timesTransposed(J, H, old, 0, dh, at);
}

// J = or += the block of W from column `first` on, its columns times factor(j).
function weigh(J, W, H, first, wide, factor, fresh) {
  for (let j = 0; j < H; j++) {
    const by = factor(j);
    for (let i = 0; i < H; i++) J[i * H + j] = (fresh ? 0 : J[i * H + j]) + W[i * wide + first + j] * by;
  }
}

function gruBack({ H, params: { W_hh, b_hn } }, { h, m, gates: { r, z, n } }) {
  const [J, old] = [new Float64Array(H * H), new Float64Array(H)];
  const dn = (k) => (1 - z[k]) * (1 - n[k] * n[k]);
  return (t, dh, dc, T) => {
    const k = (t - 1) * H;
    weigh(J, W_hh, H, 0, 3 * H, (j) => dn(k + j) * m[k + j] * r[k + j] * (1 - r[k + j]), true);
    weigh(J, W_hh, H, H, 3 * H, (j) => (h[k + j] - n[k + j]) * z[k + j] * (1 - z[k + j]));
    weigh(J, W_hh, H, 2 * H, 3 * H, (j) => dn(k + j) * r[k + j]);
    for (let j = 0; j < H; j++) J[j * H + j] += z[k + j]; // the direct path
    for (let tau = t; tau <= T; tau++) through(J, H, dh, (tau - 1) * H, old);
  };
}

// Two matrices: through o from ∂L/∂h_t, and through i, f, g from ∂L/∂c_t, to which h_t = o_t ⊙ tanh(c_t) adds.
function lstmBack({ H, params: { W_hh } }, { c, tanh_c: tanhC, gates: { i, f, g, o } }) {
  const [byO, byC] = [new Float64Array(H * H), new Float64Array(H * H)];
  const [oldH, oldC, part] = [new Float64Array(H), new Float64Array(H), new Float64Array(H)];
  return (t, dh, dc, T) => {
    const k = (t - 1) * H;
    weigh(byO, W_hh, H, 3 * H, 4 * H, (j) => tanhC[k + j] * o[k + j] * (1 - o[k + j]), true);
    weigh(byC, W_hh, H, 0, 4 * H, (j) => g[k + j] * i[k + j] * (1 - i[k + j]), true);
    weigh(byC, W_hh, H, H, 4 * H, (j) => c[k + j] * f[k + j] * (1 - f[k + j]));
    weigh(byC, W_hh, H, 2 * H, 4 * H, (j) => i[k + j] * (1 - g[k + j] * g[k + j]));
    for (let at = (t - 1) * H; at < T * H; at += H) {
      for (let j = 0; j < H; j++) {
        oldH[j] = dh[at + j];
        oldC[j] = dc[at + j] + oldH[j] * o[k + j] * (1 - tanhC[k + j] * tanhC[k + j]);
        dc[at + j] = oldC[j] * f[k + j]; // the direct path
      }
      timesTransposed(byO, H, oldH, 0, part, 0);
      timesTransposed(byC, H, oldC, 0, dh, at);
      for (let j = 0; j < H; j++) dh[at + j] += part[j];
    }
  };
}

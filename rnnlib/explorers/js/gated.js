// One interface for every cell: cellForward and cellBackward take a net whose `cell` is "rnn", "lstm" or "gru", one
// sequence at a time. A net is { cell, D, H, params }, with `activation` for the RNN; a GRU's reset gate comes after the
// product where params has b_hn, else before it. Names, column blocks and shapes are rnnlib's. Pure: no page.
//
// A trace holds T, x, a, h (h_0 … h_T), `gates` by name (T * H each, the gate of step t at (t − 1) * H), `overflow`; an
// LSTM's c (c_0 … c_T) and tanh_c too, a GRU's m: what r multiplies. Gradients are params, x, h and, for the LSTM, c: the
// totals ∂L/∂h_t and ∂L/∂c_t for t = 0 … T.

import { addProduct, backProduct, gruParams, lstmParams, rnnBackward, rnnForward, rnnParams, sigmoid } from "./engine.js";

export const BLOCKS = { rnn: "", lstm: "ifgo", gru: "rzn" }; // the gates, in the order of the columns
const HELD = 1000; // a bias that makes σ exactly 0 or 1

// ---- Parameters ------------------------------------------------------------------------------------------------------

// A net drawn by `seed`, as seeded.py draws it.
export function cellParams(cell, seed, D, H, init, gain = 1, { forgetBias = 1, resetAfter = true } = {}) {
  if (cell === "lstm") return lstmParams(seed, D, H, init, gain, forgetBias);
  return cell === "gru" ? gruParams(seed, D, H, init, gain, resetAfter) : rnnParams(seed, D, H, init, gain);
}

// The net with gates held at 0 or 1, { f: 1 } for instance: no weights, and a bias so far out that σ is exact there. Its
// slope σ (1 − σ) is then exactly 0, so no gradient passes. Only gates with σ can be held, not g and n.
export function pinned(net, pins) {
  const { H, params } = net;
  const columns = BLOCKS[net.cell].length * H;
  const held = { ...params, W_xh: params.W_xh.slice(), W_hh: params.W_hh.slice(), b_h: params.b_h.slice() };
  for (const [gate, value] of Object.entries(pins)) {
    const first = BLOCKS[net.cell].indexOf(gate) * H;
    for (const W of [held.W_xh, held.W_hh]) {
      for (let row = 0; row < W.length; row += columns) W.fill(0, row + first, row + first + H);
    }
    held.b_h.fill(value ? HELD : -HELD, first, first + H);
  }
  return { ...net, params: held };
}

// ---- Forward -----------------------------------------------------------------------------------------------------------

// x: T * D values; h0, c0: H values, or null for zeros.
export function cellForward(net, x, h0, c0) {
  if (net.cell === "lstm") return lstmForward(net, x, h0, c0);
  return net.cell === "gru" ? gruForward(net, x, h0) : { ...rnnForward(net, x, h0), gates: {} };
}

function startTrace({ cell, D, H }, x, h0) {
  const T = x.length / D;
  const gates = Object.fromEntries(Array.from(BLOCKS[cell], (name) => [name, new Float64Array(T * H)]));
  return { T, x, a: new Float64Array(T * H * BLOCKS[cell].length), h: states(T, H, h0), gates, overflow: null };
}

function allFinite(values) {
  for (let k = 0; k < values.length; k++) if (!Number.isFinite(values[k])) return false;
  return true;
}

function states(T, H, start) {
  const all = new Float64Array((T + 1) * H);
  if (start) all.set(start);
  return all;
}

// The row of a that belongs to step t, with x_t W_xh + b_h in it.
function fromInput(trace, t, { D, params: { W_xh, b_h } }) {
  const row = trace.a.subarray((t - 1) * b_h.length, t * b_h.length);
  row.set(b_h);
  addProduct(row, trace.x, (t - 1) * D, W_xh, D);
  return row;
}

// h_t = o_t ⊙ tanh(c_t), c_t = f_t ⊙ c_{t−1} + i_t ⊙ g_t.
function lstmForward(net, x, h0, c0) {
  const { H } = net;
  const trace = startTrace(net, x, h0);
  const { T, h } = trace;
  const { i, f, g, o } = trace.gates;
  const c = (trace.c = states(T, H, c0));
  const tanh_c = (trace.tanh_c = new Float64Array(T * H));
  for (let t = 1; t <= T; t++) {
    const a = fromInput(trace, t, net);
    addProduct(a, h, (t - 1) * H, net.params.W_hh, H);
    for (let j = 0, at = (t - 1) * H; j < H; j++, at++) {
      i[at] = sigmoid(a[j]);
      f[at] = sigmoid(a[H + j]);
      g[at] = Math.tanh(a[2 * H + j]);
      o[at] = sigmoid(a[3 * H + j]);
      c[at + H] = f[at] * c[at] + i[at] * g[at]; // c_{t−1} stands where the gates of t do, c_t one row on
      tanh_c[at] = Math.tanh(c[at + H]);
      h[at + H] = o[at] * tanh_c[at];
    }
    trace.overflow ??= allFinite(a) ? null : t;
  }
  return trace;
}

// h_t = (1 − z_t) ⊙ n_t + z_t ⊙ h_{t−1}; n_t reads r ⊙ (h_{t−1} W_hn + b_hn), or (r ⊙ h_{t−1}) W_hn.
function gruForward(net, x, h0) {
  const { H } = net;
  const { W_hh, b_hn } = net.params;
  const trace = startTrace(net, x, h0);
  const { T, h } = trace;
  const { r, z, n } = trace.gates;
  const m = (trace.m = b_hn ? new Float64Array(T * H) : h.subarray(0, T * H));
  const reset = new Float64Array(H);
  const product = new Float64Array(3 * H);
  for (let t = 1; t <= T; t++) {
    const a = fromInput(trace, t, net);
    addProduct(a, h, (t - 1) * H, W_hh, H, 0, 2 * H);
    if (b_hn) {
      product.set(b_hn, 2 * H);
      addProduct(product, h, (t - 1) * H, W_hh, H, 2 * H);
      m.set(product.subarray(2 * H), (t - 1) * H);
    }
    for (let j = 0, at = (t - 1) * H; j < H; j++, at++) {
      r[at] = sigmoid(a[j]);
      z[at] = sigmoid(a[H + j]);
      reset[j] = r[at] * m[at];
      if (b_hn) a[2 * H + j] += reset[j];
    }
    if (!b_hn) addProduct(a, reset, 0, W_hh, H, 2 * H);
    for (let j = 0, at = (t - 1) * H; j < H; j++, at++) {
      n[at] = Math.tanh(a[2 * H + j]);
      h[at + H] = (1 - z[at]) * n[at] + z[at] * h[at];
    }
    trace.overflow ??= allFinite(a) ? null : t;
  }
  return trace;
}

// ---- Backward ------------------------------------------------------------------------------------------------------------

// dh: T * H values, the immediate ∂L/∂h_t at (t − 1) * H; dhLast, dcLast: H values, ∂L/∂h_T and ∂L/∂c_T; each may be null.
export function cellBackward(net, trace, dh, dhLast, dcLast) {
  if (net.cell === "lstm") return lstmBackward(net, trace, dh, dhLast, dcLast);
  return net.cell === "gru" ? gruBackward(net, trace, dh, dhLast) : rnnBackward(net, trace, dh, dhLast);
}

function startGrads({ H, params }, { T, x }, dh, dhLast) {
  const zeros = Object.fromEntries(Object.entries(params).map(([name, values]) => [name, new Float64Array(values.length)]));
  const grads = { params: zeros, x: new Float64Array(x.length), h: new Float64Array((T + 1) * H) };
  if (dh) grads.h.set(dh, H);
  if (dhLast) for (let j = 0; j < H; j++) grads.h[T * H + j] += dhLast[j];
  return grads;
}

// Back through x_t W_xh + b_h.
function toInput({ D, params: { W_xh } }, { x }, t, da, grads) {
  for (let k = 0; k < da.length; k++) grads.params.b_h[k] += da[k];
  backProduct(da, x, (t - 1) * D, W_xh, D, grads.params.W_xh, grads.x);
}

function lstmBackward(net, trace, dh, dhLast, dcLast) {
  const { H, params: { W_hh } } = net;
  const { T, h, c, tanh_c } = trace;
  const { i, f, g, o } = trace.gates;
  const grads = startGrads(net, trace, dh, dhLast);
  const delta = (grads.c = new Float64Array((T + 1) * H));
  if (dcLast) delta.set(dcLast, T * H);
  const da = new Float64Array(4 * H);
  for (let t = T; t >= 1; t--) {
    for (let j = 0, at = (t - 1) * H; j < H; j++, at++) {
      const to_h = grads.h[at + H];
      const to_c = (delta[at + H] += to_h * o[at] * (1 - tanh_c[at] * tanh_c[at])); // h_t = o_t ⊙ tanh(c_t)
      da[j] = to_c * g[at] * i[at] * (1 - i[at]);
      da[H + j] = to_c * c[at] * f[at] * (1 - f[at]);
      da[2 * H + j] = to_c * i[at] * (1 - g[at] * g[at]);
      da[3 * H + j] = to_h * tanh_c[at] * o[at] * (1 - o[at]);
      delta[at] += to_c * f[at]; // the direct path: ∂c_t/∂c_{t−1} = f_t
    }
    backProduct(da, h, (t - 1) * H, W_hh, H, grads.params.W_hh, grads.h);
    toInput(net, trace, t, da, grads);
  }
  return grads;
}

function gruBackward(net, trace, dh, dhLast) {
  const { H, params: { W_hh, b_hn } } = net;
  const { T, h, m } = trace;
  const { r, z, n } = trace.gates;
  const grads = startGrads(net, trace, dh, dhLast);
  const da = new Float64Array(3 * H); // ∂L/∂a_t in the order r, z, n
  const dm = new Float64Array(3 * H); // ∂L/∂m_t in the place of n
  const [reset, d_reset] = [new Float64Array(H), new Float64Array(H)]; // r ⊙ h_{t−1} and ∂L/∂ of it
  for (let t = T; t >= 1; t--) {
    const before = (t - 1) * H;
    for (let j = 0, at = before; j < H; j++, at++) {
      const to_h = grads.h[at + H];
      da[H + j] = to_h * (h[at] - n[at]) * z[at] * (1 - z[at]);
      da[2 * H + j] = to_h * (1 - z[at]) * (1 - n[at] * n[at]);
      grads.h[at] += to_h * z[at]; // the direct path: ∂h_t/∂h_{t−1} = z_t
    }
    if (!b_hn) {
      for (let j = 0; j < H; j++) reset[j] = r[before + j] * h[before + j];
      backProduct(da, reset, 0, W_hh, H, grads.params.W_hh, d_reset.fill(0), 2 * H);
    }
    for (let j = 0, at = before; j < H; j++, at++) {
      const to_reset = b_hn ? da[2 * H + j] : d_reset[j]; // ∂L/∂(r ⊙ m)
      da[j] = to_reset * m[at] * r[at] * (1 - r[at]);
      if (b_hn) grads.params.b_hn[j] += dm[2 * H + j] = to_reset * r[at];
      else grads.h[at] += to_reset * r[at];
    }
    if (b_hn) backProduct(dm, h, before, W_hh, H, grads.params.W_hh, grads.h, 2 * H);
    backProduct(da, h, before, W_hh, H, grads.params.W_hh, grads.h, 0, 2 * H);
    toInput(net, trace, t, da, grads);
  }
  return grads;
}

// A cell learns temporal order in the page: batches drawn by a seeded generator, softmax cross-entropy at each sequence's
// last step, the gradient's norm clipped, Adam. trainer.py does the same with rnnlib, number for number. Pure: no page.

import { addProduct, backProduct, inputWeights, makeGenerator, softmaxCrossEntropy } from "./engine.js";
import { cellBackward, cellForward, cellParams } from "./gated.js";

export const SYMBOLS = 8; // a, b, c, d, X, Y, the beginning, the end
export const CLASSES = 4; // X X, X Y, Y X, Y Y
const [WEIGHTS, READOUT, BATCHES, PROBE] = [0, 100000, 200000, 300000]; // what is drawn from seed + which number
const [BETA1, BETA2, EPS] = [0.9, 0.999, 1e-8]; // Adam's, as PyTorch has them

// ---- The task: rnnlib.tasks.temporal_order, from a generator that Python has too ----------------------------------------

// B sequences of T to T + T/10 symbols, as { x: one-hot, length, target }: which of X and Y came first, and which second?
export function temporalOrder(T, B, generator) {
  return Array.from({ length: B }, () => oneSequence(T, generator));
}

function oneSequence(T, generator) {
  const whole = (low, high) => low + Math.floor(generator.uniform() * (high - low + 1));
  const tenths = (n) => Math.floor((n * T) / 10);
  const length = T + whole(0, tenths(1));
  const [t_1, t_2] = [whole(tenths(1), tenths(2)), whole(tenths(5), tenths(6))];
  const [first, second] = [whole(0, 1), whole(0, 1)];
  const symbols = Array.from({ length }, () => whole(0, 3));
  [symbols[t_1 - 1], symbols[t_2 - 1], symbols[0], symbols[length - 1]] = [4 + first, 4 + second, 6, 7];
  const x = new Float64Array(length * SYMBOLS);
  symbols.forEach((symbol, k) => (x[k * SYMBOLS + symbol] = 1));
  return { x, length, target: 2 * first + second };
}

// ---- One net on one batch -------------------------------------------------------------------------------------------------

// A cell and its readout, drawn by the seed; `bias` is what the gate that keeps starts with: f of the LSTM, z of the GRU.
export function makeNet(cell, { seed, units, init, bias }) {
  const params = cellParams(cell, seed + WEIGHTS, SYMBOLS, units, init);
  if (cell !== "rnn") params.b_h.fill(bias, units, 2 * units); // both gates have the second block of columns
  const W_hy = inputWeights(makeGenerator(seed + READOUT), units, CLASSES, "orthogonal"); // uniform in ±√(6 / (H + O))
  return { cell, D: SYMBOLS, H: units, activation: "tanh", params: { ...params, W_hy, b_y: new Float64Array(CLASSES) } };
}

// One sequence forward and back: { loss, grads }, the gradients of its own loss at its last step.
export function learnFrom(net, { x, length, target }) {
  const { H, params: { W_hy, b_y } } = net;
  const trace = cellForward(net, x, null, null);
  const logits = b_y.slice();
  addProduct(logits, trace.h, length * H, W_hy, H);
  const { loss, dlogits } = softmaxCrossEntropy(logits, [target], CLASSES);
  const [dW_hy, dhLast] = [new Float64Array(H * CLASSES), new Float64Array(H)];
  backProduct(dlogits, trace.h.subarray(length * H), 0, W_hy, H, dW_hy, dhLast);
  const grads = cellBackward(net, trace, null, dhLast, null);
  return { loss, grads: { ...grads, params: { ...grads.params, W_hy: dW_hy, b_y: dlogits } } };
}

// The mean loss of a batch and its gradient, a sequence after the other: stops for a rest between two, so that whoever
// runs it may look after the page.
export function* batchGradient(net, batch) {
  const sum = Object.fromEntries(Object.entries(net.params).map(([name, values]) => [name, new Float64Array(values.length)]));
  let total = 0;
  for (const sequence of batch) {
    const { loss, grads } = learnFrom(net, sequence);
    total += loss;
    for (const name in sum) addTo(sum[name], grads.params[name]);
    yield;
  }
  for (const name in sum) for (let k = 0; k < sum[name].length; k++) sum[name][k] /= batch.length;
  return { loss: total / batch.length, grads: sum };
}

function addTo(sum, values) {
  for (let k = 0; k < sum.length; k++) sum[k] += values[k];
}

// Scales all gradients so that their norm is at most `bound`; returns the norm before.
export function clipNorm(grads, bound) {
  let total = 0;
  for (const values of Object.values(grads)) for (let k = 0; k < values.length; k++) total += values[k] * values[k];
  const norm = Math.sqrt(total);
  if (norm > bound) for (const values of Object.values(grads)) for (let k = 0; k < values.length; k++) values[k] *= bound / norm;
  return norm;
}

// Adam with its memory of each parameter: step(params, grads) changes params in place.
export function makeAdam(rate) {
  const memory = {};
  let n = 0;
  function step(params, grads) {
    n += 1;
    for (const name in params) update(params[name], grads[name], (memory[name] ??= start(params[name].length)));
  }
  const start = (size) => ({ m: new Float64Array(size), s: new Float64Array(size) });
  function update(p, g, { m, s }) {
    const [toMean, toSize] = [1 - BETA1 ** n, 1 - BETA2 ** n];
    for (let k = 0; k < p.length; k++) {
      m[k] = BETA1 * m[k] + (1 - BETA1) * g[k];
      s[k] = BETA2 * s[k] + (1 - BETA2) * g[k] * g[k];
      p[k] -= (rate * (m[k] / toMean)) / (Math.sqrt(s[k] / toSize) + EPS);
    }
  }
  return { step };
}

// ---- Training: several nets on the same batches -----------------------------------------------------------------------------

// settings: { T, batch, probe, seed, units, init, bias, rate, bound }; batch and probe count sequences. work() trains all nets by one step, resting between any
// two sequences, and returns their losses, in the order of `cells`.
export function makeTraining(cells, settings) {
  const nets = cells.map((cell) => makeNet(cell, settings));
  const optimisers = nets.map(() => makeAdam(settings.rate));
  const generator = makeGenerator(settings.seed + BATCHES);
  const probe = temporalOrder(settings.T, settings.probe, makeGenerator(settings.seed + PROBE));
  function* work() {
    const batch = temporalOrder(settings.T, settings.batch, generator);
    const losses = [];
    for (const [k, net] of nets.entries()) {
      const { loss, grads } = yield* batchGradient(net, batch);
      clipNorm(grads, settings.bound);
      optimisers[k].step(net.params, grads);
      losses.push(loss);
    }
    return losses;
  }
  return { nets, work, reach: () => reach(nets, probe, settings.T) };
}

// How far gradients reach back now, on sequences that none is trained on: for each net the root mean square over the
// sequences of ‖∂L/∂h_t‖, and of ‖∂L/∂c_t‖ where there is a c, 0 to T steps before the sequence's end.
export function* reach(nets, probe, T) {
  const found = [];
  for (const net of nets) {
    const sums = { h: new Float64Array(T + 1), ...(net.cell === "lstm" ? { c: new Float64Array(T + 1) } : {}) };
    for (const sequence of probe) {
      const { grads } = learnFrom(net, sequence);
      for (const name in sums) addSquares(sums[name], grads[name], sequence.length, net.H);
      yield;
    }
    for (const name in sums) sums[name] = sums[name].map((sum) => Math.sqrt(sum / probe.length));
    found.push(sums);
  }
  return found;
}

function addSquares(sums, delta, length, H) {
  for (let lag = 0; lag < sums.length; lag++) {
    for (let j = 0, at = (length - lag) * H; j < H; j++, at++) sums[lag] += delta[at] * delta[at];
  }
}

// Runs a generator to its end at once.
export function finish(generator) {
  for (;;) {
    const { done, value } = generator.next();
    if (done) return value;
  }
}

// What the state holds, in numbers and words: an RNN reads a text; its states, its surprise at each next character and
// the gradients. Pure: no page. hidden_states.py says the same with rnnlib; a test holds them equal.

import { PHI_PRIME, makeGenerator, norms, readoutBackward, readoutForward, rnnBackward, rnnForward, rnnParams, softmaxCrossEntropy } from "./engine.js";
import { digits } from "./format.js";
import { readArrays, viewOf } from "./stored.js";
import { spec } from "./hidden-states.spec.js";

const NEAR = 0.9; // |h| beyond this counts as near the limit
const EVEN = 1.25; // means within this factor count as alike
const ALIKE = 0.4; // a ratio of distances below this counts as little
const APART = 0.8; // and one above this as nearly all
const SENSITIVE = 1e8; // growth of a small change from which rounding shows in what is printed

export const vocabulary = [...spec.vocabulary];
const V = vocabulary.length;

// ---- Stored numbers ------------------------------------------------------------------------------------------------

// A stored run { steps, shapes, float16 } as { steps, checkpoints: [params, …] }: checkpoints are each array's first axis.
export function readRun(run) {
  const arrays = Object.entries(readArrays(run));
  const part = (values, k) => values.subarray((k * values.length) / run.steps.length, ((k + 1) * values.length) / run.steps.length);
  const checkpoints = run.steps.map((_, k) => Object.fromEntries(arrays.map(([name, values]) => [name, part(values, k)])));
  return { steps: run.steps, checkpoints };
}

// States { T, H, labels, float32 } that Python computed.
export function readStates({ T, H, labels, float32 }) {
  const view = viewOf(float32);
  return { T, H, labels, h: Float64Array.from({ length: (T + 1) * H }, (_, k) => view.getFloat32(4 * k, true)) };
}

// ---- The network and what it makes of the text ---------------------------------------------------------------------

// W_hy is uniform in ±1/√H, as rnnlib.Readout has it, and drawn by the next seed; b_y is 0.
export function liveParams({ seed, units, init, gain }) {
  const generator = makeGenerator(seed + 1);
  const W_hy = Float64Array.from({ length: units * V }, () => (2 * generator.uniform() - 1) * (1 / Math.sqrt(units)));
  return { ...rnnParams(seed, V, units, init, gain), W_hy, b_y: new Float64Array(V) };
}

// data: { run, states }, as readRun and readStates give them, each where there is one.
export function compute(state, data = {}) {
  if (state.mode === "trace") return judged({ ...data.states, codes: data.states.labels });
  if (state.mode === "run" && !data.run) return { missing: true, T: 0, H: 0, characters: [] };
  const params = state.mode === "run" ? data.run.checkpoints[state.checkpoint] : liveParams(state);
  const activation = state.mode === "run" ? "tanh" : state.activation;
  const characters = [...state.text].filter((one) => vocabulary.includes(one));
  const dropped = [...new Set([...state.text].filter((one) => !vocabulary.includes(one)))];
  const net = { D: V, H: params.b_h.length, activation, params };
  const step = state.mode === "run" ? data.run.steps[state.checkpoint] : null;
  return judged({ ...read(net, characters), net, characters, labels: characters, dropped, step });
}

function read(net, characters) {
  const { H, params } = net;
  const codes = characters.map((one) => vocabulary.indexOf(one));
  const T = codes.length;
  const x = new Float64Array(T * V);
  codes.forEach((code, k) => (x[k * V + code] = 1));
  const trace = rnnForward(net, x, null);
  const logits = readoutForward(params, trace.h, T, H);
  const targets = codes.map((_, k) => (k + 1 < T ? codes[k + 1] : -1)); // the last character has no next
  return { T, H, codes, targets, trace, a: trace.a, h: trace.h, logits, surprise: surprises(logits, targets), growth: growth(net, trace) };
}

// ‖∂L/∂h_t‖ of L = Σ L_t for t = 0 … T: asked for only where it is shown.
export function gradientNorms({ net, trace, logits, targets, T, H }) {
  const { dlogits } = softmaxCrossEntropy(logits, targets, V);
  const { dh } = readoutBackward(net.params, trace.h, T, H, dlogits);
  return norms(rnnBackward(net, trace, dh, null).h, H);
}

// The most that a small change of h_0, alike in all units, has grown on its way, measured against ‖h_t‖.
function growth({ H, activation, params }, { T, a, h }) {
  let change = new Float64Array(H).fill(1 / Math.sqrt(H));
  let most = 0;
  for (let t = 1; t <= T; t++) {
    const next = new Float64Array(H);
    for (let i = 0; i < H; i++) for (let j = 0; j < H; j++) next[j] += change[i] * params.W_hh[i * H + j];
    change = next.map((value, j) => value * PHI_PRIME[activation](a[(t - 1) * H + j], h[t * H + j]));
    most = Math.max(most, norms(change, H)[0] / Math.max(1, norms(h.subarray(t * H, (t + 1) * H), H)[0]));
  }
  return most;
}

// L_t = −ln ŷ_t[next character] for t = 1 … T − 1.
function surprises(logits, targets) {
  return Float64Array.from(targets.slice(0, -1), (target, k) => -logChances(logits, k)[target]);
}

// log softmax of the logits of step k + 1.
export function logChances(logits, k) {
  const row = logits.subarray(k * V, (k + 1) * V);
  const top = row.reduce((most, value) => Math.max(most, value), -Infinity);
  const total = Math.log(row.reduce((sum, value) => sum + Math.exp(value - top), 0));
  return row.map((value) => value - top - total);
}

// The numbers that the sentence needs.
function judged(result) {
  return { ...result, near: nearShare(result), ratio: distanceRatio(result), parts: surpriseParts(result) };
}

// The share of all h_t, t = 1 … T, whose size is beyond 0.9.
function nearShare({ h, H }) {
  return h.length > H ? h.subarray(H).reduce((count, value) => count + (Math.abs(value) > NEAR), 0) / (h.length - H) : 0;
}

// The mean distance of two states that read the same character over that of two that read different ones; null
// where there are no such pairs.
export function distanceRatio({ h, H, T, codes }) {
  if (!codes) return null;
  const [total, count] = [[0, 0], [0, 0]];
  for (let t = 2; t <= T; t++) {
    for (let s = 1; s < t; s++) {
      const kind = codes[s - 1] === codes[t - 1] ? 0 : 1;
      total[kind] += distance(h, s * H, t * H, H);
      count[kind] += 1;
    }
  }
  return count[0] && total[1] > 0 ? total[0] / count[0] / (total[1] / count[1]) : null;
}

function distance(h, one, other, H) {
  let total = 0;
  for (let j = 0; j < H; j++) total += (h[one + j] - h[other + j]) ** 2;
  return Math.sqrt(total);
}

// Mean surprise: of all, of first letters of words (what comes after a space), of the rest; null where there are none.
function surpriseParts({ surprise, characters }) {
  if (!surprise) return null;
  const values = Array.from(surprise);
  const isFirst = (k) => characters[k] === " " && characters[k + 1] !== " ";
  return { all: mean(values), first: mean(values.filter((_, k) => isFirst(k))), rest: mean(values.filter((_, k) => !isFirst(k))) };
}

function mean(values) {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
}

// ---- One unit, one step ------------------------------------------------------------------------------------------------

// The three numbers that a_t[unit] is the sum of, the sum, and h_t[unit].
export function arithmetic({ net, codes, h, a, H }, unit, t) {
  const { W_xh, W_hh, b_h } = net.params;
  let fromState = 0;
  for (let i = 0; i < H; i++) fromState += h[(t - 1) * H + i] * W_hh[i * H + unit];
  return { input: W_xh[codes[t - 1] * H + unit], state: fromState, bias: b_h[unit], a: a[(t - 1) * H + unit], h: h[t * H + unit] };
}

// The `count` largest weights into a unit as [row, weight], largest first.
export function strongest(W, H, unit, count) {
  const column = Array.from({ length: W.length / H }, (_, row) => [row, W[row * H + unit]]);
  return column.sort(([i, one], [j, other]) => Math.abs(other) - Math.abs(one) || i - j).slice(0, count);
}

// The `count` characters that step t expects most, as [character, ŷ].
export function expected({ logits }, t, count) {
  const chances = Array.from(logChances(logits, t - 1), (value, row) => [vocabulary[row], Math.exp(value)]);
  return chances.sort(([, one], [, other]) => other - one).slice(0, count);
}

// A character as it can be seen.
export function visible(character) {
  return { " ": "␣", "\n": "⏎" }[character] ?? character;
}

// ---- The sentence: what is to be seen, and what it means ------------------------------------------------------------

export function describe(state, result) {
  if (result.missing) return "The stored run is not on this page.";
  const dropped = result.dropped?.length ? `Left out, since the Zen does not have it: ${result.dropped.join(" ")}` : "";
  const rest = result.T === 0 ? ["Nothing to read yet: type a text"] : [limits(state, result), holding(state, result), guessing(state, result), trust(result)];
  return `${[dropped, ...rest].filter(Boolean).join(". ")}.`;
}

function limits({ mode, activation }, { H, T, step, near }) {
  const trained = step === 0 ? "before training" : `after ${step} steps of training`;
  const who = mode === "trace" ? `over ${T} steps` : mode === "live" ? "with random weights" : trained;
  const share = `${H} units ${who}: ${near > 0 ? `${digits(100 * near, 2)} % of all |h| lie` : "no |h| lies"} beyond 0.9`;
  if (mode === "live" && (activation === "relu" || activation === "identity")) return `${share}, and nothing bounds them`;
  return mode === "trace" || near < 0.5 ? share : `${share}, pressed against the limit`;
}

function holding({ mode }, { ratio }) {
  if (mode === "run" || ratio === null) return "";
  const kept = ratio < ALIKE ? 0 : ratio < APART ? 1 : 2;
  return `States at equal characters lie ${digits(ratio, 2)} times as far apart as states at different ones: ${KEPT[kept]}`;
}

const KEPT = [
  "the state is little more than a picture of the present",
  "the state holds the character just read and something of what came before",
  "what came before shapes the state as much as the character just read",
];

function guessing({ mode }, { parts }) {
  if (!parts || parts.all === null) return "";
  const level = `The mean surprise is ${digits(parts.all)} nats, a blind guess costs ln ${V} = ${digits(Math.log(V))}`;
  if (mode === "live") return `${level}: nothing has been learned`;
  if (parts.all > 1.1 * Math.log(V)) return `${level}: worse than guessing, for this is not what it has learned`;
  if (parts.all > 0.9 * Math.log(V)) return `${level}: it still guesses`;
  if (parts.first === null || parts.rest === null) return level;
  return `${level}; it is ${digits(parts.first)} at first letters of words, ${digits(parts.rest)} elsewhere: ${LEFT[outcome(null, { parts })]}`;
}

const LEFT = ["the letters inside words are harder to foresee", "where a word begins, most is left open", "it is spread evenly"];

function trust({ growth }) {
  return growth > SENSITIVE ? "A change of h₀ grows more than 10⁸-fold, so rounding decides the digits" : "";
}

// ---- Prediction --------------------------------------------------------------------------------------------------------

export function outcome(state, { parts }) {
  if (!parts || parts.first === null || parts.rest === null) return 2;
  return parts.first > EVEN * parts.rest ? 1 : parts.rest > EVEN * parts.first ? 0 : 2;
}

// What a character model knows while it reads, in numbers and words: an LSTM trained on Python's reference reads a text.
// Pure: no page. text_reader.py says the same with rnnlib; a test holds them equal.

import { makeGenerator, sigmoid } from "./engine.js";
import { digits } from "./format.js";
import { readArrays, readBytes } from "./stored.js";
import { spec } from "./text-reader.spec.js";

const MOST = spec.controls.find(({ name }) => name === "text").max + spec.ahead;
const CONTEXT = 12; // characters that a sentence quotes, at most
const NAMED = 3; // characters that a sentence expects
const APART = 8; // characters between two places that are named
const SLIGHT = 0.001; // a chance below is not worth a number
const TIED = 1e-9; // values nearer than this count as equal
const FOLLOWS = 0.5; // |r| on held-out text from which a unit counts as following something
const COPIED = 0.5; // a second surprise below this share of the first counts as much less

// ---- The model, a step at a time -----------------------------------------------------------------------------------

// A stored run as a reader, which keeps what it has read: a text that goes on costs one step a character.
export function makeReader(run) {
  const net = dequantised(run);
  const vocabulary = [...run.vocabulary];
  const place = new Map(vocabulary.map((one, code) => [one, code]));
  const unknown = vocabulary.length - 1;
  const units = run.named.map((name, k) => ({ name, unit: run.named_unit[k], r: run.named_r[k] })).filter(({ r }) => Math.abs(r) >= FOLLOWS);
  const reader = { ...net, vocabulary, unknown, units, alike: run.alike, alikeR: run.alike_r, ...makeMemory(net) };
  reader.codeOf = (character) => place.get(character) ?? unknown;
  return reader;
}

// Each column of whole numbers times its scale. What a character adds to a_t, x_t W_xh + b_h, is one row of `rows`.
function dequantised(run) {
  const [kept, halves] = [readBytes(run), readArrays(run)];
  const scaled = (name) => {
    const scale = halves[`${name}.scale`];
    return Float64Array.from(kept[name], (value, k) => value * scale[k % scale.length]);
  };
  const { b_h, b_y } = halves;
  const rows = scaled("W_xh");
  rows.forEach((value, k) => (rows[k] = value + b_h[k % b_h.length]));
  return { H: b_h.length / 4, V: b_y.length, rows, W_hh: scaled("W_hh"), W_hy: scaled("W_hy"), b_y };
}

// States, logits and log Σ exp of the logits of everything read so far; t = 0 is the start, of which there are no logits.
function makeMemory(net) {
  const { H, V } = net;
  const codes = [];
  const [h, c, tanhC] = [0, 1, 2].map(() => new Float64Array((MOST + 1) * H));
  const [logits, logTotal] = [V, 1].map((size) => new Float64Array((MOST + 1) * size));
  const u = new Float64Array(4 * H);
  // Read `code` as character t = 1, 2, …, unless it stands there already: what comes behind it is forgotten. Returns
  // whether that took a step.
  function read(t, code) {
    if (codes[t - 1] === code) return false;
    codes.length = t - 1;
    codes.push(code);
    step(net, t, code, { h, c, tanhC, logits, logTotal, u });
    return true;
  }
  return { codes, h, c, tanhC, logits, logTotal, read };
}

function step({ H, V, rows, W_hh, W_hy, b_y }, t, code, { h, c, tanhC, logits, logTotal, u }) {
  const [now, before] = [t * H, (t - 1) * H];
  u.set(rows.subarray(4 * H * code, 4 * H * (code + 1)));
  addRows(u, h, before, W_hh, H); // a_t = x_t W_xh + h_{t−1} W_hh + b_h
  for (let j = 0; j < H; j++) {
    const cell = sigmoid(u[H + j]) * c[before + j] + sigmoid(u[j]) * Math.tanh(u[2 * H + j]);
    c[now + j] = cell;
    tanhC[now + j] = Math.tanh(cell);
    h[now + j] = sigmoid(u[3 * H + j]) * tanhC[now + j];
  }
  const out = logits.subarray(t * V, (t + 1) * V);
  out.set(b_y);
  addRows(out, h, now, W_hy, H);
  logTotal[t] = logSum(out);
}

function logSum(row) {
  const top = Math.max(...row);
  let total = 0;
  for (const value of row) total += Math.exp(value - top);
  return top + Math.log(total);
}

// out += h W, four rows of W at a time: an eighth of the time that a loop over single entries takes.
function addRows(out, h, at, W, H) {
  const n = out.length;
  for (let k = 0; k < H; k += 4) {
    const [one, two, three, four] = [h[at + k], h[at + k + 1], h[at + k + 2], h[at + k + 3]];
    const [first, second, third, last] = [k * n, (k + 1) * n, (k + 2) * n, (k + 3) * n];
    for (let j = 0; j < n; j++) out[j] += one * W[first + j] + two * W[second + j] + three * W[third + j] + four * W[last + j];
  }
}

// ---- What it makes of a text -------------------------------------------------------------------------------------------

export function compute(state, reader) {
  const characters = [...state.text];
  if (!reader) return { missing: true, T: 0, t: 0, characters };
  const codes = characters.map(reader.codeOf);
  codes.forEach((code, k) => reader.read(k + 1, code));
  const T = codes.length;
  const t = Math.max(Math.min(T, 1), T - state.back);
  const result = { reader, characters, codes, T, t, unknown: strange(characters, codes, reader), surprise: surprises(codes, reader) };
  if (!T) return { ...result, ahead: "" };
  const ahead = writeOn(state, codes, reader, spec.ahead);
  return { ...result, ahead, next: chances(reader, t, state.temperature), values: valuesOf(state, reader, T) };
}

function strange(characters, codes, { unknown, vocabulary }) {
  return [...new Set(characters.filter((one, k) => codes[k] === unknown && one !== vocabulary[unknown]))];
}

// softmax(o_t / τ) as Float64Array(V).
export function chances({ V, logits }, t, temperature = 1) {
  const row = logits.subarray(t * V, (t + 1) * V);
  const top = Math.max(...row);
  const weights = row.map((value) => Math.exp((value - top) / temperature));
  const total = weights.reduce((sum, value) => sum + value, 0);
  return weights.map((value) => value / total);
}

// L_t = −ln ŷ_t[next character] for t = 1 … T − 1.
function surprises(codes, { V, logits, logTotal }) {
  const after = (k) => logTotal[k + 1] - logits[(k + 1) * V + codes[k + 1]];
  return Float64Array.from({ length: Math.max(0, codes.length - 1) }, (_, k) => after(k));
}

// Of the chosen unit, t = 1 … T.
function valuesOf({ unit, shown }, { H, h, tanhC }, T) {
  const of = shown === "memory" ? tanhC : h;
  return Float64Array.from({ length: T }, (_, k) => of[(k + 1) * H + unit]);
}

// What it writes behind the text: character n is drawn with the n-th number of the seed's generator, so that one at a time
// or all at once gives the same. The symbol for unknown characters is never drawn.
function writeOn({ temperature, seed }, codes, reader, count) {
  const generator = makeGenerator(seed);
  codes.forEach(() => generator.uniform());
  const written = [];
  for (let t = codes.length; t < codes.length + count; t++) {
    const code = draw(chances(reader, t, temperature), reader.unknown, generator.uniform());
    reader.read(t + 1, code);
    written.push(reader.vocabulary[code]);
  }
  return written.join("");
}

function draw(chance, unknown, uniform) {
  let left = uniform * (1 - chance[unknown]);
  for (let code = 0; code < unknown; code++) {
    left -= chance[code];
    if (left < 0) return code;
  }
  return unknown - 1;
}

// The `count` likeliest characters as [code, chance].
export function likeliest(next, count) {
  const order = Array.from(next, (chance, code) => [code, chance]);
  return order.sort(([i, one], [j, other]) => other - one || i - j).slice(0, count);
}

// Where in the text the unit is highest, the first of equals: t = 1 … T.
export function highest(values) {
  const top = Math.max(...values);
  return values.findIndex((value) => value > top - TIED) + 1;
}

// The `count` highest places, each at least APART characters from those before, highest first, as t.
export function peaks(values, count) {
  const order = Array.from(values, (_, k) => k + 1).sort((s, t) => values[t - 1] - values[s - 1] || s - t);
  return order.reduce((kept, t) => (kept.length < count && kept.every((one) => Math.abs(one - t) >= APART) ? [...kept, t] : kept), []);
}

// ---- The sentence: what is to be seen, and what it means ------------------------------------------------------------

export function describe(state, result) {
  if (result.missing) return "The weights of the model are on their way.";
  if (!result.T) return "Nothing to read yet: type a text.";
  const parts = [replaced(result), expecting(state, result), writing(result), level(result)];
  parts.push(state.colour === "unit" ? following(state, result) : worst(result));
  return `${parts.filter(Boolean).join(". ")}.`;
}

// A character as it can be seen.
export function visible(character) {
  return { " ": "␣", "\n": "⏎" }[character] ?? character;
}

// The text up to character t, its last characters only.
export function before({ characters }, t) {
  const from = Math.max(0, t - CONTEXT);
  return `“${from ? "…" : ""}${characters.slice(from, t).join("").replaceAll("\n", "⏎")}”`;
}

// A chance, with its bound where the number would say 0 or 1.
export function likelihood(chance, n = 3) {
  if (chance < SLIGHT) return `under ${SLIGHT}`;
  return chance > 1 - SLIGHT ? `over ${1 - SLIGHT}` : digits(chance, n);
}

function replaced({ unknown, reader }) {
  return unknown.length ? `It never learned ${unknown.join(" ")}, and reads ${reader.vocabulary[reader.unknown]} instead` : "";
}

function expecting({ temperature }, result) {
  const { t, T, next, surprise, characters, reader } = result;
  const likely = likeliest(next, NAMED).filter(([, chance]) => chance >= SLIGHT);
  const found = likely.map(([code, chance]) => `${visible(reader.vocabulary[code])} ${likelihood(chance)}`);
  const warm = temperature === 1 ? "" : `, at temperature ${digits(temperature)}`;
  const read = `After ${before(result, t)} at t = ${t} it expects ${found.join(", ")}${warm}`;
  return t < T ? `${read}; what comes is ${visible(characters[t])}, a surprise of ${digits(surprise[t - 1])} nats` : read;
}

function writing({ ahead }) {
  return `From the end it would write “${ahead.replaceAll("\n", "⏎")}”`;
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function level({ surprise, reader }) {
  if (!surprise.length) return "";
  const [nats, blind] = [mean(surprise), Math.log(reader.V)];
  const words = `The mean surprise is ${digits(nats)} nats, ${digits(nats / Math.LN2)} bits; a blind guess costs ln ${reader.V} = ${digits(blind)}`;
  return nats > blind ? `${words}: worse than guessing` : words;
}

function following({ unit, shown }, result) {
  const { reader, values, t } = result;
  const found = shown === "state" && reader.units.find((one) => one.unit === unit);
  const who = found ? `Unit ${unit}, which follows “${found.name}” (r = ${digits(found.r, 2)} on pages held out),` : `Unit ${unit}`;
  const top = highest(values);
  return `${who} has ${shown === "memory" ? "tanh c" : "h"} = ${digits(values[t - 1], 2)} here and is highest after ${before(result, top)}`;
}

function worst({ surprise, characters }) {
  if (!surprise.length) return "";
  const k = highest(surprise);
  return `The most surprising is ${visible(characters[k])} at t = ${k + 1}, ${digits(surprise[k - 1])} nats`;
}

// ---- Prediction and goals ------------------------------------------------------------------------------------------------

// How surprised it is by the letters of the made-up word, behind its first one: [the first time, the second time].
export function madeUp({ text }, { surprise }) {
  const [first, second] = [text.indexOf(spec.word), text.lastIndexOf(spec.word)];
  return [first, second].map((at) => mean(surprise.subarray(at, at + spec.word.length - 1)));
}

export function outcome(state, result) {
  if (result.missing) return null;
  const [first, second] = madeUp(state, result);
  return second < COPIED * first ? 0 : 1;
}

export const goals = {
  certain: (state, result) => {
    if (result.missing || result.T < 5) return [false, "type at least 5 characters."];
    const [[code, chance]] = likeliest(chances(result.reader, result.T), 1);
    const end = before(result, result.T);
    return [chance >= 0.99, `after ${end} the likeliest character, ${visible(result.reader.vocabulary[code])}, has a chance of ${digits(chance, 4)}.`];
  },
  "worse-than-blind": (state, result) => {
    const kinds = new Set(result.codes).size;
    if (result.missing || result.T < 20 || kinds < 10) return [false, `${result.T} characters, ${kinds} of them different.`];
    const [nats, blind] = [mean(result.surprise), Math.log(result.reader.V)];
    return [nats > blind, `the mean surprise is ${digits(nats)} nats, a blind guess costs ${digits(blind)}.`];
  },
};

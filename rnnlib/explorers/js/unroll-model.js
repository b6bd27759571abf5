// The two-unit network step by step: its values, which of them each value is made from, and in words what is to be
// seen. Pure: no page. Values have ids such as x_3, h_2[1], o_5; parameters such as W_hh[1,2] and b_h[1] (rows and
// columns from 1, as in the maths). unroll.py has the same words.

import { rnnForward, readoutForward } from "./engine.js";
import { digits, subscript } from "./format.js";
import { spec } from "./unroll.spec.js";

export const H = 2;
export const PARAMS = ["W_xh", "W_hh", "b_h", "W_hy", "b_y"];
const ROWS_COLUMNS = { W_xh: [1, 2], W_hh: [2, 2], W_hy: [2, 1] };
const DEFAULTS = Object.fromEntries(spec.controls.map((control) => [control.name, control.default]));

// ---- The network ---------------------------------------------------------------------------------------------------

// A state whose lists have the lengths the network takes: a list from a link may have any.
export function whole(state) {
  const lists = spec.controls.filter((control) => control.kind === "numbers");
  const fits = ({ name, fewest, most }) => state[name].length >= fewest && state[name].length <= most;
  return { ...state, ...Object.fromEntries(lists.map((c) => [c.name, fits(c) ? state[c.name] : DEFAULTS[c.name]])) };
}

// How many steps are taken: a task from one to one is a single step.
export function steps(state) {
  return state.task === "one-to-one" ? 1 : state.T;
}

// The steps whose output the task uses.
export function usedOutputs(state) {
  const T = steps(state);
  return state.task === "many-to-one" ? [T] : Array.from({ length: T }, (_, k) => k + 1);
}

// x_1 … x_T as given, starting again from x_1 where the sequence is longer than the list.
export function givenInputs(state) {
  return Array.from({ length: steps(state) }, (_, k) => state.x[k % state.x.length]);
}

// Returns { T, x, a, h, o } with h_0 … h_T and a_1 … a_T one after another, as in the engine; x holds what was read.
export function compute(given) {
  const state = whole(given);
  const T = steps(state);
  const params = Object.fromEntries(PARAMS.map((name) => [name, Float64Array.from(state[name])]));
  const net = { D: 1, H, activation: "tanh", params };
  const x = Float64Array.from(givenInputs(state));
  if (state.task === "one-to-many") return feedBack(net, x, state.h0, T);
  const { a, h } = rnnForward(net, x, state.h0);
  return { T, x, a, h, o: readoutForward(params, h, T, H) };
}

// One step at a time: what was said at t is read at t + 1.
function feedBack(net, x, h0, T) {
  const result = { T, x, a: new Float64Array(T * H), h: new Float64Array((T + 1) * H), o: new Float64Array(T) };
  result.h.set(h0);
  for (let t = 1; t <= T; t++) {
    const step = rnnForward(net, x.subarray(t - 1, t), result.h.slice((t - 1) * H, t * H));
    result.a.set(step.a, (t - 1) * H);
    result.h.set(step.h.subarray(H), t * H);
    result.o[t - 1] = readoutForward(net.params, step.h, 1, H)[0];
    if (t < T) x[t] = result.o[t - 1];
  }
  return result;
}

export function parameterCount(state) {
  return PARAMS.reduce((total, name) => total + state[name].length, 0);
}

// ---- The graph: which value is made from which, by which parameter ------------------------------------------------

// Values in the order of the drawing: { id, kind, t, i, value, given }; given values are what a reader may edit.
export function valuesOf(state, result) {
  const { T } = result;
  const fed = state.task === "one-to-many";
  const values = [];
  for (let t = 0; t <= T; t++) {
    if (t > 0) values.push({ id: `x_${t}`, kind: "x", t, value: result.x[t - 1], given: !fed || t === 1 });
    for (let i = 1; i <= H; i++) {
      values.push({ id: `h_${t}[${i}]`, kind: "h", t, i, value: result.h[t * H + i - 1], given: t === 0 });
    }
    if (t > 0 && usedOutputs(state).includes(t)) {
      values.push({ id: `o_${t}`, kind: "o", t, value: result.o[t - 1], given: false });
    }
  }
  return values;
}

// { from, to, weight, t }; the weight of an output that is read again is null.
export function edgesOf(state) {
  const edges = [];
  const used = usedOutputs(state);
  for (let t = 1; t <= steps(state); t++) {
    for (let j = 1; j <= H; j++) {
      edges.push({ from: `x_${t}`, to: `h_${t}[${j}]`, weight: `W_xh[1,${j}]`, t });
      for (let i = 1; i <= H; i++) {
        edges.push({ from: `h_${t - 1}[${i}]`, to: `h_${t}[${j}]`, weight: `W_hh[${i},${j}]`, t });
      }
      if (used.includes(t)) edges.push({ from: `h_${t}[${j}]`, to: `o_${t}`, weight: `W_hy[${j},1]`, t });
    }
    if (state.task === "one-to-many" && t > 1) edges.push({ from: `o_${t - 1}`, to: `x_${t}`, weight: null, t });
  }
  return edges;
}

// The ids of all values that depend on the given ones, through however many steps.
export function dependents(edges, ids) {
  const found = new Set(ids);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { from, to } of edges) if (found.has(from)) found.add(to);
  }
  for (const id of ids) found.delete(id);
  return found;
}

// The values into which a parameter enters directly: one for each of its uses.
export function usesOf(id, state) {
  const ids = edgesOf(state).filter((edge) => edge.weight === id).map((edge) => edge.to);
  const bias = /^b_(.)\[(\d)\]$/.exec(id);
  if (!bias) return ids;
  const all = Array.from({ length: steps(state) }, (_, k) => k + 1);
  return bias[1] === "h" ? all.map((t) => `h_${t}[${bias[2]}]`) : usedOutputs(state).map((t) => `o_${t}`);
}

// The parameters' numbers: { id, name, index, row, column, value }, in the order of PARAMS.
export function parametersOf(state) {
  return PARAMS.flatMap((name) => state[name].map((value, index) => {
    const [, columns] = ROWS_COLUMNS[name] ?? [1, 0];
    const [row, column] = columns ? [Math.floor(index / columns) + 1, (index % columns) + 1] : [1, index + 1];
    return { id: columns ? `${name}[${row},${column}]` : `${name}[${column}]`, name, index, row, column, value };
  }));
}

// The ids of the values that two results of the same drawing do not share.
export function changed(before, after) {
  const old = new Map(before.map(({ id, value }) => [id, value]));
  return after.filter(({ id, value }) => old.has(id) && old.get(id) !== value).map(({ id }) => id);
}

// ---- A value's arithmetic -------------------------------------------------------------------------------------------

// "h_2[1]" as "h₂[1]".
export function symbol(id) {
  return id.replace(/^([xho])_(\d+)/, (_, letter, t) => letter + subscript(t));
}

// Three decimals of what is near 1, as many digits of the rest.
export function short(x) {
  return digits(x, Math.abs(x) >= 1 ? 4 : 3);
}

function factor(x) {
  const text = short(x);
  return /[−×]/.test(text) ? `(${text})` : text;
}

// What made a value: { id, lines, sources, weights }. The lines are the formula, the numbers put in, and the result.
export function arithmetic(id, state, result) {
  const value = valuesOf(state, result).find((one) => one.id === id);
  const parameter = parametersOf(state).find((one) => one.id === id);
  if (value && !value.given && value.kind !== "x") return madeValue(value, state, result);
  const lines = [parameter ? parameterLine(parameter, state) : givenLine(value, state)];
  return { id, lines, sources: value && !value.given ? [`o_${value.t - 1}`] : [], weights: [] };
}

function madeValue({ id, kind, t, i = 1, value }, state, result) {
  const values = new Map(valuesOf(state, result).map((one) => [one.id, one.value]));
  const weights = new Map(parametersOf(state).map((one) => [one.id, one.value]));
  const incoming = edgesOf(state).filter((edge) => edge.to === id);
  const bias = kind === "h" ? `b_h[${i}]` : "b_y[1]";
  const sum = (text) => [...incoming.map(text), text({ weight: bias })].join(" + ");
  const names = sum(({ from, weight }) => (from ? `${symbol(from)}·${weight}` : weight));
  const numbers = sum(({ from, weight }) => (from ? `${factor(values.get(from))}·` : "") + factor(weights.get(weight)));
  const name = symbol(id);
  const lines = kind === "h"
    ? [`${name} = tanh(${names})`, `= tanh(${numbers})`, `= tanh(${short(result.a[(t - 1) * H + i - 1])}) = ${short(value)}`]
    : [`${name} = ${names}`, `= ${numbers}`, `= ${short(value)}`];
  return { id, lines, sources: incoming.map(({ from }) => from), weights: [...incoming.map(({ weight }) => weight), bias] };
}

function givenLine({ id, kind, t, value, given }, state) {
  const start = `${symbol(id)} = ${short(value)}`;
  if (kind === "h") return `${start}: where the state starts. It is an input, like x₁.`;
  if (!given) return `${symbol(id)} = ${symbol(`o_${t - 1}`)} = ${short(value)}: what was said at step ${t - 1} is read at step ${t}.`;
  const again = ((t - 1) % state.x.length) + 1;
  return again < t
    ? `${start}: the list of inputs starts again, so this is x${subscript(again)}.`
    : `${start}: an input, read by both units at step ${t}.`;
}

function parameterLine({ id, name, row, column, value }, state) {
  const routes = {
    W_xh: `from xₜ to hₜ[${column}]`,
    W_hh: `from hₜ₋₁[${row}] to hₜ[${column}]`,
    b_h: `added in hₜ[${column}]`,
    W_hy: `from hₜ[${row}] to oₜ`,
    b_y: "added in oₜ",
  };
  const count = usesOf(id, state).length;
  const uses = count === 1 ? "one use" : `${count} uses`;
  return `${id} = ${short(value)}, ${routes[name]}: one number, ${uses}.`;
}

// ---- In words -------------------------------------------------------------------------------------------------------

const TASKS = {
  "many-to-many": "At every step x comes in and o goes out.",
  "many-to-one": "At every step x comes in; only the last o is used.",
  "one-to-many": "x comes in once; from then on the cell reads its own output.",
  "one-to-one": "x comes in once and o goes out once.",
};

// The sentence under the drawing: what is to be seen now, and what it means.
export function describe(given, result) {
  const state = whole(given);
  const count = parameterCount(state);
  if (state.view === "folded") {
    return `Folded: one cell with a loop and ${count} parameters, and not a word about T. ${TASKS[state.task]}`;
  }
  return [unrolledWords(result.T, count), outputWords(state, result), startWords(state, result)].filter(Boolean).join(" ");
}

function unrolledWords(T, count) {
  if (T === 1) return `Unrolled over 1 step: one cell drawn once, with its ${count} parameters.`;
  const parameters = T === DEFAULTS.T ? `with the same ${count} parameters` : `and still ${count} parameters, as at any T`;
  return `Unrolled over ${T} steps: one cell drawn ${T} times ${parameters}.`.replace(" times and", " times, and");
}

function outputWords({ task }, { T, o }) {
  const last = `o${subscript(T)} = ${short(o[T - 1])}`;
  if (task === "many-to-one") return `Of all outputs only the last is used: ${last}.`;
  if (task === "one-to-many" && T > 1) return `Only x₁ is given; each output is the next input, up to ${last}.`;
  return task === "one-to-one" ? `One input, one output: ${last}.` : `${last}.`;
}

// How far the outputs are from what they would be with h_0 = (0, 0).
function startWords(state, { T, o }) {
  if (state.h0.every((value) => value === 0)) return "";
  const zero = compute({ ...state, h0: [0, 0] }).o;
  const off = (t) => `o${subscript(t)} by ${short(Math.abs(o[t - 1] - zero[t - 1]))}`;
  const both = T > 1 && state.task !== "many-to-one" ? `${off(1)} and ${off(T)}` : off(T);
  return `Starting at h₀ = ${pair(state.h0)} instead of (0, 0) moves ${both}.`;
}

function pair(values) {
  return `(${values.map((value) => short(value)).join(", ")})`;
}

// ---- Prediction and goal --------------------------------------------------------------------------------------------

// Which option of the prediction came true: its index, from the states before and after x_3 was changed.
export function outcome(given) {
  const state = whole(given);
  const states = (one) => valuesOf(one, compute(one)).filter(({ kind, t }) => kind === "h" && t > 0);
  const moved = new Set(changed(states({ ...state, x: DEFAULTS.x }), states(state)).map((id) => Number(/\d+/.exec(id)[0])));
  if (moved.size === 0) return 3;
  if (Math.min(...moved) < 3) return 2;
  return moved.size === 1 && steps(state) > 3 ? 0 : 1;
}

// Whether each goal is reached, and a sentence to stand after "Right: " or "Not yet: ".
export const goals = { "negative-output": negativeOutput };

const ROUNDING = 1e-9; // an output nearer to 0 than this has no sign

function negativeOutput(given) {
  const state = whole(given);
  const moved = PARAMS.filter((name) => String(state[name]) !== String(DEFAULTS[name]));
  if (moved.length) return [false, `${moved.join(", ")} ${moved.length > 1 ? "were" : "was"} changed; put the weights back and change h₀ alone.`];
  const example = givenInputs({ ...state, x: DEFAULTS.x });
  if (String(givenInputs(state)) !== String(example)) return [false, "the inputs were changed; put them back and change h₀ alone."];
  const start = `h₀ = ${pair(state.h0)}`;
  if (state.h0.some((value) => Math.abs(value) > 1)) return [false, `${start} goes beyond −1 and 1; stay between them.`];
  const o_1 = compute(state).o[0];
  const output = Math.abs(o_1) <= ROUNDING ? "o₁ = 0 up to rounding" : `o₁ = ${short(o_1)}`;
  return o_1 < -ROUNDING
    ? [true, `with ${start}, ${output}; the start alone turns the sign of the first output.`]
    : [false, `with ${start}, ${output}, which is not below 0.`];
}

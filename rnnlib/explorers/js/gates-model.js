// What each gate lets through, in numbers and words. Pure: no page. gates.py says the same with rnnlib; a test holds them
// equal. x is one number a step: 0, the pulse, then noise. Its weights are made by hand so that the gate that writes opens
// for large inputs, those of h_{t−1} are drawn. L is the sum of all units of c_T, or of h_T.

import { makeGenerator } from "./engine.js";
import { BLOCKS, cellBackward, cellForward, pinned } from "./gated.js";
import { digits, exactly, subscript } from "./format.js";
import { spec } from "./gates.spec.js";

export const GATES = { lstm: ["i", "f", "o"], gru: ["r", "z"] }; // those with σ, which can be pinned
export const KEEPS = { lstm: "f", gru: "z" }; // the gate on the direct path
export const MEMORY = { lstm: "c", gru: "h" };
export const ROWS = { lstm: ["x", "i", "f", "g", "o", "c", "h"], gru: ["x", "r", "z", "n", "h", "Δ"] };

const EXACT = 1e-9; // two numbers that differ by a smaller share count as equal
const NOTHING = 1e-12; // a difference of states below this is rounding
const SENSITIVE = 1e8; // growth from which rounding shows in what is printed

// ---- The cell and what it reads ----------------------------------------------------------------------------------------

// W_xh and the biases made by hand, W_hh (H, n·H) uniform in ±gain/√H; gates pinned.
export function netOf(state) {
  const { cell, units: H, seed, gain, reset } = state;
  const hand = Object.values(spec.hand[cell]);
  const generator = makeGenerator(seed);
  const scale = gain / Math.sqrt(H);
  const params = {
    W_xh: perUnit(hand, H, ([w, , sign], j) => (sign && j % 2 ? -w : w)),
    W_hh: Float64Array.from({ length: H * hand.length * H }, () => (2 * generator.uniform() - 1) * scale),
    b_h: perUnit(hand, H, ([, b]) => (b === "forget_bias" ? state.forget_bias : b)),
  };
  if (cell === "gru" && reset === "after") params.b_hn = new Float64Array(H);
  return pinned({ cell, D: 1, H, params }, pinsOf(state));
}

function perUnit(blocks, H, value) {
  return Float64Array.from({ length: blocks.length * H }, (_, k) => value(blocks[Math.floor(k / H)], k % H));
}

// x_1 = 0, x_2 the pulse, then normals times `noise`, drawn by the next seed.
export function inputsOf({ seed, T, pulse, noise }) {
  const generator = makeGenerator(seed + 1);
  const x = Float64Array.from({ length: T }, () => noise * generator.normal());
  x.set([0, pulse]);
  return x;
}

// { gate: 0 or 1 } of the gates that are pinned.
export function pinsOf(state) {
  return Object.fromEntries(GATES[state.cell].filter((name) => state[name] !== "free").map((name) => [name, Number(state[name])]));
}

function run(state) {
  const { cell, units: H, start, loss } = state;
  const net = netOf(state);
  const [first, ones] = [new Float64Array(H).fill(start), new Float64Array(H).fill(1)];
  const trace = cell === "lstm" ? cellForward(net, inputsOf(state), null, first) : cellForward(net, inputsOf(state), first);
  const onC = cell === "lstm" && loss === "c";
  return { net, trace, grads: cellBackward(net, trace, null, onC ? null : ones, onC ? ones : null) };
}

// What one unit does: memory, total, kept and direct hold t = 0 … T. `elsewhere` is a GRU's h with the reset in the other
// place, `apart` (T + 1) * H the difference to it.
export function compute(state) {
  const { cell, units: H, T } = state;
  const { net, trace, grads } = run(state);
  const unit = Math.min(state.unit, H - 1);
  const ofUnit = (values) => Float64Array.from({ length: values.length / H }, (_, k) => values[k * H + unit]);
  const name = MEMORY[cell];
  const total = ofUnit(grads[name]);
  const kept = new Float64Array(T + 1).fill(1);
  for (let t = T; t >= 1; t--) kept[t - 1] = kept[t] * trace.gates[KEEPS[cell]][(t - 1) * H + unit];
  const elsewhere = cell === "gru" ? run({ ...state, reset: state.reset === "after" ? "before" : "after" }).trace.h : null;
  const apart = elsewhere && trace.h.map((value, k) => value - elsewhere[k]);
  const direct = kept.map((value) => total[T] * value);
  return { T, H, unit, net, trace, grads, memory: ofUnit(trace[name]), total, kept, direct, elsewhere, apart, ofUnit };
}

// ---- The sentence: what is to be seen, and what it means ------------------------------------------------------------------

const MEANING = {
  i0: "i = 0: nothing is written",
  i1: "i = 1: all of g is written, noise too",
  f0: "f = 0: c keeps nothing from one step to the next",
  f1: "f = 1: c keeps all that it has",
  o0: "o = 0: c is not shown, and h is 0",
  o1: "o = 1: all of tanh(c) is shown",
  r0: "r = 0: n sees nothing of h",
  r1: "r = 1: n sees all of h",
  z0: "z = 0: h is written anew at each step",
  z1: "z = 1: h holds what it has, and nothing is written",
};

export function describe(state, result) {
  const parts = [remembers(state, result), ...lets(state, result), paths(state, result), resetting(state, result), trust(result)];
  return `${parts.filter(Boolean).join(". ")}.`;
}

function remembers({ cell, T, pulse }, { unit, memory }) {
  const name = MEMORY[cell];
  const [start, after, end] = [0, 2, T].map((t) => digits(memory[t]));
  if (pulse === 0) return `Unit ${unit}: ${name} goes from ${start} at t = 0 to ${end} at t = ${T}`;
  return `Unit ${unit}: ${name} goes from ${start} to ${after} with the pulse of ${digits(pulse)}, and is ${end} at t = ${T}`;
}

function lets(state, { trace, ofUnit }) {
  const held = pinsOf(state);
  const words = Object.entries(held).map(([name, value]) => MEANING[`${name}${value}`]);
  const means = GATES[state.cell].filter((name) => !(name in held)).map((name, k) => {
    const values = ofUnit(trace.gates[name]);
    const mean = digits(values.reduce((sum, value) => sum + value, 0) / values.length, 2);
    return `${name} ${k ? "" : "lets through "}${mean}`;
  });
  return means.length ? [...words, `On average ${listed(means)}`] : words;
}

function listed(words) {
  return words.length === 1 ? words[0] : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

function paths({ cell, T }, { total, kept, direct }) {
  const [name, gate] = [MEMORY[cell], KEEPS[cell]];
  const last = `∂L/∂${name}${subscript(T)}`;
  if (total[T] === 0) return `${last} = 0: nothing of the loss comes to ${name}, and none of its gradient goes back`;
  const leaves = `Of ${last} = ${exactly(total[T])} the direct path leaves ∏${gate} = ${exactly(kept[0])} at ${name}₀`;
  const alike = Math.abs(total[0] - direct[0]) <= EXACT * Math.max(Math.abs(total[0]), Math.abs(direct[0]));
  if (alike) return `${leaves}, and so does the total: no other path is open`;
  return `${leaves}; with the paths through ${name === "c" ? "h and the gates" : "the gates and n"} ∂L/∂${name}₀ is ${exactly(total[0])}`;
}

function resetting(state, { apart }) {
  if (!apart) return "";
  const most = apart.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const other = state.reset === "after" ? "before" : "after";
  if (most >= NOTHING) return `With the reset ${other} the product h would differ by up to ${digits(most, 2)}`;
  return `Reset before or after the product gives the same h${noDifference(state)}`;
}

function noDifference({ r, z, units }) {
  if (r !== "free") return ", as r is the same for all units";
  if (z === "1") return ", as nothing of n enters it";
  return units === 1 ? ", as there is one unit" : "";
}

function trust({ total }) {
  const grown = total.some((value) => Math.abs(value) > SENSITIVE);
  return grown ? "So much growth lets rounding decide the digits" : "";
}

// ---- The arithmetic of one number: row `name` at step t --------------------------------------------------------------------

// What stands in a row for t = 0 … T of the unit looked at; undefined where the row begins at t = 1.
export function valueAt(state, result, name, t) {
  if (name === "total" || name === "direct") return result[name][t];
  if (name === "Δ") return result.apart[t * result.H + result.unit];
  if (name === "h" || name === "c") return result.trace[name][t * result.H + result.unit];
  if (t === 0) return undefined;
  return name === "x" ? result.trace.x[t - 1] : result.trace.gates[name][(t - 1) * result.H + result.unit];
}

export function arithmeticOf(state, result, name, t) {
  const value = (one, at = t) => digits(valueAt(state, result, one, at));
  if (t > 0 || name === "total" || name === "direct") return `${(WORDS[name] ?? gateWords)(state, result, t, value, name)}.`;
  const first = valueAt(state, result, name, 0);
  return first === undefined ? `${name} begins at t = 1.` : `${name === "Δ" ? "Δh" : name}₀ = ${digits(first)}, given.`;
}

const WORDS = { x: inputWords, c: cWords, h: hWords, Δ: apartWords, total: totalWords, direct: directWords };

function inputWords({ pulse }, { trace }, t) {
  const what = t === 1 ? "nothing yet" : t === 2 ? "the pulse" : "noise";
  return `x${subscript(t)} = ${digits(t === 2 ? pulse : trace.x[t - 1])}: ${what}`;
}

function cWords(state, result, t, value) {
  const [now, before] = [subscript(t), subscript(t - 1)];
  return `c${now} = f${now} c${before} + i${now} g${now} = ${value("f")} × ${signed(value("c", t - 1))} + ${value("i")} × ${signed(value("g"))} = ${value("c")}`;
}

function hWords({ cell }, result, t, value) {
  const [now, before] = [subscript(t), subscript(t - 1)];
  if (cell === "lstm") return `h${now} = o${now} tanh(c${now}) = ${value("o")} × tanh(${value("c")}) = ${value("h")}`;
  const sum = `(1 − ${value("z")}) × ${signed(value("n"))} + ${value("z")} × ${signed(value("h", t - 1))}`;
  return `h${now} = (1 − z${now}) n${now} + z${now} h${before} = ${sum} = ${value("h")}`;
}

function signed(text) {
  return text.startsWith("−") ? `(${text})` : text;
}

function apartWords({ reset }, { trace, elsewhere, H, unit }, t) {
  const [here, there] = [trace.h, elsewhere].map((h) => h[t * H + unit]);
  const other = reset === "after" ? "before" : "after";
  return `h${subscript(t)} is ${digits(here)} with the reset ${reset} the product and ${digits(there)} with it ${other}: Δh = ${digits(here - there, 2)}`;
}

// A gate or a candidate: bias, what x brings, what h_{t−1} brings, and the squashed sum.
function gateWords(state, result, t, value, name) {
  const [now, before] = [subscript(t), subscript(t - 1)];
  if (name in pinsOf(state)) return `${name}${now} = ${value(name)}: pinned, whatever it reads; its derivative is 0, so nothing flows back through it`;
  const { bias, fromX, fromH } = partsOf(result, name, t);
  const squash = name === "g" || name === "n" ? "tanh" : "σ";
  const reset = state.reset === "after" ? `r${now} ⊙ (h${before} W)` : `(r${now} ⊙ h${before}) W`;
  const sum = `${digits(bias)} + ${signed(digits(fromX))} + ${signed(digits(fromH))}`;
  return `${name}${now} = ${squash}(b + x${now} w + ${name === "n" ? reset : `h${before} W`}) = ${squash}(${sum}) = ${value(name)}`;
}

// What the pre-activation of one gate of the unit is made of at step t.
export function partsOf({ net, trace, H, unit }, name, t) {
  const column = BLOCKS[net.cell].indexOf(name) * H + unit;
  const { W_xh, b_h } = net.params;
  const [bias, fromX] = [b_h[column], trace.x[t - 1] * W_xh[column]];
  const a = trace.a[(t - 1) * b_h.length + column];
  return { bias, fromX, fromH: a - (bias + fromX) };
}

// One step back: from t to t − 1, or what the loss brings at T. Row t holds ∂L/∂ of the memory at t.
function totalWords({ cell, loss }, { T, total, trace, H, unit }, t) {
  const name = MEMORY[cell];
  const here = `∂L/∂${name}${subscript(t)}`;
  if (t === T) {
    if (cell === "gru" || loss === "c") return `${here} = 1: L is the sum of all units of ${name}${subscript(T)}`;
    const k = (T - 1) * H + unit;
    return `${here} = o${subscript(T)} (1 − tanh²(c${subscript(T)})) = ${digits(trace.gates.o[k])} × ${digits(1 - trace.tanh_c[k] ** 2)} = ${exactly(total[T])}`;
  }
  const gate = KEEPS[cell];
  const keep = trace.gates[gate][t * H + unit];
  const next = subscript(t + 1);
  const along = keep * total[t + 1];
  const rest = `${exactly(along)} on the direct path and ${exactly(total[t] - along)} through ${cell === "lstm" ? "h and the gates" : "the gates and n"}`;
  return `${here} = ${exactly(total[t])}: ${gate}${next} × ∂L/∂${name}${next} = ${digits(keep)} × ${signed(exactly(total[t + 1]))}, so ${rest}`;
}

function directWords({ cell }, { T, total, kept, direct }, t) {
  const [name, gate] = [MEMORY[cell], KEEPS[cell]];
  const last = `∂L/∂${name}${subscript(T)}`;
  const factors = `${gate}${subscript(t + 1)}${t + 1 < T ? ` ⋯ ${gate}${subscript(T)}` : ""}`;
  const many = t === T ? `∏${gate} = 1, a product of no factors` : `∏${gate} = ${factors} = ${exactly(kept[t])}`;
  return `direct path to ${name}${subscript(t)}: ${many}; times ${last} = ${exactly(total[T])} that is ${exactly(direct[t])}`;
}

// ---- Prediction and goals -----------------------------------------------------------------------------------------------

// By what the memory still has of what the pulse left in it.
export function outcome(state, { memory, T }) {
  const share = memory[T] / memory[2];
  return share < 0.1 ? 0 : share < 0.95 ? 1 : 2;
}

export const goals = {
  hold: (state, { T, memory }) => {
    const name = MEMORY[state.cell];
    if (Object.keys(pinsOf(state)).length) return [false, "a gate is pinned."];
    if (T < 40) return [false, `T is ${T}.`];
    if (Math.abs(memory[2]) < 0.1) return [false, `the pulse leaves ${name}₂ at ${digits(memory[2])}.`];
    const share = memory[T] / memory[2];
    return [share >= 0.9, `at t = ${T} ${name} is ${digits(share)} of ${name}₂.`];
  },
  explodes: ({ cell }, { T, total }) => {
    if (cell !== "lstm") return [false, "the cell is a GRU."];
    const [end, start] = [Math.abs(total[T]), Math.abs(total[0])];
    return [start >= 10 * end && end > 0, `it goes from ${exactly(end)} at c${subscript(T)} to ${exactly(start)} at c₀.`];
  },
};

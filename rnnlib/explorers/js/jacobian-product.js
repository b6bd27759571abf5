// When does the product of the Jacobians grow? A two-unit net and the singular values of J_1 ⋯ J_t against the lag,
// beside what W alone would say. The pure part is jacobian_product.py's, line for line; a test holds them equal.

import { makeGenerator, rnnForward } from "./engine.js";
import { digits, subscript } from "./format.js";
import { MAX_SLOPE, eigenvalues, eigenvaluesText, jacobianProducts, matrixText, powerOfTen, scaleColumns, scaledText, singularValues, slope, spectralRadius } from "./linear.js";
import { drawGrowth, growthScales, normText } from "./jacobian-product-chart.js";
import { axisX, axisY, dot, label, line, linear, makeHandle, makePanel, onDrag, roundUp, segment, svg } from "./plot.js";
import { html, mountExplorer } from "./controls.js";
import { spec } from "./jacobian-product.spec.js";

const EQUAL = 1e-9; // two numbers this near to each other count as equal
const LOST = 12; // decades of growth after which the rounding of h_0 is as large as h
const ROUGH = 6; // decades of growth from which two digits are enough
const LAG = 50; // of the goal

// ---- The numbers -------------------------------------------------------------------------------------------------

export function recurrentWeights({ g, m11, m12, m21, m22 }) {
  return [g * m11, g * m12, g * m21, g * m22];
}

export function compute(state) {
  const { activation, b1, b2, start1, start2, noise, seed, T } = state;
  const W = recurrentWeights(state);
  const generator = makeGenerator(seed);
  const x = Float64Array.from({ length: 2 * T }, () => generator.normal());
  const net = { D: 2, H: 2, activation, params: { W_xh: [noise, 0, 0, noise], W_hh: W, b_h: [b1, b2] } };
  const trace = rnnForward(net, x, [start1, start2]);
  const slopes = trace.a.map((a) => slope(activation, a));
  const [largest, smallest] = singularValues(W);
  const weights = { W, eigen: eigenvalues(W), radius: spectralRadius(W), largest, smallest, bound: largest * MAX_SLOPE[activation] };
  const result = { h: trace.h, a: trace.a, slopes, weights, ...jacobianProducts(W, slopes) };
  return { ...result, course: courseOf(state, result) };
}

// What the product does: { kind, … }.
export function courseOf({ activation, T }, { largest, smallest }) {
  const peak = largest.reduce((best, value, t) => (value > largest[best] + EQUAL ? t : best), 0);
  const dead = largest.indexOf(-Infinity);
  if (dead >= 0) return { kind: "dead", dead };
  const lost = activation === "identity" ? -1 : largest.findIndex((value) => value > LOST);
  if (lost >= 0) return { kind: "lost", lost };
  if (largest.every((value) => Math.abs(value) < EQUAL)) return { kind: "keeps", all: Math.abs(smallest[T]) < EQUAL };
  if (peak === 0) return { kind: "falls" };
  const above = largest.reduce((last, value, t) => (value > -EQUAL ? t : last), 0);
  return above < T ? { kind: "hump", peak, below: above + 1 } : { kind: "grows" };
}

// ---- The sentence: what is to be seen, and what it means ------------------------------------------------------------

export function describe(state, result) {
  return SENTENCES[result.course.kind](state, result);
}

const SENTENCES = {
  dead(state, { course: { dead }, slopes, weights }) {
    return `${productText(dead)} is exactly 0, and so is every longer product: nothing of a change in h₀ reaches h${subscript(dead)}. ${whyDead(state, weights, slopes.slice(2 * dead - 2, 2 * dead))}`;
  },
  lost(state, { course: { lost }, weights }) {
    return `The norm of J₁ ⋯ Jₜ passes 10¹² at lag ${lost}: from there on an error of rounding in h₀ may decide everything, and the digits depend on the machine. ${whyGrown(state, weights)}`;
  },
  keeps({ T }, { course: { all }, smallest }) {
    if (all) return "Both singular values stay 1 at every lag: each Jacobian is orthogonal, so a gradient keeps its length, whatever its direction.";
    return `The norm stays 1 at every lag, but only in one direction: sₘᵢₙ has fallen to ${powerOfTen(smallest[T])} at lag ${T}.`;
  },
  falls(state, { largest, slopes, weights }) {
    const { T } = state;
    const now = `${normText(T)} is ${powerOfTen(largest[T])}.`;
    if (weights.bound < 1 - EQUAL) return `${now} ${boundText(state, weights)} < 1: no step can stretch anything, so vanishing is certain.`;
    return `${now} ${boundText(state, weights)} would allow growth, but φ′ takes it away: at t = ${T} the larger of the two φ′ is ${slopeText(slopes, T)}.`;
  },
  hump(state, { course: { peak, below }, largest, slopes, weights }) {
    const { T } = state;
    const seen = `The norm of J₁ ⋯ Jₜ grows to ${sizeText(largest[peak], 5)} at lag ${peak} before it shrinks; from lag ${below} on it is below 1, and at lag ${T} it is ${powerOfTen(largest[T])}.`;
    if (state.activation === "identity") return `${seen} ${radiusText(weights)} < 1 decides only how it ends; ${boundText(state, weights)} > 1 allows the growth before.`;
    return `${seen} ${boundText(state, weights)} allows the growth; then φ′ takes it back: at t = ${T} the larger of the two φ′ is ${slopeText(slopes, T)}.`;
  },
  grows: (state, { largest, weights }) => `${normText(state.T)} is ${sizeText(largest[state.T], 3)}. ${whyGrown(state, weights)}`,
};

function whyDead({ activation }, { W, radius, largest }, [s1, s2]) {
  if (largest === 0) return "W is 0.";
  if (radius < EQUAL) return `${radiusText({ radius })} with W² = 0, and along this orbit the φ′ leave it so, for all that sₘₐₓ(W) = ${digits(largest)}.`;
  if (activation === "relu" && s1 === 0 && s2 === 0) return "Both units stand where relu is flat: φ′ = 0.";
  return "The φ′ that are 0 have cut every way through W.";
}

function whyGrown({ activation }, weights) {
  const { radius, largest } = weights;
  const radiusIs = radiusText(weights);
  if (activation === "identity") {
    if (radius < 1 - EQUAL) return `${radiusIs} < 1, so longer products shrink in the end: so far this is a transient.`;
    return radius > 1 + EQUAL ? `${radiusIs} > 1: in the long run each step multiplies the norm by that.` : `${radiusIs}: the powers grow no faster than in proportion to t.`;
  }
  const bound = boundText({ activation }, weights);
  if (radius < 1 - EQUAL) return `${radiusIs} < 1 does not prevent it: ρ speaks of powers of W, but φ′ differs from step to step. What growth needs is ${bound} > 1.`;
  return `${bound} > 1 allows it, and along this orbit φ′ does not take it back.`;
}

function radiusText({ radius }) {
  return `ρ(W) = ${digits(radius)}`;
}

// The most by which one step can stretch.
function boundText({ activation }, { largest, bound }) {
  return activation === "sigmoid" ? `sₘₐₓ(W) / 4 = ${digits(bound)}` : `sₘₐₓ(W) = ${digits(largest)}`;
}

function productText(t) {
  return ["", "J₁", "J₁ J₂"][t] ?? `J₁ ⋯ J${subscript(t)}`;
}

function slopeText(slopes, t) {
  return digits(Math.max(slopes[2 * t - 2], slopes[2 * t - 1]), 3, 0);
}

// Where the orbit has been stretched much, only the first digits are sure.
function sizeText(logarithm, n) {
  return powerOfTen(logarithm, logarithm > ROUGH ? 2 : n);
}

// ---- Prediction and goal ----------------------------------------------------------------------------------------------

export function outcome(state, { course: { kind } }) {
  return { falls: 0, dead: 0, hump: 1, grows: 2, lost: 2, keeps: 3 }[kind];
}

export const goals = {
  "explodes-with-small-rho": ({ T }, { largest, weights }) => {
    if (T < LAG) return [false, `T is ${T}: lag ${LAG} is not reached.`];
    const size = largest[LAG] > LOST ? "more than 10¹²" : sizeText(largest[LAG], 3);
    return [weights.radius < 1 - EQUAL && largest[LAG] > 4, `${radiusText(weights)}, and ${normText(LAG)} is ${size}.`];
  },
};

// ---- The drawing --------------------------------------------------------------------------------------------------------

const SIDE_BY_SIDE = 560; // px of width from which W stands beside the product
const HEIGHT = 300;
const WEIGHTS = 230; // px for W, its eigenvalues and its singular values
const RIGHT = 66; // px for the lines' names
const LEFT = 50;

export function render({ model, el }) {
  return mountExplorer({ model, el, spec, compute, describe, outcome, goals, view });
}

function view({ figure, redraw, getState }) {
  const growth = makePanel(figure, "Singular values of the product against the lag");
  const weights = makePanel(figure, "W, its eigenvalues and its singular values");
  const slopes = makePanel(figure, "The slopes φ′ of both units over time");
  const arithmetic = html("p", { class: "rnn-arithmetic" });
  figure.after(arithmetic);
  const reading = { t: 9 };
  const scales = {};
  const read = (t) => {
    reading.t = Math.min(getState().T, Math.max(1, Math.round(t)));
    redraw();
  };
  const pick = svg("rect", { class: "rnn-pick" });
  growth.front.append(pick);
  onDrag(growth, pick, (x) => read(scales.time.invert(x)));
  const handle = makeHandle(growth, { name: "lag t to read", fill: "ink", radius: 5, min: 1, max: 100, step: 1, valueAt: (x) => scales.time.invert(x), write: read });

  function draw(state, result, width) {
    const { T } = state;
    reading.t = Math.min(reading.t, T);
    layOut(width);
    Object.assign(scales, growthScales(growth, result, T));
    drawGrowth(growth, scales, linesOf(state, result), reading.t);
    drawSlopes(slopes, scales.time, state, result, reading.t);
    drawWeights(weights, state, result);
    handle.setRange(1, T);
    handle.place(scales.time(reading.t), growth.bottom, reading.t, `lag ${reading.t}, norm ${powerOfTen(result.largest[reading.t])}`);
    for (const [name, value] of Object.entries({ x: growth.left, y: growth.top, width: growth.right - growth.left, height: growth.bottom - growth.top })) pick.setAttribute(name, value);
    arithmetic.textContent = arithmeticOf(result, reading.t);
  }

  function layOut(width) {
    const beside = width >= SIDE_BY_SIDE;
    const wide = beside ? Math.floor(width * 0.66) : width;
    growth.resize(wide, HEIGHT, { left: LEFT, right: RIGHT, top: 14, bottom: 40 });
    weights.resize(beside ? width - wide : width, WEIGHTS, { left: beside ? 44 : LEFT, right: 12, top: 14, bottom: 40 });
    slopes.resize(wide, 120, { left: LEFT, right: RIGHT, top: 14, bottom: 38 });
  }
  return { draw };
}

// The product's singular values, and what powers of ρ and of the bound would be.
function linesOf({ activation, T }, { largest, smallest, weights: { radius, bound } }) {
  const powers = (base) => Array.from({ length: T + 1 }, (_, t) => (t === 0 ? 0 : t * Math.log10(base)));
  const most = activation === "sigmoid" ? "(s_{max}(W)/4)^t" : "s_{max}(W)^t";
  return [
    { values: powers(bound), name: most, stroke: "axis", width: 1.5, dash: "2 3" },
    { values: powers(radius), name: "ρ(W)^t", stroke: "axis", width: 1.5, dash: "7 4" },
    { values: smallest, name: "s_{min}", stroke: "grad", width: 1.3, dash: "4 2" },
    { values: largest, name: "s_{max}", stroke: "grad", width: 2.4 },
  ];
}

function drawSlopes(panel, time, { activation, T }, { slopes }, t) {
  const top = activation === "sigmoid" ? 0.25 : 1;
  const up = linear([0, top], [panel.bottom, panel.top]);
  panel.clear();
  axisX(panel, time, { name: "t", ticks: time.ticks(5).filter(Number.isInteger) });
  axisY(panel, up, { ticks: [0, top] });
  const ends = [0, 1].map((unit) => {
    const points = Array.from({ length: T }, (_, k) => [time(k + 1), up(slopes[2 * k + unit])]);
    line(panel, points, { stroke: "h", width: unit ? 1.3 : 1.8, dash: unit ? "4 2" : null });
    dot(panel, points[t - 1], { fill: "h", radius: 3.5, hollow: unit === 1 });
    return points[T - 1][1];
  });
  const order = ends[0] <= ends[1] ? [0, 1] : [1, 0];
  const first = Math.min(ends[order[0]] + 4, panel.bottom - 14);
  const places = [first, Math.max(first + 16, ends[order[1]] + 4)];
  order.forEach((unit, k) => label(panel, [panel.right + 6, places[k]], `φ′(a_{t,${unit + 1}})`, { fill: "h", size: 12 }));
}

// W as a matrix; below it the absolute values of its eigenvalues and its singular values, each against its own limit.
function drawWeights(panel, { activation }, { weights: { W, eigen, radius, largest, smallest } }) {
  const limit = 1 / MAX_SLOPE[activation];
  const across = linear([0, roundUp(Math.max(1.5 * limit, largest * 1.05))], [panel.left, panel.right]);
  const rows = [panel.bottom - 78, panel.bottom - 24];
  panel.clear();
  drawMatrix(panel, W);
  axisX(panel, across, { ticks: across.ticks(4) });
  drawRow(panel, across, rows[0], "|λ|", eigen.map(([real, imaginary]) => Math.hypot(real, imaginary)), 1, "ink");
  label(panel, [panel.right, rows[0] - 14], `λ = ${eigenvaluesText(eigen)}`, { anchor: "end", size: 12 });
  drawRow(panel, across, rows[1], "s", [largest, smallest], limit, "grad");
  label(panel, [panel.right, rows[1] - 14], `s = ${digits(largest)} and ${digits(smallest)}`, { anchor: "end", fill: "grad", size: 12 });
}

function drawRow(panel, across, y, name, values, limit, fill) {
  label(panel, [panel.left - 12, y + 4], name, { anchor: "end", fill });
  segment(panel, [panel.left, y], [panel.right, y], { stroke: "grid", width: 1 });
  segment(panel, [across(limit), y - 9], [across(limit), y + 9], { stroke: "axis", width: 1.5 });
  for (const value of values) dot(panel, [across(value), y], { fill, radius: 5, hollow: fill === "ink" });
}

function drawMatrix(panel, W) {
  const texts = W.map((value) => digits(value));
  const [left, top, column] = [panel.left + 26, panel.top + 20, 58];
  const right = left + 2 * column + 6;
  label(panel, [left - 10, top + 16], "W =", { anchor: "end", halo: false });
  for (const [x, inward] of [[left, 5], [right, -5]]) line(panel, [[x + inward, top - 14], [x, top - 14], [x, top + 34], [x + inward, top + 34]], { width: 1.2 });
  texts.forEach((text, k) => label(panel, [left + (1 + (k % 2)) * column - 4, top + (k < 2 ? 4 : 26)], text, { anchor: "end", plain: true, halo: false }));
}

// One step in numbers, and the product up to it.
export function arithmeticOf({ weights: { W }, slopes, products, largest, smallest }, t) {
  const pair = [slopes[2 * t - 2], slopes[2 * t - 1]];
  const factor = `J${subscript(t)} = W diag(φ′(a${subscript(t)})) = ${matrixText(W)} diag(${pair.map((one) => digits(one, 3, 0)).join(", ")}) = ${matrixText(scaleColumns(W, ...pair))}.`;
  return `${factor} ${productText(t)} = ${scaledText(products[t])}, with sₘₐₓ = ${powerOfTen(largest[t], 5)} and sₘᵢₙ = ${powerOfTen(smallest[t])}.`;
}

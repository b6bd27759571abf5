// What does a two-unit net do with where it starts? The plane of its states: fixed points, an orbit, and a circle of
// starts carried forward beside the ellipse that J_1 ⋯ J_t makes of it. The pure part is phase_plane.py's, line for
// line; a test holds them equal.

import { makeGenerator, rnnForward } from "./engine.js";
import { digits, subscript } from "./format.js";
import { eigenvalues, eigenvaluesText, jacobianProducts, matrixText, powerOfTen, scaleColumns, scaledText, slope } from "./linear.js";
import { drawGrowth, growthScales, normText } from "./jacobian-product-chart.js";
import { axisX, axisY, dot, dots, line, linear, makeHandle, makePanel, label, onDrag, svg } from "./plot.js";
import { html, mountExplorer } from "./controls.js";
import { spec } from "./phase-plane.spec.js";

const GRID = 14; // Newton starts from 15 × 15 places
const NEWTON = 50; // steps at most
const LEAP = 0.5; // the longest of them
const SOLVED = 1e-12; // h moves by less in one step: a fixed point
const ROUNDING = 1e-15; // what is left of a solution's last step
const TINY = 1e-300; // in place of 0 where something is divided by it
const SAME = 1e-3; // solutions this near to each other are one
const EVEN = 1e-6; // first units this near to each other count as equal where points are put in order
const MARGINAL = 1e-6; // |λ| this near to 1 counts as 1
const LONG = 2000; // steps after which h has gone where it goes
const LOST = 12; // decades of growth after which the rounding of h_0 is as large as h
const NEAR = 0.3; // a saddle this near to the orbit has had its part in it
const ROUND = 48; // starts on the circle
const TOLD = 0.5; // decades of growth on the way that are worth a word
const TORN = 0.3; // a start this far from the middle one has gone elsewhere

// ---- The numbers -------------------------------------------------------------------------------------------------

export function recurrentWeights({ g, m11, m12, m21, m22 }) {
  return [g * m11, g * m12, g * m21, g * m22];
}

export function inputs({ input, T, seed }) {
  const generator = makeGenerator(seed);
  const rules = { none: () => 0, pulse: (k) => (k === 0 ? 1 : 0), noise: () => generator.normal() };
  return Float64Array.from({ length: T }, (_, k) => rules[input](k));
}

export function compute(state) {
  const { b1, b2, u1, u2, start1, start2 } = state;
  const W = recurrentWeights(state);
  const net = { D: 1, H: 2, activation: "tanh", params: { W_xh: [u1, u2], W_hh: W, b_h: [b1, b2] } };
  const x = inputs(state);
  const { h, a } = rnnForward(net, x, [start1, start2]);
  const points = fixedPoints(W, [b1, b2]);
  const starts = carried(state, net, x);
  const result = { W, x, h, points, starts, ...jacobianProducts(W, a.map((value) => slope("tanh", value))) };
  return { ...result, fate: fateOf(state, result) };
}

// The starts on the circle, each with its states at t = 0 … T.
function carried({ start1, start2, radius }, net, x) {
  return Array.from({ length: ROUND }, (_, k) => {
    const angle = (2 * Math.PI * k) / ROUND;
    return rnnForward(net, x, [start1 + radius * Math.cos(angle), start2 + radius * Math.sin(angle)]).h;
  });
}

// One step without input.
function stepFrom([a, b, c, d], [b1, b2], [h1, h2]) {
  return [Math.tanh(h1 * a + h2 * c + b1), Math.tanh(h1 * b + h2 * d + b2)];
}

// ---- Fixed points: Newton's method from a grid ------------------------------------------------------------------------

// All h = tanh(h W + b), ordered by their first unit, each with the eigenvalues of its Jacobian.
export function fixedPoints(W, bias) {
  const found = [];
  for (let i = 0; i <= GRID; i++) {
    for (let j = 0; j <= GRID; j++) {
      const solution = newton(W, bias, [(2 * i - GRID) / GRID, (2 * j - GRID) / GRID]);
      if (solution.gap < SOLVED) keepBest(found, solution);
    }
  }
  const order = (one, other) => Math.round(one.h[0] / EVEN) - Math.round(other.h[0] / EVEN) || one.h[1] - other.h[1];
  return found.sort(order).map(({ h }) => classified(W, bias, h));
}

function newton(W, bias, start) {
  let h = start;
  for (let k = 0; k < NEWTON; k++) {
    const [move1, move2] = newtonStep(W, bias, h);
    if (move1 === 0 && move2 === 0) break;
    h = [h[0] + move1, h[1] + move2];
  }
  return { h, gap: distance(stepFrom(W, bias, h), h) };
}

// dh (J − I) = h − tanh(h W + b), no leap longer than LEAP; 0 where h is a solution or J − I singular.
function newtonStep(W, bias, h) {
  const after = stepFrom(W, bias, h);
  const [g1, g2] = [after[0] - h[0], after[1] - h[1]];
  const [a, q, r, d] = scaleColumns(W, 1 - after[0] * after[0], 1 - after[1] * after[1]);
  const [p, s] = [a - 1, d - 1];
  const det = p * s - q * r;
  if (Math.max(Math.abs(g1), Math.abs(g2)) < ROUNDING || det === 0) return [0, 0];
  const [move1, move2] = [(g2 * r - g1 * s) / det, (g1 * q - g2 * p) / det];
  const share = Math.min(1, LEAP / Math.max(Math.abs(move1), Math.abs(move2), TINY));
  return [share * move1, share * move2];
}

function keepBest(found, solution) {
  const at = found.findIndex(({ h }) => Math.max(Math.abs(h[0] - solution.h[0]), Math.abs(h[1] - solution.h[1])) < SAME);
  if (at < 0) found.push(solution);
  else if (solution.gap < found[at].gap) found[at] = solution;
}

function classified(W, bias, h) {
  const [h1, h2] = stepFrom(W, bias, h);
  const eigen = eigenvalues(scaleColumns(W, 1 - h1 * h1, 1 - h2 * h2));
  const sizes = eigen.map(([real, imaginary]) => Math.hypot(real, imaginary));
  const [small, large] = [Math.min(...sizes), Math.max(...sizes)];
  const sure = sizes.every((size) => Math.abs(size - 1) > MARGINAL);
  const kind = !sure ? "marginal" : large < 1 ? "stable" : small > 1 ? "unstable" : "saddle";
  return { h, eigen, large, kind };
}

// ---- Where h goes from h_T on, without input --------------------------------------------------------------------------

function fateOf(state, { W, h, points, largest }) {
  const { b1, b2, T, input } = state;
  if (input === "noise") return { kind: "driven" };
  const step = (from) => stepFrom(W, [b1, b2], from);
  let far = [h[2 * T], h[2 * T + 1]];
  for (let k = 0; k < LONG; k++) {
    const next = step(far);
    if (distance(far, next) < ROUNDING) break;
    far = next;
  }
  const next = step(far);
  const point = nearest(points, far);
  if (point && distance(far, next) < 1e-9) return { kind: point.kind === "stable" ? "settles" : point.kind === "marginal" ? "slows" : "stays", point };
  if (distance(far, step(next)) < 1e-9) return { kind: "swings", pair: far[0] <= next[0] ? [far, next] : [next, far] };
  if (point && distance(far, point.h) < 0.1 && point.large < 1 + MARGINAL) return { kind: point.kind === "stable" ? "settles" : "slows", point };
  return { kind: "roams", chaotic: largest[T] > 3 };
}

function distance([a1, a2], [b1, b2]) {
  return Math.max(Math.abs(a1 - b1), Math.abs(a2 - b2));
}

function nearest(points, h) {
  return points.reduce((best, one) => (best && distance(best.h, h) <= distance(one.h, h) + 1e-9 ? best : one), null);
}

// ---- The sentence: what is to be seen, and what it means ------------------------------------------------------------

export function describe(state, result) {
  return `${opening(state, result)}${SENTENCES[result.fate.kind](state, result)} ${circleText(state, result)}`;
}

const SENTENCES = {
  settles(state, { points, fate: { point } }) {
    const others = points.filter((one) => one.kind === "stable" && one !== point);
    const arrives = `goes to the stable fixed point ${pointText(point.h)}, where the larger |λ| is ${digits(point.large)}: in the end nearby states draw together.`;
    if (others.length === 0) return `${arrives} No other fixed point is stable: nothing of the start is kept.`;
    return `${arrives} Other starts end at ${pointText(others[0].h)}${others.length > 1 ? ` or ${others.length - 1} more` : ""}: h remembers which, and for that the gradient vanishes.`;
  },
  slows: (state, { fate: { point } }) => `goes to the fixed point ${pointText(point.h)} ever more slowly: there the larger |λ| is 1.`,
  stays: (state, { fate: { point } }) => `ends on the ${point.kind === "saddle" ? "saddle" : "unstable fixed point"} ${pointText(point.h)}, where the larger |λ| is ${digits(point.large)}: the smallest push sends it away.`,
  swings: (state, { fate: { pair } }) => `swings between ${pointText(pair[0])} and ${pointText(pair[1])}: period two.`,
  roams(state, { points, fate: { chaotic } }) {
    if (chaotic) return "never comes to rest, and starts that were close part: the net is chaotic.";
    const around = points.find((one) => one.kind === "unstable");
    return around ? `goes round the fixed point ${pointText(around.h)} and never comes to rest: |λ| = ${digits(around.large)} there pushes it out, and tanh bends it back.` : "never comes to rest.";
  },
  driven: () => "is driven about by noise, and no fixed point holds it.",
};

function opening({ input }, { h }) {
  return input === "pulse" ? `The pulse takes h from ${pointText([h[0], h[1]])} to ${pointText([h[2], h[3]])} at t = 1; from there h ` : `From ${pointText([h[0], h[1]])} h `;
}

// What has become of the circle of starts, and on the way.
function circleText(state, result) {
  const { h, points, largest } = result;
  const lost = largest.findIndex((value) => value > LOST);
  if (lost >= 0) return `‖∂hₜ/∂h₀‖ passes 10¹² at t = ${lost}: an error of rounding in h₀ decides the rest.`;
  const peak = largest.reduce((best, value, t) => (value > largest[best] + 1e-9 ? t : best), 0);
  const now = ellipseText(state, result);
  if (largest[peak] < TOLD || peak === state.T) return `At t = ${state.T} ${now}`;
  return `${normText(peak)} is ${powerOfTen(largest[peak], largest[peak] > 6 ? 2 : 3)}${passing(h, points, peak)}; at t = ${state.T} ${now}`;
}

function ellipseText({ radius, T }, { h, largest, smallest, starts }) {
  const logs = [largest[T], smallest[T]].map((value) => Math.log10(radius) + value);
  const axes = logs.map((one) => powerOfTen(one, largest[T] > 6 ? 2 : 3)).join(" and ");
  const now = `the product of the Jacobians makes of the circle of radius ${digits(radius)} an ellipse with half-axes ${axes}`;
  const away = Math.max(...starts.map((start) => distance(start.slice(2 * T), h.slice(2 * T))));
  return away > TORN && away > 10 * 10 ** logs[0] ? `${now}, but it is too wide for that: some of its starts end elsewhere.` : `${now}.`;
}

function passing(h, points, peak) {
  const gap = (point) => Math.min(...Array.from({ length: peak + 1 }, (_, t) => distance(point.h, [h[2 * t], h[2 * t + 1]])));
  const saddle = points.find((one) => one.kind === "saddle" && gap(one) < NEAR);
  return saddle ? `, for the saddle ${pointText(saddle.h)} drives starts apart` : "";
}

function pointText([h1, h2]) {
  return `(${digits(h1)}, ${digits(h2)})`;
}

// ---- Prediction and goal ----------------------------------------------------------------------------------------------

export function outcome({ T }, { largest }) {
  if (largest[T] < -1) return Math.max(...largest) > 0.1 ? 1 : 0;
  return largest[T] > 2 ? 2 : 3;
}

export const goals = {
  latch: ({ b1, b2 }, { points }) => {
    const stable = points.filter((one) => one.kind === "stable").map((one) => pointText(one.h));
    if (stable.length < 2) return [false, `stable fixed points: ${stable.length}.`];
    if (b1 === 0 && b2 === 0) return [false, `stable fixed points: ${stable.length}, but the bias is 0.`];
    return [true, `it can stay at ${stable.join(" or at ")}.`];
  },
};

// ---- The circle carried forward ------------------------------------------------------------------------------------------

function loopAt(starts, t) {
  return [...starts, starts[0]].map((h) => [h[2 * t], h[2 * t + 1]]);
}

// The ellipse h_t + r (cos, sin) J_1 ⋯ J_t.
export function ellipseAt({ radius }, { h, products }, t) {
  const { matrix, power } = products[t];
  const [a, b, c, d] = matrix.map((value) => value * 2 ** power * radius);
  return Array.from({ length: ROUND + 1 }, (_, k) => {
    const angle = (2 * Math.PI * k) / ROUND;
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return [h[2 * t] + cos * a + sin * c, h[2 * t + 1] + cos * b + sin * d];
  });
}

// ---- The drawing --------------------------------------------------------------------------------------------------------

const SIDE_BY_SIDE = 560; // px of width from which the panels stand side by side
const BOUND = 1.15; // half the width of the plane
const ARROWS = 12; // 13 × 13 of them
const STRETCH = 0.4; // of the displacement that an arrow shows

export function render({ model, el }) {
  return mountExplorer({ model, el, spec, compute, describe, outcome, goals, view });
}

function view({ figure, set, redraw, getState }) {
  const plane = makePanel(figure, "The plane of states");
  const growth = makePanel(figure, "Singular values of ∂hₜ/∂h₀ over time");
  const arithmetic = html("p", { class: "rnn-arithmetic" });
  const list = html("p", { class: "rnn-arithmetic" });
  figure.after(arithmetic, list);
  const reading = { t: null }; // null: the last step
  const scales = {};
  const read = (t) => {
    reading.t = Math.min(getState().T, Math.max(1, Math.round(t)));
    redraw();
  };
  const pick = svg("rect", { class: "rnn-pick" });
  growth.front.append(pick);
  onDrag(growth, pick, (x) => read(scales.time.invert(x)));
  const step = makeHandle(growth, { name: "step t to read", fill: "ink", radius: 5, min: 1, max: 60, step: 1, valueAt: (x) => scales.time.invert(x), write: read });
  const start = makeStart(plane, scales, set, getState);

  function draw(state, result, width) {
    const t = Math.min(reading.t ?? state.T, state.T);
    layOut(width);
    Object.assign(scales, growthScales(growth, result, state.T));
    drawPlane(plane, scales, state, result, t);
    drawGrowth(growth, scales, [{ values: result.smallest, name: "s_{min}", stroke: "grad", width: 1.3, dash: "4 2" }, { values: result.largest, name: "s_{max}", stroke: "grad", width: 2.4 }], t, { name: "t" });
    start.place(scales.across(state.start1), scales.level(state.start2), state.start1, `h₀ = ${pointText([state.start1, state.start2])}`);
    step.setRange(1, state.T);
    step.place(scales.time(t), growth.bottom, t, `t = ${t}, norm ${powerOfTen(result.largest[t])}`);
    for (const [name, value] of Object.entries({ x: growth.left, y: growth.top, width: growth.right - growth.left, height: growth.bottom - growth.top })) pick.setAttribute(name, value);
    arithmetic.textContent = arithmeticOf(state, result, t);
    list.textContent = pointsText(result);
  }

  function layOut(width) {
    const beside = width >= SIDE_BY_SIDE;
    const size = beside ? Math.min(400, Math.floor(width * 0.56)) : Math.min(width, 400);
    plane.resize(size, size + 4, { left: 40, right: 14, top: 14, bottom: 44 });
    growth.resize(beside ? width - size : width, beside ? size + 4 : 220, { left: 54, right: 46, top: 14, bottom: 44 });
    scales.across = linear([-BOUND, BOUND], [plane.left, plane.right]);
    scales.level = linear([-BOUND, BOUND], [plane.bottom, plane.top]);
  }
  return { draw };
}

// h_0 as a point that is dragged in the plane; left and right move its first unit, up and down its second.
function makeStart(plane, scales, set, getState) {
  const { min, max, step } = spec.controls.find((control) => control.name === "start1");
  const hold = (value) => Math.min(max, Math.max(min, Number((Math.round(value / step) * step).toPrecision(12))));
  let second = 0;
  const valueAt = (x, y) => {
    second = scales.level.invert(y);
    return scales.across.invert(x);
  };
  const handle = makeHandle(plane, { name: "start h₀: left and right for unit 1, up and down for unit 2", fill: "h", min, max, step, valueAt, write: (first) => set({ start1: first, start2: hold(second) }) });
  const moves = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
  handle.root.addEventListener("keydown", (event) => {
    second = getState().start2;
    if (!(event.key in moves)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    set({ start2: hold(second + moves[event.key] * step) });
  }, true);
  return handle;
}

function drawPlane(panel, { across, level }, state, result, t) {
  const at = ([h1, h2]) => [across(h1), level(h2)];
  const { h, points } = result;
  panel.clear();
  axisX(panel, across, { name: "h_{t,1}", ticks: [-1, 0, 1] });
  axisY(panel, level, { name: "h_{t,2}", ticks: [-1, 0, 1] });
  drawArrows(panel, at, state, result);
  const orbit = Array.from({ length: state.T + 1 }, (_, k) => at([h[2 * k], h[2 * k + 1]]));
  line(panel, orbit, { stroke: "h", width: 1, opacity: 0.6 });
  drawLoops(panel, at, state, result.starts, t);
  dots(panel, orbit, { fill: "h", radius: 2 });
  for (const part of within(ellipseAt(state, result, t))) line(panel, part.map(at), { stroke: "grad", width: 1.8, dash: "5 3" });
  for (const point of points) drawFixedPoint(panel, at(point.h), point, points.length <= 5);
}

// The circle of starts at each step, as one mark of every second start; those at t and at the start stand out.
function drawLoops(panel, at, { T }, starts, t) {
  const half = starts.filter((_, k) => k % 2 === 0);
  let path = "";
  for (let k = 1; k <= T; k++) {
    const loop = loopAt(half, k).map(at);
    if (extent(loop) > 1) path += `M${loop.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}`;
  }
  panel.marks.append(svg("path", { d: path, fill: "none", "stroke-width": 0.8, style: "stroke: var(--rnn-h)", opacity: 0.5 }));
  for (const [k, width] of [[0, 1], [t, 2]]) line(panel, loopAt(starts, k).map(at), { stroke: "h", width });
}

function extent(loop) {
  const [x, y] = loop[0];
  return Math.max(...loop.map(([otherX, otherY]) => Math.max(Math.abs(otherX - x), Math.abs(otherY - y))));
}

// The parts of a curve that lie in the drawing.
function within(curve) {
  const parts = [[]];
  for (const point of curve) {
    if (Math.max(...point.map(Math.abs)) <= BOUND) parts[parts.length - 1].push(point);
    else if (parts[parts.length - 1].length) parts.push([]);
  }
  return parts.filter((part) => part.length > 1);
}

// From places on a grid towards where one step without input takes them: a part of the way.
function drawArrows(panel, at, { b1, b2 }, { W }) {
  const cell = (panel.right - panel.left) / (ARROWS + 1);
  let path = "";
  for (let i = 0; i <= ARROWS; i++) {
    for (let j = 0; j <= ARROWS; j++) {
      const from = [(2 * i - ARROWS) / ARROWS, (2 * j - ARROWS) / ARROWS].map((value) => value * 1.05);
      path += arrow(at(from), at(stepFrom(W, [b1, b2], from)), cell);
    }
  }
  panel.marks.append(svg("path", { d: path, fill: "none", "stroke-width": 1, style: "stroke: var(--rnn-axis)", opacity: 0.75 }));
}

function arrow([x, y], [toX, toY], cell) {
  const length = Math.hypot(toX - x, toY - y);
  const share = Math.min(STRETCH, (0.85 * cell) / (length || 1));
  const [dx, dy] = [(toX - x) * share, (toY - y) * share];
  const head = Math.min(4, 0.4 * length * share);
  const [ux, uy] = [dx / (length * share || 1), dy / (length * share || 1)];
  const [tipX, tipY] = [x + dx, y + dy];
  const wing = (side) => `${(tipX - head * ux + side * 0.6 * head * uy).toFixed(1)} ${(tipY - head * uy - side * 0.6 * head * ux).toFixed(1)}`;
  return `M${x.toFixed(1)} ${y.toFixed(1)}L${tipX.toFixed(1)} ${tipY.toFixed(1)}M${wing(1)}L${tipX.toFixed(1)} ${tipY.toFixed(1)}L${wing(-1)}`;
}

function drawFixedPoint(panel, [x, y], { kind }, named) {
  dot(panel, [x, y], { radius: 5, hollow: kind !== "stable", width: 1.8 });
  if (kind === "saddle") for (const side of [-1, 1]) line(panel, [[x - 3.5, y - 3.5 * side], [x + 3.5, y + 3.5 * side]], { width: 1.5 });
  if (kind === "marginal") dot(panel, [x, y], { radius: 2 });
  if (!named) return;
  const left = x > panel.right - 60;
  label(panel, [x + (left ? -9 : 9), y + 16], kind, { plain: true, size: 12, anchor: left ? "end" : "start" });
}

// One step in numbers, and the product up to it.
export function arithmeticOf({ b1, b2, u1, u2, input }, { W, h, x, products }, t) {
  const [before, now] = [[h[2 * t - 2], h[2 * t - 1]], [h[2 * t], h[2 * t + 1]]];
  const push = input === "none" ? "" : ` + ${digits(x[t - 1])} (${digits(u1)}, ${digits(u2)})`;
  const name = ["", "J₁", "J₁ J₂"][t] ?? `J₁ ⋯ J${subscript(t)}`;
  return `h${subscript(t)} = tanh(${pointText(before)} ${matrixText(W)} + ${pointText([b1, b2])}${push}) = ${pointText(now)}; ∂h${subscript(t)}/∂h₀ = ${name} = ${scaledText(products[t])}.`;
}

export function pointsText({ points }) {
  const one = ({ h, eigen, kind }) => `${pointText(h)} ${kind}, λ = ${eigenvaluesText(eigen)}`;
  return `Without input: ${points.map(one).join("; ")}.`;
}

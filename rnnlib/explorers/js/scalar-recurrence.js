// Where does h go? One unit, h_t = φ(w h_{t−1} + u x_t + b): its cobweb, its fixed points, its course over time.
// The pure part is scalar_recurrence.py's, line for line; a test holds them equal.

import { PHI, PHI_PRIME, makeGenerator, rnnBackward, rnnForward } from "./engine.js";
import { digits, subscript } from "./format.js";
import { axisX, axisY, bars, dot, dots, label, linear, line, makeHandle, makePanel, onDrag, roundUp, segment, svg } from "./plot.js";
import { html, mountExplorer } from "./controls.js";
import { spec } from "./scalar-recurrence.spec.js";

const MARGINAL = 1e-9; // |slope| this near to 1 counts as 1
const LONG = 10000; // steps after which h has gone where it goes

// ---- The numbers -------------------------------------------------------------------------------------------------

export function inputs({ input, T, seed }) {
  const generator = makeGenerator(seed);
  const rules = {
    none: () => 0,
    pulse: (k) => (k === 0 ? 1 : 0),
    steps: (k) => [0, 1, 0, 0, 0, -1, 0, 0][Math.floor((k * 8) / T)],
    noise: () => generator.normal(),
  };
  return Float64Array.from({ length: T }, (_, k) => rules[input](k));
}

export function compute(state) {
  const { w, u, b, h0, activation, T } = state;
  const net = { D: 1, H: 1, activation, params: { W_xh: [u], W_hh: [w], b_h: [b] } };
  const x = inputs(state);
  const trace = rnnForward(net, x, [h0]);
  const fixed = fixedPoints(state);
  const sensitivity = rnnBackward(net, trace, null, [1]).h[0]; // ∂h_T/∂h_0
  return { x, h: trace.h, a: trace.a, fixed, sensitivity, fate: fateOf(state, trace.h[T], fixed) };
}

// All h = φ(w h + b), from the lowest up, each with the curve's slope there; `every` if they fill a line.
export function fixedPoints({ w, b, activation }) {
  const every = w === 1 && b === 0 && (activation === "identity" || activation === "relu");
  const find = { tanh: bentPoints, sigmoid: bentPoints, identity: straightPoints, relu: kinkedPoints }[activation];
  return { every, points: every ? [] : find(w, b, activation).map((h) => withSlope(h, slopeAt(w, b, h, activation))) };
}

function withSlope(h, slope) {
  const size = Math.abs(slope);
  return { h, slope, kind: Math.abs(size - 1) < MARGINAL ? "marginal" : size < 1 ? "stable" : "unstable" };
}

// At relu's kink the slope is the one to the right, where its states are.
function slopeAt(w, b, h, activation) {
  const a = w * h + b;
  if (activation === "relu") return a > 0 ? w : a < 0 ? 0 : Math.max(w, 0);
  return w * PHI_PRIME[activation](a, PHI[activation](a));
}

function straightPoints(w, b) {
  return w === 1 ? [] : [b / (1 - w)];
}

function kinkedPoints(w, b) {
  const bent = b <= 0 ? [0] : [];
  const straight = w === 1 ? NaN : b / (1 - w);
  return straight > 0 ? [...bent, straight] : bent;
}

// tanh and sigmoid: between the places where the curve runs parallel to the diagonal, φ(w h + b) − h goes one way,
// so it vanishes at most once, and bisection finds it.
function bentPoints(w, b, activation) {
  const gap = (h) => PHI[activation](w * h + b) - h;
  const low = activation === "tanh" ? -1 : 0;
  const edges = [low, ...parallels(w, b, activation).filter((h) => low < h && h < 1), 1];
  const points = [];
  for (let k = 1; k < edges.length; k++) {
    const root = bisect(gap, edges[k - 1], edges[k]);
    if (root !== null && !points.some((h) => Math.abs(h - root) < 1e-7)) points.push(root);
  }
  return points;
}

function parallels(w, b, activation) {
  const [steepest, stretch] = activation === "tanh" ? [1, 1] : [0.25, 2];
  if (w * steepest <= 1) return [];
  const a = stretch * Math.acosh(Math.sqrt(w * steepest));
  return [(-a - b) / w, (a - b) / w];
}

function bisect(gap, from, to) {
  let [low, high] = [from, to];
  if (gap(low) === 0) return low;
  if (gap(high) === 0) return high;
  if (gap(low) > 0 === gap(high) > 0) return null;
  for (let k = 0; k < 100; k++) {
    const middle = 0.5 * (low + high);
    const value = gap(middle);
    if (value === 0) return middle;
    if (value > 0 === gap(low) > 0) low = middle;
    else high = middle;
  }
  return 0.5 * (low + high);
}

// Where h goes from h_T on, without input: { kind, … }.
export function fateOf({ w, b, activation, input }, last, { every, points }) {
  if (input === "noise") return { kind: "driven" };
  if (every) return { kind: "keeps" };
  const step = (h) => PHI[activation](w * h + b);
  let far = last;
  for (let k = 0; k < LONG && Math.abs(far) < 1e9; k++) far = step(far);
  if (points.length === 0 || !(Math.abs(far) < 1e9)) return { kind: "grows" };
  const next = step(far);
  const size = Math.max(1, Math.abs(far));
  if (Math.abs(step(next) - far) < 1e-9 * size && Math.abs(next - far) > 1e-6 * size) {
    return { kind: "swings", low: Math.min(far, next), high: Math.max(far, next), point: nearest(points, 0.5 * (far + next)) };
  }
  const point = nearest(points, far);
  const distance = Math.abs(far - point.h);
  if (distance < 1e-3 * size) return { kind: point.kind === "unstable" ? "stays" : "settles", point };
  return point.kind === "marginal" && distance < 0.1 ? { kind: "settles", point } : { kind: "moves" };
}

function nearest(points, h) {
  return points.reduce((best, one) => (Math.abs(one.h - h) < Math.abs(best.h - h) ? one : best));
}

// ---- The sentence: what is to be seen, and what it means ------------------------------------------------------------

export function describe(state, result) {
  return SENTENCES[result.fate.kind](state, result);
}

const SENTENCES = {
  settles: (state, result) => `${opening(state, result)}${arrival(state, result)} ${meaning(state, result)}`,
  stays(state, result) {
    const { h, slope } = result.fate.point;
    return `${opening(state, result)}stays at the fixed point ${digits(h)}, but the slope there is ${digits(slope)}: |slope| > 1, so the smallest push sends it away.`;
  },
  swings(state, result) {
    const { low, high, point } = result.fate;
    const size = point.kind === "marginal" ? "|slope| = 1 keeps its distance" : "|slope| > 1 throws it out";
    return `${opening(state, result)}swings between ${digits(low)} and ${digits(high)} for ever: period two. The slope at the fixed point ${digits(point.h)} between them is ${digits(point.slope)}: the minus sign throws h across, and ${size}.`;
  },
  grows(state, result) {
    const { w, b, T } = state;
    const runs = `${opening(state, result)}runs away: ${digits(result.h[T])} at t = ${T}, and on without bound.`;
    if (result.fixed.points.length === 0) return `${runs} Every step adds b = ${digits(b)}, and there is no fixed point to stop at.`;
    const point = result.fixed.points[result.fixed.points.length - 1];
    return `${runs} The slope is ${digits(w)}: |slope| > 1, so every step stretches the distance to the fixed point ${digits(point.h)}, and nothing bends the line back.`;
  },
  keeps(state, result) {
    return `${opening(state, result)}keeps ${digits(result.h[state.T])} for ever: with slope 1 and no bias every h is a fixed point.`;
  },
  driven(state, { h, sensitivity }) {
    const size = Math.abs(sensitivity);
    const effect = size < 0.01 ? "the start is forgotten, only late inputs count" : size <= 1 ? "the start still shows" : "a small change of the start has grown";
    return `Noise drives h about, between ${digits(Math.min(...h))} and ${digits(Math.max(...h))}. A change of h₀ reaches h${subscript(state.T)} multiplied by ${digits(sensitivity, 3, 0)}: ${effect}.`;
  },
  moves: (state, result) => `${opening(state, result)}is at ${digits(result.h[state.T])} after ${state.T} steps and still on its way.`,
};

function opening({ input }, { h }) {
  if (input === "pulse") return `The pulse takes h from ${digits(h[0])} to ${digits(h[1])} at t = 1; from there h `;
  return input === "steps" ? "A push up, then a push down; after the last h " : "h ";
}

function arrival({ input, h0, T }, { h, fate: { point } }) {
  const there = Math.abs(h[T] - point.h) < 0.01;
  const late = there ? "." : `, and is at ${digits(h[T])} after ${T} steps.`;
  if (input !== "none") return `goes to the fixed point ${digits(point.h)}${late}`;
  if (Math.abs(h0 - point.h) < 5e-4) return `stays at the fixed point ${digits(point.h)}.`;
  return `goes from ${digits(h0)} to the fixed point ${digits(point.h)}${late}`;
}

function meaning({ T }, { fixed: { points }, fate: { point }, sensitivity }) {
  const slope = `The slope there is ${digits(point.slope)}:`;
  if (point.kind === "marginal") {
    const side = point.slope < 0 ? " from both sides in turn" : "";
    return `${slope} h comes nearer${side} ever more slowly, like a power of t.`;
  }
  const other = points.find((one) => one.kind === "stable" && one !== point);
  const left = sensitivity === 0 ? "nothing" : digits(sensitivity, 3, 0);
  const shrinks = `${slope} |slope| < 1, so every step shrinks the distance`;
  if (!other) return `${shrinks}, and of a change in h₀ ${left} is left in h${subscript(T)}.`;
  const between = points.find((one) => one.kind === "unstable");
  return `${shrinks}. Another stable fixed point lies at ${digits(other.h)}, beyond ${digits(between.h)}: h remembers on which side it was.`;
}

// ---- Prediction and goals ---------------------------------------------------------------------------------------------

export function outcome(state, { fate }) {
  if (fate.kind === "grows") return 2;
  if (fate.kind === "swings") return 3;
  return fate.kind === "settles" && Math.abs(fate.point.h) > 0.01 ? 1 : 0;
}

export const goals = {
  "two-futures": ({ b }, { fixed: { points } }) => {
    const stable = points.filter((one) => one.kind === "stable").map((one) => digits(one.h));
    if (stable.length < 2) return [false, `every start ends alike: stable fixed points: ${stable.length}.`];
    return b === 0 ? [false, `two futures, ${stable.join(" and ")}, but b is 0.`] : [true, `starts end at ${stable.join(" or at ")}.`];
  },
  "remember-pulse": (state, { h }) => {
    const { activation, input, T } = state;
    if (activation !== "tanh" || input !== "pulse") return [false, "it takes tanh and one pulse."];
    const without = compute({ ...state, input: "none" }).h[T];
    const words = `h${subscript(T)} is ${digits(h[T])}, and ${digits(without)} without the pulse.`;
    return [h[T] > 0.5 && without <= 0.5, words];
  },
  "period-two": (state, { fate }) => {
    if (fate.kind !== "swings") return [false, "h does not come back every second step."];
    return [true, `h swings between ${digits(fate.low)} and ${digits(fate.high)}.`];
  },
};

// ---- The drawing --------------------------------------------------------------------------------------------------------

const SIDE_BY_SIDE = 560; // px of width from which the panels stand side by side
const HEIGHT = 340;
const STRIP = 30; // px for the inputs under the time panel

export function render({ model, el }) {
  return mountExplorer({ model, el, spec, compute, describe, outcome, goals, view });
}

function view({ figure, set, redraw, getState }) {
  const cobweb = makePanel(figure, "Cobweb: the next state against the state");
  const course = makePanel(figure, "The state over time");
  const arithmetic = html("p", { class: "rnn-arithmetic" });
  figure.after(arithmetic);
  const reading = { t: 1 };
  const read = (t) => {
    reading.t = t;
    redraw();
  };
  const scales = {};
  const pick = svg("rect", { class: "rnn-pick" });
  course.front.append(pick);
  const start = spec.controls.find((control) => control.name === "h0");
  const moveStart = { name: "start h₀", fill: "h", ...pickRange(start), write: (h0) => set({ h0 }) };
  const handles = {
    web: makeHandle(cobweb, { ...moveStart, valueAt: (x) => scales.across.invert(x) }),
    course: makeHandle(course, { ...moveStart, valueAt: (x, y) => scales.up.invert(y) }),
    step: makeHandle(course, { name: "step t to read", fill: "ink", radius: 5, min: 1, max: 100, step: 1, valueAt: (x) => scales.time.invert(x), write: read }),
  };
  const stepAt = (x) => Math.min(getState().T, Math.max(1, Math.round(scales.time.invert(x))));
  onDrag(course, pick, (x) => read(stepAt(x)));

  function draw(state, result, width) {
    reading.t = Math.min(reading.t, state.T);
    layOut(width, state, result);
    drawCobweb(cobweb, scales, state, result, reading.t);
    drawCourse(course, scales, state, result, reading.t);
    placeHandles(state, result);
    arithmetic.textContent = arithmeticOf(state, result, reading.t);
  }

  function layOut(width, state, result) {
    const beside = width >= SIDE_BY_SIDE;
    const strip = state.input === "none" ? 0 : STRIP;
    const bound = boundOf(state, result);
    const left = 26 + 8 * Math.max(...linear([-bound, bound], [0, 1]).ticks(5).map((tick) => digits(tick).length));
    const square = beside ? Math.min(HEIGHT, Math.floor(width * 0.46)) : Math.min(width, HEIGHT + 20);
    const height = square - left - 14 + 54; // so that the cobweb's own axes have one length
    cobweb.resize(square, height + (beside ? strip : 0), { left, right: 14, top: 14, bottom: 40 + (beside ? strip : 0) });
    course.resize(beside ? width - square : width, (beside ? height : 220) + strip, { left: left + 14, right: 54, top: 14, bottom: 40 });
    course.floor = course.bottom; // time's axis; the inputs stand between it and the states
    scales.across = linear([-bound, bound], [cobweb.left, cobweb.right]);
    scales.webUp = linear([-bound, bound], [cobweb.bottom, cobweb.top]);
    scales.up = linear([-bound, bound], [course.bottom - strip, course.top]);
    scales.time = linear([0, state.T], [course.left, course.right]);
  }

  function placeHandles({ h0, T }, { h }) {
    const text = `h₀ = ${digits(h0)}`;
    handles.web.place(scales.across(h0), scales.webUp(h0), h0, text);
    handles.course.place(scales.time(0), scales.up(h0), h0, text);
    handles.step.setRange(1, T);
    handles.step.place(scales.time(reading.t), course.floor, reading.t, `t = ${reading.t}, h = ${digits(h[reading.t])}`);
    for (const [name, value] of Object.entries({ x: course.left, y: course.top, width: course.right - course.left, height: course.bottom - course.top })) {
      pick.setAttribute(name, value);
    }
  }
  return { draw };
}

function pickRange({ min, max, step }) {
  return { min, max, step };
}

// Half the height of the drawing: fixed where states are bounded, rounded up where they are not.
export function boundOf({ activation }, { h, fixed }) {
  if (activation === "tanh" || activation === "sigmoid") return 1.5;
  const states = [...h, ...fixed.points.map((one) => one.h)].map(Math.abs).filter(Number.isFinite);
  const seen = Math.max(...Array.from(h, Math.abs).filter(Number.isFinite), 1.5);
  return roundUp(Math.max(...states.filter((size) => size <= 2 * seen), 1.5));
}

function drawCobweb(panel, { across, webUp }, state, result, t) {
  const { fixed, x, h } = result;
  const bound = across.domain[1];
  panel.clear();
  axisX(panel, across, { name: "h_{t−1}", ticks: across.ticks(4) });
  axisY(panel, webUp, { name: "h_t", ticks: webUp.ticks(4) });
  segment(panel, [across(-bound), webUp(-bound)], [across(bound), webUp(bound)], { stroke: fixed.every ? "ink" : "axis", width: fixed.every ? 2.5 : 1 });
  for (const value of otherInputs(state, x)) drawCurve(panel, { across, webUp }, state, value);
  drawCurve(panel, { across, webUp }, state, 0);
  line(panel, cobwebPath(h).map(([one, next]) => [across(one), webUp(next)]), pathLook(state));
  const [before, after] = [h[t - 1], h[t]];
  line(panel, [[across(before), webUp(before)], [across(before), webUp(after)], [across(after), webUp(after)]], { stroke: "h", width: 3.5 });
  apart(fixed.points, across).forEach(([one, named]) => drawFixedPoint(panel, [across(one.h), webUp(one.h)], one, named));
}

// Noise winds the path into a knot: thinner, so that the curve stays in sight.
function pathLook({ input }) {
  return input === "noise" ? { stroke: "h", width: 1, opacity: 0.45 } : { stroke: "h", width: 1.3 };
}

// The fixed points within the drawing, each with whether there is room for its value.
function apart(points, scale) {
  const places = points.filter((one) => Math.abs(one.h) <= Math.abs(scale.domain[1]));
  return places.map((one, k) => [one, k === 0 || Math.abs(scale(one.h) - scale(places[k - 1].h)) > 16]);
}

// The curves of inputs other than 0, where they are few enough to be told apart.
function otherInputs({ input, u }, x) {
  return input === "noise" || u === 0 ? [] : [...new Set(x)].filter((value) => value !== 0);
}

function drawCurve(panel, { across, webUp }, { w, u, b, activation }, x) {
  const phi = PHI[activation];
  const bound = across.domain[1];
  const map = (h) => phi(w * h + u * x + b);
  const points = curvePoints(map, bound).map(([h, next]) => [across(h), webUp(next)]);
  line(panel, points, x === 0 ? { stroke: "ink", width: 1.8 } : { stroke: "x", width: 1.3, dash: "5 3" });
  if (x !== 0 && points.length) {
    const [left, level] = [w * u * x > 0, webUp((Math.sign(u * x) * bound) / 3)];
    const [px, py] = points.reduce((best, one) => (Math.abs(one[1] - level) < Math.abs(best[1] - level) ? one : best), [0, Infinity]);
    label(panel, [px + (left ? -8 : 8), py + 4], `x_t = ${digits(x)}`, { fill: "x", anchor: left ? "end" : "start", size: 12 });
  }
}

// The part of a curve that lies within the square, cut at its edges.
export function curvePoints(map, bound) {
  const samples = Array.from({ length: 241 }, (_, k) => -bound + (2 * bound * k) / 240).map((h) => [h, map(h)]);
  const inside = ([, next]) => Math.abs(next) <= bound;
  const cut = ([h1, y1], [h2, y2]) => {
    const edge = Math.abs(y1) > bound ? Math.sign(y1) * bound : Math.sign(y2) * bound;
    return [h1 + ((edge - y1) / (y2 - y1)) * (h2 - h1), edge];
  };
  return samples.flatMap((one, k) => {
    const last = samples[k - 1];
    const crossing = last && inside(one) !== inside(last) ? [cut(last, one)] : [];
    return inside(one) ? [...crossing, one] : crossing;
  });
}

// From the diagonal up or down to the curve, across to the diagonal, and so on.
export function cobwebPath(h) {
  const path = [[h[0], h[0]]];
  for (let t = 1; t < h.length && Number.isFinite(h[t]); t++) path.push([h[t - 1], h[t]], [h[t], h[t]]);
  return path;
}

function drawFixedPoint(panel, at, { h, kind }, named) {
  dot(panel, at, { radius: 5, hollow: kind !== "stable", width: 1.8 });
  if (kind === "marginal") dot(panel, at, { radius: 2 });
  if (named) label(panel, [at[0] + 9, at[1] + 16], digits(h), { plain: true, size: 12 });
}

function drawCourse(panel, { up, time }, state, { h, x, fixed }, t) {
  panel.clear();
  const { T } = state;
  axisX(panel, time, { name: "t", at: panel.floor, ticks: time.ticks(5).filter(Number.isInteger) });
  axisY(panel, up, { name: "h_t", ticks: up.ticks(4), at: panel.left - 16 }); // the start stands free of it
  for (const [one, named] of apart(fixed.points, up)) drawLevel(panel, up(one.h), one, named);
  drawInputs(panel, time, state, x);
  const points = Array.from(h, (value, k) => [time(k), up(value)]).filter(([, y]) => Number.isFinite(y));
  line(panel, points, { stroke: "h", width: 1.3 });
  dots(panel, points, { fill: "h", radius: T > 60 ? 2 : 3 });
  if (points[t]) dot(panel, points[t], { fill: "h", radius: 5.5 });
}

// A fixed point as a level: whole for a stable one, dotted for the others, with its value at the end.
function drawLevel(panel, y, { h, kind }, named) {
  segment(panel, [panel.left, y], [panel.right, y], { stroke: "axis", width: 1, dash: kind === "stable" ? null : "2 4" });
  if (named) label(panel, [panel.right + 6, y + 4], digits(h), { plain: true, size: 12, fill: "muted" });
}

// Inputs as bars on the time axis, upwards for positive ones.
function drawInputs(panel, time, { input }, x) {
  if (input === "none") return;
  const tallest = Math.max(1, ...Array.from(x, Math.abs));
  const middle = panel.floor - STRIP / 2;
  const heights = Array.from(x, (value) => (value / tallest) * (STRIP / 2 - 2));
  bars(panel, heights.map((height, k) => [time(k + 1), middle, middle - height]), { fill: "x" });
  label(panel, [panel.right + 6, middle + 4], "x_t", { fill: "x" });
}

// The arithmetic of one step, in numbers.
export function arithmeticOf({ w, u, b, activation }, { x, h, a }, t) {
  const name = activation === "identity" ? "" : activation === "sigmoid" ? "σ" : activation;
  const sum = `${digits(w)} × ${inBrackets(h[t - 1])} + ${inBrackets(u)} × ${inBrackets(x[t - 1])} + ${inBrackets(b)}`;
  const [one, last] = [subscript(t), subscript(t - 1)];
  const symbols = `h${one} = ${name || "w"}${name ? `(w h${last}` : ` h${last}`} + u x${one} + b${name ? ")" : ""}`;
  return name ? `${symbols} = ${name}(${sum}) = ${name}(${digits(a[t - 1])}) = ${digits(h[t])}` : `${symbols} = ${sum} = ${digits(h[t])}`;
}

function inBrackets(value) {
  return value < 0 ? `(${digits(value)})` : digits(value);
}

// The norm of J_1 ⋯ J_t against the lag t, on an absolute logarithmic axis with 1 in its middle, so that growth and
// decay look as they are. Jacobian-product and phase-plane draw it.

import { superscript, subscript } from "./format.js";
import { axisX, axisY, dot, label, line, linear, segment } from "./plot.js";

const DECADES = [2, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 512, 1024, 4096];
const LABEL = 16; // px between labels above each other
const ACROSS = 64; // px between labels beside each other
const FAR = 1e5; // decades below everything: where 0 would be

// Half the height of the axis in decades: what the largest singular values need, in steps that seldom change.
export function decadesFor(largest) {
  const sizes = largest.filter(Number.isFinite).map(Math.abs);
  return DECADES.find((size) => size >= Math.max(...sizes) - 1e-9) ?? DECADES[DECADES.length - 1];
}

export function growthScales(panel, { largest }, T) {
  const decades = decadesFor(largest);
  return { time: linear([0, T], [panel.left, panel.right]), up: linear([-decades, decades], [panel.bottom, panel.top]) };
}

// lines: [{ values (logarithms by lag), name, stroke, width, dash }], the main one last; t: the lag that is read.
export function drawGrowth(panel, { time, up }, lines, t, { name = "lag t" } = {}) {
  const [low, high] = up.domain;
  panel.clear();
  axisX(panel, time, { name, ticks: time.ticks(5).filter(Number.isInteger) });
  axisY(panel, up, { ticks: [low, low / 2, 0, high / 2, high], format: (power) => (power === 0 ? "1" : `10${superscript(power)}`) });
  segment(panel, [panel.left, up(0)], [panel.right, up(0)], { stroke: "axis", width: 1 });
  for (const { values, stroke, width, dash } of lines) {
    for (const part of visibleParts(values, low, high)) line(panel, part.map(([k, value]) => [time(k), up(value)]), { stroke, width, dash });
  }
  const main = lines[lines.length - 1];
  if (Math.abs(main.values[t]) <= high) dot(panel, [time(t), up(main.values[t])], { fill: main.stroke, radius: 5 });
  else dot(panel, [time(t), main.values[t] > 0 ? panel.top : panel.bottom], { fill: main.stroke, radius: 5, hollow: true });
  placeLabels(panel, lines.filter((one) => one.name).map((one) => ({ ...one, ...endOf(one.values, { time, up }, panel) })));
}

// The parts of a line within low … high, cut at the edges: lists of [lag, value].
export function visibleParts(values, low, high) {
  const points = Array.from(values, (value, k) => [k, value === -Infinity ? -FAR : value]);
  const inside = ([, value]) => value >= low && value <= high;
  const parts = [];
  points.forEach((point, k) => {
    const crossings = k > 0 ? cuts(points[k - 1], point, low, high) : [];
    if (!inside(point) && crossings.length === 0) return;
    if (k === 0 || !inside(points[k - 1])) parts.push([]);
    parts[parts.length - 1].push(...crossings, ...(inside(point) ? [point] : []));
  });
  return parts;
}

// Where the way from one point to the next crosses the edges, in order.
function cuts([k, from], [next, to], low, high) {
  const crossed = [low, high].filter((edge) => (from < edge && to > edge) || (from > edge && to < edge));
  const places = crossed.map((edge) => [k + ((edge - from) / (to - from)) * (next - k), edge]);
  return places.sort((one, other) => one[0] - other[0]);
}

// Where a line ends: at the right, or where it leaves through the top or the bottom for good.
function endOf(values, { time, up }, panel) {
  const [low, high] = up.domain;
  const T = values.length - 1;
  const last = values[T];
  if (last >= low && last <= high) return { edge: "right", x: time(T), y: up(last) };
  const outside = (value) => (last > 0 ? value > high : value < low);
  let k = T;
  while (k > 0 && outside(values[k - 1])) k--;
  return { edge: last > 0 ? "top" : "bottom", x: time(k), y: last > 0 ? panel.top : panel.bottom };
}

function placeLabels(panel, ends) {
  const right = ends.filter((one) => one.edge === "right").sort((one, other) => one.y - other.y);
  let free = panel.top;
  right.forEach((one, k) => {
    const below = (right.length - 1 - k) * LABEL;
    const y = Math.min(Math.max(one.y + 4, free), panel.bottom - below);
    free = y + LABEL;
    label(panel, [panel.right + 6, y], one.name, { fill: one.stroke === "axis" ? "muted" : one.stroke, size: 12 });
  });
  for (const edge of ["top", "bottom"]) placeAlong(panel, ends.filter((one) => one.edge === edge), edge);
}

// Beside each other, from the left, along the edge through which their lines left.
function placeAlong(panel, ends, edge) {
  let free = panel.left + 6;
  for (const one of ends.sort((first, second) => first.x - second.x)) {
    const x = Math.min(Math.max(one.x + 6, free), panel.right - 10);
    free = x + ACROSS;
    label(panel, [x, edge === "top" ? panel.top + 12 : panel.bottom - 18], one.name, { fill: one.stroke === "axis" ? "muted" : one.stroke, size: 12 });
  }
}

// "‖∂h₅₀/∂h₀‖"
export function normText(t) {
  return `‖∂h${subscript(t)}/∂h₀‖`;
}

// Where everything of the drawing stands, in pixels: a pure function of the state and the width there is.
// Time runs left to right: h_0, then one column a step, with x below, the two units in the middle, o above.

import { edgesOf, steps, usedOutputs } from "./unroll-model.js";

const ROOMY = { w: 50, h: 28, left: 92, least: 80, most: 150, inset: 11, rows: { o: 46, h1: 142, h2: 196, x: 292 }, height: 330 };
const TIGHT = { w: 38, h: 28, left: 44, least: 56, most: 92, inset: 7, rows: { o: 46, h1: 136, h2: 186, x: 276 }, height: 314 };
const ROOM = 560; // px; below it columns are compact and numbers have two decimals

// Returns { width, height, compact, gap, nodes: { id: { x, y, w, h } }, cells: [{ t, x, y, w, h }], edges: [{ …, path }] }.
export function layout(state, available) {
  const compact = available < ROOM;
  const size = compact ? TIGHT : ROOMY;
  const T = steps(state);
  const pitch = Math.max(size.least, Math.min(size.most, (available - size.left) / T));
  const columns = Array.from({ length: T + 1 }, (_, t) => (t ? size.left + (t - 0.5) * pitch : size.left / 2));
  const nodes = placeNodes(state, columns, size);
  const cells = columns.slice(1).map((x, k) => cellAround(x, size, k + 1));
  const edges = edgesOf(state).map((edge) => ({ ...edge, path: pathOf(edge, nodes, size) }));
  const width = Math.max(size.left + T * pitch, 1);
  return { width, height: size.height, compact, pitch, gap: pitch - size.w - 2 * size.inset, nodes, cells, edges, columns, rows: size.rows };
}

function placeNodes(state, columns, { w, h, rows }) {
  const used = usedOutputs(state);
  const nodes = {};
  columns.forEach((x, t) => {
    nodes[`h_${t}[1]`] = { x, y: rows.h1, w, h };
    nodes[`h_${t}[2]`] = { x, y: rows.h2, w, h };
    if (t) nodes[`x_${t}`] = { x, y: rows.x, w, h };
    if (used.includes(t)) nodes[`o_${t}`] = { x, y: rows.o, w, h };
  });
  return nodes;
}

function cellAround(x, { w, h, inset, rows }, t) {
  const top = rows.h1 - h / 2 - 22;
  const bottom = rows.h2 + h / 2 + 10;
  return { t, x: x - w / 2 - inset, y: top, w: w + 2 * inset, h: bottom - top };
}

// ---- Lines ----------------------------------------------------------------------------------------------------------

function pathOf({ from, to, weight }, nodes, size) {
  const [a, b] = [nodes[from], nodes[to]];
  if (weight === null) return back(a, b, size);
  if (weight.startsWith("W_hh")) return curve([a.x + a.w / 2, a.y], [b.x - b.w / 2 - 1, b.y], 0.42);
  if (weight === "W_xh[1,1]") return around([a.x, a.y - a.h / 2], [b.x, b.y + b.h / 2 + 1], -1, size);
  if (weight === "W_hy[2,1]") return around([a.x, a.y - a.h / 2], [b.x, b.y + b.h / 2 + 1], 1, size);
  return `M${point(a.x, a.y - a.h / 2)}L${point(b.x, b.y + b.h / 2 + 1)}`;
}

// From left to right, level at both ends.
function curve([x1, y1], [x2, y2], bend) {
  const dx = (x2 - x1) * bend;
  return `M${point(x1, y1)}C${point(x1 + dx, y1)} ${point(x2 - dx, y2)} ${point(x2, y2)}`;
}

// Upwards past the unit in between, on its left (side −1) or right (1).
function around([x1, y1], [x2, y2], side, { w }) {
  const [from, to] = [x1 + (side * w) / 4, x2 + (side * w) / 4];
  const out = x1 + side * (w / 2 + 14);
  const third = (y1 - y2) / 3;
  return `M${point(from, y1)}C${point(out, y1 - third)} ${point(out, y2 + third)} ${point(to, y2)}`;
}

// From an output down, between two cells, to the next input.
function back(a, b, { h, w, inset }) {
  const lane = (a.x + b.x) / 2;
  const [top, bottom] = [a.y + h, b.y - h];
  const r = Math.min(10, (lane - a.x - w / 2) * 0.9 + 6, inset);
  return `M${point(a.x + w / 2, a.y)}Q${point(lane, a.y)} ${point(lane, top + r)}L${point(lane, bottom - r)}Q${point(lane, b.y)} ${point(b.x - w / 2 - 1, b.y)}`;
}

function point(x, y) {
  return `${x.toFixed(1)},${y.toFixed(1)}`;
}

// ---- Folded: one cell, and the loop ---------------------------------------------------------------------------------

// Returns { width, height, cell, units, x, o, paths: { x, loop, o, fed } }: symbols in the place of numbers.
export function foldedLayout(available) {
  const compact = available < ROOM;
  const width = Math.min(available, 620);
  const x = compact ? width * 0.36 : width / 2 - 50;
  const at = (y, w = 56) => ({ x, y, w, h: 32 });
  const cell = { x: x - 52, y: 124, w: 104, h: 108 };
  const [right, top, bottom] = [cell.x + cell.w, cell.y + 30, cell.y + cell.h - 30];
  const reach = compact ? 58 : 84;
  return {
    width, height: 336, compact, cell, input: at(306), output: at(46), units: [at(152, 64), at(204, 64)], right, reach,
    paths: {
      x: `M${point(x, 290)}L${point(x, cell.y + cell.h + 1)}`,
      o: `M${point(x, cell.y)}L${point(x, 63)}`,
      loop: `M${point(right, top)}C${point(right + reach * 1.3, top - 52)} ${point(right + reach * 1.3, bottom + 52)} ${point(right + 1, bottom)}`,
      fed: `M${point(x - 28, 46)}C${point(x - 120, 46)} ${point(x - 120, 306)} ${point(x - 29, 306)}`,
    },
  };
}

// Curves on a logarithmic axis that never moves: an axis that follows a curve would hide that it vanishes.

import { line } from "./plot.js";

// The points of a curve in pieces that lie within the axis, cut at its edges; values of 0 have no place on it.
export function within(values, { time, up }) {
  const [low, high] = up.domain.map(Math.log10);
  const points = Array.from(values, (value, t) => [t, Math.log10(value)]);
  const inside = ([, y]) => y >= low && y <= high;
  const cut = ([t1, y1], [t2, y2]) => {
    const edge = Math.min(y1, y2) < low ? low : high;
    return [t1 + ((edge - y1) / (y2 - y1)) * (t2 - t1), edge];
  };
  const pieces = [[]];
  points.forEach((point, k) => {
    const last = points[k - 1];
    const crosses = last && inside(last) !== inside(point) && Number.isFinite(last[1]) && Number.isFinite(point[1]);
    if (inside(point) && !(last && inside(last))) pieces.push([]);
    if (crosses) pieces[pieces.length - 1].push(cut(last, point));
    if (inside(point)) pieces[pieces.length - 1].push(point);
  });
  return pieces.filter((piece) => piece.length).map((piece) => piece.map(([t, y]) => [time(t), up(10 ** y)]));
}

export function drawCurve(panel, scales, values, look) {
  for (const piece of within(values, scales)) line(panel, piece, look);
}

// A triangle of steps: loss step τ up, source step t to the right, so that t ≤ τ. The stronger a pair, the fuller its
// colour: clear at 10⁻⁶, full at 1, towards ink above 1. What a truncation cuts off is grey.

import { axisX, axisY, label, line, linear, makePanel } from "./plot.js";
import { html } from "./controls.js";

const LEAST = -6; // powers of ten: clear
const MOST = 6; // ink

export function makeStepMatrix(name) {
  const canvas = html("canvas", { class: "rnn-steps", "aria-hidden": "true" });
  const root = html("div", { class: "rnn-step-matrix" }, canvas);
  const panel = makePanel(root, name);
  // strength(τ, t) is a norm, `kept(τ, t)` whether a truncation leaves it, `row` a loss step to frame, `first` the first t.
  function draw({ T, first, strength, kept = () => true, row, side }) {
    panel.resize(side, side, { left: 44, right: 14, top: 22, bottom: 40 });
    const time = linear([first - 0.5, T + 0.5], [panel.left, panel.right]);
    const loss = linear([0.5, T + 0.5], [panel.bottom, panel.top]);
    const box = { left: panel.left, top: panel.top, width: panel.right - panel.left, height: panel.bottom - panel.top };
    Object.assign(canvas.style, Object.fromEntries(Object.entries(box).map(([key, value]) => [key, `${value}px`])));
    paint(canvas, T, first, strength, kept);
    panel.clear();
    axisX(panel, time, { name: "t", ticks: time.ticks(5).filter((t) => Number.isInteger(t) && t >= first) });
    axisY(panel, loss, { ticks: loss.ticks(5).filter((t) => Number.isInteger(t) && t >= 1) });
    label(panel, [panel.left - 4, panel.top - 8], "τ");
    if (row) frame(panel, time(first - 0.5), loss(row + 0.5), time(row + 0.5), loss(row - 0.5));
  }
  return { root, panel, draw };
}

function frame(panel, left, top, right, bottom) {
  line(panel, [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]], { width: 1 });
}

// One pixel a pair; the page magnifies it.
function paint(canvas, T, first, strength, kept) {
  const columns = T + 1 - first;
  Object.assign(canvas, { width: columns, height: T });
  const context = canvas.getContext("2d");
  const image = context.createImageData(columns, T);
  const [grad, ink, muted] = ["grad", "ink", "muted"].map((name) => channels(canvas, name));
  for (let tau = 1; tau <= T; tau++) {
    for (let t = first; t <= tau; t++) {
      const level = Math.log10(strength(tau, t));
      const mix = Math.min(1, Math.max(0, level / MOST));
      const at = 4 * ((T - tau) * columns + t - first);
      const from = kept(tau, t) ? grad : muted;
      for (let k = 0; k < 3; k++) image.data[at + k] = from[k] + mix * (ink[k] - from[k]);
      image.data[at + 3] = 255 * shade(level) * (kept(tau, t) ? 1 : 0.45);
    }
  }
  context.putImageData(image, 0, 0);
}

function shade(level) {
  return Number.isFinite(level) ? Math.min(1, Math.max(0, 1 - level / LEAST)) : 0;
}

// A colour of the page, #rrggbb, as three numbers.
function channels(node, name) {
  const text = getComputedStyle(node).getPropertyValue(`--rnn-${name}`).trim();
  return [1, 3, 5].map((start) => parseInt(text.slice(start, start + 2), 16));
}

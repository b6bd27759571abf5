// The error of one recurrent unit over its two weights, and gradient descent on it, with and without clipping. Pure: no page.
// loss_cliff.py says the same with rnnlib; a test holds them equal. With s_t = σ(x_t) the unit is s_t = σ(w s_{t−1} + b).
// Source: Pascanu, Mikolov & Bengio (2013).

import { PHI } from "./engine.js";
import { digits, exactly, superscript } from "./format.js";
import { spec } from "./loss-cliff.spec.js";

const { x0, T, target } = spec;
const sigma = PHI.sigmoid;
export const STEEP = 100; // ‖∇E‖ from which a place counts as on the cliff
const GENTLE = 1;
export const THROW = 1; // length of a step from which it throws w and b away
const STILL = 1e-13;
const SHADE = 1e-6; // enough for a colour, in half the time
const FAR = 1e6; // beyond it descent stops

// ---- The surface ------------------------------------------------------------------------------------------------------

// It stops where x has arrived, since the other steps would change it by less than about T times `still`.
export function errorAt(w, b, still = STILL) {
  let x = x0;
  for (let t = 0; t < T; t++) {
    const next = w * sigma(x) + b;
    if (Math.abs(next - x) < still) break;
    x = next;
  }
  return (sigma(x) - target) ** 2;
}

// E and its gradient, forward: ∂x/∂w ← σ(x) + w σ′(x) ∂x/∂w, and so for b.
export function slopeAt(w, b) {
  let [x, dw, db] = [x0, 0, 0];
  for (let t = 0; t < T; t++) {
    const s = sigma(x);
    const factor = w * s * (1 - s);
    dw = s + factor * dw;
    db = 1 + factor * db;
    x = w * s + b;
  }
  const s = sigma(x);
  const outer = 2 * (s - target) * s * (1 - s);
  return { error: (s - target) ** 2, dw: outer * dw, db: outer * db, norm: Math.hypot(outer * dw, outer * db) };
}

// E over the map, row by row from the top (large b) down; kept, because no control moves it.
let surface = null;
export function surfaceOf(side) {
  if (surface?.side === side) return surface;
  const [w, b] = [spec.map.w, spec.map.b].map(([from, to]) => (k) => from + ((to - from) * (k + 0.5)) / side);
  const values = Float64Array.from({ length: side * side }, (_, k) => errorAt(w(k % side), b(side - 1 - Math.floor(k / side)), SHADE));
  return (surface = { side, values });
}

// ---- Descent ------------------------------------------------------------------------------------------------------------

// The path from the start on: places, with E, ∇E and the length of the step that led away; `longest` its number, from 1.
export function descend({ w, b, steps, rate }, bound) {
  const path = [{ w, b, ...slopeAt(w, b) }];
  let longest = 0;
  for (let k = 1; k <= steps; k++) {
    const here = path[k - 1];
    const scale = rate * (here.norm > bound ? bound / here.norm : 1);
    here.length = scale * here.norm;
    if (!longest || here.length > path[longest - 1].length) longest = k;
    const [nextW, nextB] = [here.w - scale * here.dw, here.b - scale * here.db];
    if (!(Math.max(Math.abs(nextW), Math.abs(nextB)) < FAR)) break;
    path.push({ w: nextW, b: nextB, ...slopeAt(nextW, nextB) });
  }
  return { path, longest };
}

export function compute(state) {
  const [plain, clipped] = [Infinity, state.max_norm].map((bound) => descend(state, bound));
  return { plain, clipped, chosen: state.clipping ? clipped : plain, other: state.clipping ? plain : clipped };
}

const last = ({ path }) => path[path.length - 1];

// Whether a step was too long, and E ended higher than it began.
export function isThrown({ path, longest }) {
  return longest > 0 && path[longest - 1].length > THROW && path[path.length - 1].error > path[0].error;
}

// ---- The sentence ---------------------------------------------------------------------------------------------------------

const placeText = ({ w, b }) => `(${digits(w)}, ${digits(b)})`;

export function describe(state, result) {
  if (state.steps === 0) return standing(state, result);
  return state.clipping ? clippedWords(state, result) : plainWords(state, result);
}

function standing({ rate, max_norm: bound, clipping }, { plain: { path } }) {
  const { error, norm } = path[0];
  const where = norm >= STEEP ? "this is the cliff" : norm > GENTLE ? "steep" : "the slope is gentle";
  const length = clipping ? Math.min(norm, bound) : norm;
  const clip = clipping ? `, clipped to ${digits(bound)},` : "";
  return `At (w, b) = (${digits(path[0].w, 9)}, ${digits(path[0].b, 9)}) E = ${exactly(error, 6)} and ‖∇E‖ = ${exactly(norm, 4)}: ${where}. A step with learning rate ${digits(rate)}${clip} is ${exactly(rate * length, 4)} long.`;
}

function plainWords(state, { plain, clipped }) {
  const { path, longest } = plain;
  const end = last(plain);
  const way = `Without clipping E goes from ${exactly(path[0].error)} to ${exactly(end.error)} in ${counted(path.length - 1)}`;
  const far = path[longest - 1].length;
  const step = isThrown(plain) ? `Step ${longest}, ${exactly(far)} long, throws the weights to ${placeText(path[longest] ?? path[longest - 1])}; now ‖∇E‖ = ${exactly(end.norm)}` : `The longest step, number ${longest}, is ${exactly(far)} long`;
  return `${way}. ${step}. With clipping to ${digits(state.max_norm)} it ends at ${exactly(last(clipped).error)}.`;
}

function clippedWords(state, { plain, clipped }) {
  const { path, longest } = clipped;
  const way = `With the gradient clipped to ${digits(state.max_norm)} E goes from ${exactly(path[0].error)} to ${exactly(last(clipped).error)} in ${counted(path.length - 1)}`;
  const far = exactly(path[longest - 1].length);
  const without = isThrown(plain) ? `Without clipping step ${plain.longest} is ${exactly(plain.path[plain.longest - 1].length)} long, and E ends at ${exactly(last(plain).error)}` : `Without clipping E ends at ${exactly(last(plain).error)}`;
  return `${way}, no step longer than ${far}. ${without}.`;
}

function counted(steps) {
  return steps === 1 ? "one step" : `${steps} steps`;
}

// One step of descent in numbers.
export function arithmeticOf({ rate }, { path }, k) {
  const { w, b, dw, db, norm, error, length } = path[k];
  const here = `After ${counted(k)}: (w, b) = ${placeText({ w, b })}, E = ${exactly(error)}, ∇E = (${exactly(dw)}, ${exactly(db)}), ‖∇E‖ = ${exactly(norm)}`;
  return length === undefined ? `${here}.` : `${here}; the next step is ${exactly(length)} long${length < rate * norm * (1 - 1e-9) ? ", clipped" : ""}.`;
}

// ---- Prediction and goal ----------------------------------------------------------------------------------------------------

export function outcome(state, { plain }) {
  const { path } = plain;
  if (path[1].error > path[0].error) return 2;
  return isThrown(plain) ? 1 : 0;
}

export const goals = {
  survive: (state, { plain, clipped, chosen }) => {
    if (!isThrown(plain)) return [false, "without clipping nothing is thrown away from here, in so many steps."];
    const end = last(chosen).error;
    return [end < 0.005, `E is ${exactly(end)} in the end.`];
  },
};

export const powerOf = (exponent) => `10${superscript(exponent)}`;

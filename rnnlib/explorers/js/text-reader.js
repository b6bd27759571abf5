// What does a character model know while it reads? The text itself, coloured by one unit or by the surprise; what the model
// expects next; all units over the text. The numbers and words are in text-reader-model.js.

import { before, compute, describe, goals, likelihood, likeliest, makeReader, outcome, peaks, visible } from "./text-reader-model.js";
import { digits } from "./format.js";
import { html, mountExplorer, oncePerFrame } from "./controls.js";
import { dot, label, line, linear, makePanel, makePixels, onDrag, segment, svg } from "./plot.js";
import { findRun } from "./stored.js";
import { spec } from "./text-reader.spec.js";

export { compute, describe, goals, outcome };

const ROW = 22; // px for each character that may come next
const ROWS = 8;
const HEAT = 128; // px of the heatmap, one a unit
const TRACE = 84; // px of one unit's course
const BESIDE = 640; // px of width from which what comes next stands beside the units
const MOST = 8; // nats at which a surprise is coloured in full
const FAINT = 0.04; // of what colours a character in full: below, it is left as it is
const PEAKS = 3; // places that are named
const LONGEST = spec.controls.find(({ name }) => name === "text").max;

export function render({ model, el }) {
  const reader = findRun(model, spec.run, makeReader);
  const computed = (state) => compute(state, reader());
  return mountExplorer({ model, el, spec, compute: computed, describe, outcome, goals, view });
}

function view({ figure, set }) {
  const latest = {};
  const choose = (t) => set({ back: latest.result.T - Math.max(1, Math.min(latest.result.T, t)) });
  const page = makePage(figure, choose);
  const writer = makeWriter(figure, () => set({ text: latest.result.characters.join("") + latest.result.ahead, back: 0 }));
  const next = makeNext(figure);
  const units = makeUnits(figure, { set, choose });
  const links = makeLinks(figure, { set, choose });
  // After a keystroke the text and what comes next have the first frame for themselves.
  const later = oncePerFrame(drawRest);
  function drawRest() {
    const { state, result, width } = latest;
    if (result.missing || !result.T) return;
    units.draw(state, result, width < BESIDE ? width : Math.floor(width * 0.64));
    links.draw(state, result);
  }
  function draw(state, result, width) {
    const typed = latest.result?.T > 0 && latest.state.text !== state.text;
    Object.assign(latest, { state, result, width });
    const empty = result.missing || !result.T;
    for (const part of [next, units, links]) part.root.hidden = empty;
    page.draw(state, result);
    writer.draw(result);
    if (empty) return;
    next.draw(state, result, width < BESIDE ? width : Math.floor(width * 0.36));
    if (typed) later();
    else drawRest();
  }
  return { draw, destroy: later.cancel };
}

// ---- The text, a character a span ------------------------------------------------------------------------------------------

// One slider for the whole text: arrows move from character to character, and up and down from line to line.
function makePage(figure, choose) {
  const [shown, ghost] = [html("span"), html("span", { class: "rnn-ghost", title: "what it would write" })];
  const name = "character of the text, with what is expected after it";
  const root = html("div", { class: "rnn-page", role: "slider", tabindex: 0, "aria-label": name, "aria-valuemin": 1 }, shown, ghost);
  figure.append(root);
  const spans = [];
  let [t, T] = [0, 0];
  root.addEventListener("keydown", (event) => {
    const to = moved(event.key, spans, t, T);
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
  });
  root.addEventListener("click", (event) => {
    const at = spans.indexOf(event.target);
    if (at >= 0 && at < T) choose(at + 1);
  });
  function draw(state, result) {
    [t, T] = [result.t, result.T];
    while (spans.length < result.characters.length) spans.push(shown.appendChild(html("span")));
    while (spans.length > result.characters.length) spans.pop().remove();
    result.characters.forEach((one, k) => paint(spans[k], one, k + 1 === t, result.missing ? null : toneOf(state, result, k)));
    write(ghost, (result.ahead ?? "").replaceAll("\n", "⏎\n"));
    root.setAttribute("aria-valuemax", Math.max(1, T));
    root.setAttribute("aria-valuenow", Math.max(1, t));
    root.setAttribute("aria-valuetext", t ? spoken(result) : "no text");
  }
  return { draw };
}

function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// [value in −1 … 1, the class that says its sign or kind]; the first character was not to be foreseen.
function toneOf({ colour }, { values, surprise }, k) {
  if (colour === "unit") return [values[k], values[k] < 0 ? "rnn-below" : "rnn-above"];
  return [k ? Math.min(1, surprise[k - 1] / MOST) : 0, "rnn-surprise"];
}

// Only what has changed is written: of hundreds of characters a keystroke changes few.
function paint(span, character, chosen, tone) {
  const [value, kind] = tone ?? [0, ""];
  const size = Math.abs(value) < FAINT ? 0 : Math.abs(value);
  const name = `${size ? kind : ""}${chosen ? " rnn-here" : ""}${character === "\n" ? " rnn-break" : ""}`;
  const next = { textContent: character === "\n" ? "⏎\n" : character, className: name };
  const look = size ? `--rnn-size: ${size.toFixed(2)}` : "";
  for (const [key, text] of Object.entries(next)) if (span.now?.[key] !== text) span[key] = text;
  if (span.now?.look !== look) span.style.cssText = look;
  span.now = { ...next, look };
}

function moved(key, spans, t, T) {
  const to = { ArrowRight: t + 1, ArrowLeft: t - 1, Home: 1, End: T, PageDown: t + 10, PageUp: t - 10 }[key];
  if (to !== undefined) return Math.max(1, Math.min(T, to));
  if (key !== "ArrowUp" && key !== "ArrowDown") return undefined;
  return T ? lineAway(spans.slice(0, T), t, key === "ArrowUp" ? -1 : 1) : undefined;
}

// The character of the next line up or down that stands nearest to where t stands.
function lineAway(spans, t, way) {
  const places = spans.map((span) => [span.offsetTop, span.offsetLeft]);
  const [top, left] = places[t - 1];
  const tops = [...new Set(places.map(([y]) => y).filter((y) => (y - top) * way > 4))].sort((a, b) => (a - b) * way);
  if (!tops.length) return t;
  const far = ([y, x]) => (y === tops[0] ? Math.abs(x - left) : Infinity);
  return places.reduce((best, place, k) => (far(place) < far(places[best]) ? k : best), places.findIndex(([y]) => y === tops[0])) + 1;
}

function spoken({ characters, surprise, t, T, missing }) {
  const here = `${t} of ${T}, ${named(characters[t - 1])}`;
  if (missing || t < 2) return here;
  return `${here}, surprise ${digits(surprise[t - 2], 2)} nats`;
}

function named(character) {
  return { " ": "space", "\n": "line end" }[character] ?? character;
}

// ---- Writing on ------------------------------------------------------------------------------------------------------------

function makeWriter(figure, go) {
  const button = html("button", { type: "button", "data-action": "write", onclick: go }, "let it write on");
  const root = html("div", { class: "rnn-row rnn-writer" }, button);
  figure.append(root);
  return { draw: ({ T, ahead }) => (button.disabled = !ahead || T + [...ahead].length > LONGEST) };
}

// ---- What may come next ----------------------------------------------------------------------------------------------------

function makeNext(figure) {
  const panel = makePanel(figure, "What the model expects next");
  function draw(state, result, width) {
    const actual = result.t < result.T ? result.codes[result.t] : null;
    const rows = rowsOf(result, actual);
    panel.resize(width, 34 + ROW * (ROWS + 1) + 6, { left: 34, right: 128, top: 34, bottom: 6 });
    panel.clear();
    const along = linear([0, 1], [panel.left, panel.right]);
    const warm = state.temperature === 1 ? "" : `, τ = ${digits(state.temperature)}`;
    label(panel, [0, 14], `expected after ${lastOf(result)}${warm}`, { size: 13, fill: "y", plain: true });
    segment(panel, [panel.left, panel.top - 4], [panel.left, panel.bottom], { stroke: "axis", width: 1 });
    rows.forEach(([code, chance], row) => drawChance(panel, along, row, result.reader.vocabulary[code], chance, code === actual));
  }
  return { root: panel.root, draw };
}

function lastOf({ characters, t }) {
  const from = Math.max(0, t - 10);
  return `“${from ? "…" : ""}${characters.slice(from, t).join("").replaceAll("\n", "⏎")}”`;
}

// The likeliest, and what comes where it is not among them.
function rowsOf({ next }, actual) {
  const rows = likeliest(next, ROWS);
  if (actual !== null && !rows.some(([code]) => code === actual)) rows.push([actual, next[actual]]);
  return rows;
}

function drawChance(panel, along, row, character, chance, comes) {
  const y = panel.top + ROW * row + 8;
  const end = along(chance);
  label(panel, [panel.left - 10, y + 5], visible(character), { anchor: "end", plain: true, halo: false, size: 15, fill: comes ? "ink" : "muted" });
  const look = `stroke: var(--rnn-y)${comes ? "" : "; opacity: 0.55"}`;
  panel.marks.append(svg("path", { d: `M${panel.left} ${y}H${end.toFixed(1)}`, "stroke-width": 13, style: look }));
  label(panel, [end + 6, y + 4], `${likelihood(chance, 2)}${comes ? " ◂ comes" : ""}`, { plain: true, halo: false, size: 12, fill: comes ? "ink" : "muted" });
}

// ---- All units, and the course of one ------------------------------------------------------------------------------------------

function makeUnits(figure, { set, choose }) {
  const holder = html("div", { class: "rnn-units" });
  figure.append(holder);
  const heat = makePixels(holder, "Units over the text");
  const panel = makePanel(holder, "One unit over the text");
  const still = svg("g", { "aria-hidden": "true" }); // what a keystroke leaves as it is
  panel.root.prepend(still);
  const pick = svg("rect", { class: "rnn-pick", tabindex: -1 });
  panel.front.append(pick);
  const last = {};
  onDrag(panel, pick, (x, y) => {
    choose(Math.round(last.along.invert(x)));
    if (y <= last.foot) set({ unit: Math.max(0, Math.min(last.H - 1, Math.floor(((y - panel.top) / HEAT) * last.H))) });
  });
  function layOut(state, H, width) {
    const key = `${width} ${state.unit} ${state.shown}`;
    if (last.key === key) return;
    panel.resize(width, 34 + HEAT + TRACE, { left: 40, right: 12, top: 34, bottom: 8 });
    Object.assign(last, { key, H, foot: panel.top + HEAT });
    const box = { x: panel.left, y: panel.top, width: panel.right - panel.left, height: panel.bottom - panel.top };
    for (const [name, value] of Object.entries(box)) pick.setAttribute(name, value);
    still.replaceChildren();
    drawFrame({ ...panel, marks: still }, last, state);
  }
  function draw(state, result, width) {
    const { reader, T } = result;
    const { H } = reader;
    layOut(state, H, width);
    last.along = linear([0.5, T + 0.5], [panel.left, panel.right]);
    const of = state.shown === "memory" ? reader.tanhC : reader.h;
    heat.draw({ rows: H, columns: T, value: (row, column) => of[(column + 1) * H + row], left: panel.left, top: panel.top, width: panel.right - panel.left, height: HEAT });
    panel.clear();
    drawCourse(panel, last, state, result);
  }
  return { root: holder, draw };
}

const SYMBOLS = { memory: "tanh c_t", state: "h_t" };
const TONES = { memory: "c", state: "h" };

function drawFrame(panel, { foot, H }, { unit, shown }) {
  const mark = (at, text, options) => label(panel, at, text, { fill: "muted", size: 12, plain: true, halo: false, ...options });
  label(panel, [panel.left, 14], `${SYMBOLS[shown]} of all units`, { size: 13, fill: TONES[shown] });
  const row = (k) => panel.top + ((k + 0.5) / H) * HEAT + 4;
  for (const k of [0, H - 1]) mark([panel.left - 8, row(k)], String(k), { anchor: "end" });
  mark([panel.left - 5, row(unit)], "▸", { anchor: "end", fill: "ink", size: 11 });
  mark([panel.right + 2, row(unit)], "◂", { fill: "ink", size: 11 });
  segment(panel, [panel.left, foot], [panel.right, foot], { stroke: "grid", width: 1 });
  const up = courseScale(panel, foot);
  segment(panel, [panel.left, up(0)], [panel.right, up(0)], { stroke: "axis", width: 1 });
  for (const tick of [-1, 1]) mark([panel.left - 8, up(tick) + 4], tick < 0 ? "−1" : "1", { anchor: "end" });
  mark([panel.left, foot + 14], `unit ${unit}`, { fill: TONES[shown] });
}

function courseScale(panel, foot) {
  return linear([-1, 1], [panel.bottom, foot + 22]);
}

function drawCourse(panel, { along, foot }, { shown }, { values, t }) {
  const up = courseScale(panel, foot);
  segment(panel, [along(t), panel.top - 6], [along(t), panel.bottom], { stroke: "axis", width: 1 });
  line(panel, Array.from(values, (value, k) => [along(k + 1), up(value)]), { stroke: TONES[shown], width: 1.5 });
  dot(panel, [along(t), up(values[t - 1])], { fill: TONES[shown], radius: 4 });
}

// ---- Units and places that behave alike ------------------------------------------------------------------------------------------

function makeLinks(figure, { set, choose }) {
  const [found, places, alike] = [0, 1, 2].map(() => html("div", { class: "rnn-row" }));
  const root = html("div", { class: "rnn-links" }, found, places, alike);
  figure.append(root);
  const fill = (row, words, buttons) => {
    const key = JSON.stringify([words, buttons.map(([text]) => text)]);
    if (row.dataset.key === key) return;
    row.dataset.key = key;
    row.replaceChildren(html("span", { class: "rnn-words" }, words), ...buttons.map(([text, go]) => html("button", { type: "button", onclick: go }, text)));
  };
  function draw({ unit }, result) {
    const { reader, values } = result;
    const go = (number) => () => set({ unit: number, colour: "unit" });
    fill(found, "Units found to follow something:", reader.units.map((one) => [`${one.name} · ${one.unit}`, go(one.unit)]));
    fill(places, `Unit ${unit} is highest after`, peaks(values, PEAKS).map((t) => [before(result, t), () => choose(t)]));
    fill(alike, "Units most like it, r:", reader.alike[unit].map((other, k) => [`${other} (${digits(reader.alikeR[unit][k], 2)})`, go(other)]));
  }
  return { root, draw };
}

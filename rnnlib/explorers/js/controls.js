// What every explorer has around its drawing: the question, a prediction, the sentence, controls, landmarks, a goal,
// reset and copy. An explorer hands over its pure functions and its drawing; this keeps them and the model in step.

import { decimals, decimalsOf, mathsRuns, pythonCode } from "./format.js";
import { defaultsOf, isLandmark, nextSerial, optionValue, parseValue, register, sameValue } from "./links.js";

const WIDTH = 640; // px, until the page tells
const COPIED = 1500; // milliseconds

// An element with attributes, on… listeners and children.
export function html(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== undefined && value !== null && value !== false) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

// A maths label as HTML: variables lean, subscripts are lowered.
export function maths(label) {
  const node = html("span", { class: "rnn-maths" });
  for (const { text, italic, level } of mathsRuns(label)) {
    const inner = italic ? html("i", null, text) : text;
    node.append(level < 0 ? html("sub", null, inner) : level > 0 ? html("sup", null, inner) : inner);
  }
  return node;
}

// Collects calls until the next frame and then runs `work` once.
export function oncePerFrame(work) {
  let waiting = 0;
  const run = () => {
    waiting = 0;
    work();
  };
  const ask = () => (waiting ||= requestAnimationFrame(run));
  ask.cancel = () => cancelAnimationFrame(waiting);
  return ask;
}

// ---- The explorer's frame ------------------------------------------------------------------------------------------
//
// spec          the explorer's .spec.js
// compute       state → result, pure
// describe      (state, result) → the sentence, pure
// outcome       (state, result) → the index of the option that happened, if the spec has a prediction; null: not known yet
// goals         { key: (state, result) → [reached, sentence] }, pure, if the spec has goals
// view          ({ figure, set, redraw, getState }) → { draw(state, result, width), destroy() }
export function mountExplorer({ model, el, spec, compute, describe, outcome, goals, view }) {
  const root = html("div", { class: "rnn-explorer", "data-explorer": spec.name });
  const serial = `rnn-${spec.name}-${nextSerial()}`;
  const getState = () => readState(model, spec);
  const initial = getState();
  const set = (changes) => writeState(model, spec, changes);
  const redraw = oncePerFrame(show);
  const tools = { serial, spec, set, getState, initial, model };

  const figure = html("div", { class: "rnn-figure" });
  const sentence = html("p", { class: "rnn-sentence", "aria-live": "polite", "aria-atomic": "true" });
  const some = (which) => makeControls(spec.controls.filter(which), tools);
  const [over, first, more] = [some((one) => one.above), some((one) => !one.above && !one.more), some((one) => one.more)];
  const parts = [
    spec.prediction && model.get("ask") !== false && !model.get("goal") && makePrediction(tools, (state) => outcome(state, compute(state))),
    makeGoal(tools, goals),
    over.count && { ...over, above: true }, // what the drawing is about stands over it
    first,
    spec.landmarks && makeLandmarks(tools),
    makeMore(more, tools),
  ].filter(Boolean);
  const [top, bottom] = [parts.filter((part) => part.above), parts.filter((part) => !part.above)];
  root.append(makeHeader(spec), ...top.map((part) => part.root), figure, sentence, ...bottom.map((part) => part.root));
  el.append(root);

  // A notebook takes arrow keys and letters for itself: keep them inside.
  root.addEventListener("keydown", (event) => event.stopPropagation());

  const drawing = view({ figure, set, redraw, getState, serial });
  let width = 0;
  function show() {
    const state = getState();
    const result = compute(state);
    width ||= widthOf(figure) || WIDTH;
    drawing.draw(state, result, width);
    const words = describe(state, result);
    if (sentence.textContent !== words) sentence.textContent = words;
    for (const part of parts) part.update?.(state, result);
  }
  // Asked only when it may have changed: to ask at each draw would have the page laid out twice.
  function remeasure() {
    const now = widthOf(figure);
    if (!now || now === width) return;
    width = now;
    redraw();
  }
  show();

  const names = spec.controls.map((control) => control.name);
  const heard = [...names, "goal", "_run"]; // a stored run may come later than the explorer
  for (const name of heard) model.on(`change:${name}`, redraw);
  const watchers = [watchWidth(figure, remeasure), watchTheme(redraw)];
  const leave = register({ id: model.get("id") || spec.name, root, spec, initial, set, getState });
  return () => {
    for (const name of heard) model.off(`change:${name}`, redraw);
    for (const stop of [...watchers, leave, redraw.cancel]) stop();
    drawing.destroy?.();
    root.remove();
  };
}

function readState(model, spec) {
  return Object.fromEntries(spec.controls.map(({ name, default: start }) => [name, model.get(name) ?? start]));
}

function writeState(model, spec, changes) {
  for (const [name, value] of Object.entries(changes)) {
    if (!sameValue(model.get(name), value)) model.set(name, value);
  }
  model.save_changes();
}

// Rounded down: a drawing half a pixel too wide would wrap.
function widthOf(node) {
  return Math.floor(node.getBoundingClientRect().width);
}

function watchWidth(node, changed) {
  const observer = new ResizeObserver(changed);
  observer.observe(node);
  return () => observer.disconnect();
}

// Canvas drawings hold colours, so a change of theme draws anew.
export function watchTheme(changed) {
  const observer = new MutationObserver(changed);
  const options = { attributes: true, attributeFilter: ["data-theme", "data-jp-theme-light", "data-vscode-theme-kind", "class"] };
  for (const node of [document.documentElement, document.body]) observer.observe(node, options);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", changed);
  };
}

function makeHeader(spec) {
  const question = html("p", { class: "rnn-question" }, spec.question);
  return html("div", { class: "rnn-header" }, question, ...(spec.equation ? [html("p", { class: "rnn-equation" }, maths(spec.equation))] : []));
}

// ---- Controls: native inputs with labels ----------------------------------------------------------------------------

function makeControls(list, tools) {
  const made = list.map((control) => makeControl(control, tools));
  const root = html("div", { class: "rnn-controls" }, ...made.map((one) => one.root));
  return { root, count: made.length, update: (state) => made.forEach((one) => one.update(state)) };
}

const MAKERS = {
  range: makeRange,
  integer: makeRange,
  select: makeSelect,
  toggle: makeToggle,
  seed: makeSeed,
  text: makeText,
  numbers: makeText,
};

// One control of the spec: { root, update(state) }. It writes through tools.set.
export function makeControl(control, tools) {
  return MAKERS[control.kind](control, tools);
}

function makeLabel(control, id) {
  const words = control.symbol ? [maths(control.symbol), " ", html("span", { class: "rnn-words" }, control.label)] : [control.label];
  return html("label", { for: id }, ...words);
}

function makeRange(control, { serial, set }) {
  const { name, min, max, step = 1, unit = "", shown } = control; // shown: what stands for 0, 1, … where that says more
  const id = `${serial}-${name}`;
  const value = html("output", { for: id, class: "rnn-value" });
  const input = html("input", { type: "range", id, min, max, step, oninput: () => set({ [name]: Number(input.value) }) });
  const root = html("div", { class: "rnn-control" }, makeLabel(control, id), value, input);
  function update(state) {
    const number = decimals(state[name], Math.max(decimalsOf(step), Math.min(4, decimalsOf(state[name]))));
    const text = (shown?.[state[name]] ?? number) + unit;
    if (Number(input.value) !== state[name]) input.value = state[name];
    input.setAttribute("aria-valuetext", text);
    value.textContent = text;
  }
  return { root, update };
}

function makeSelect(control, { serial, set }) {
  const { name, options } = control;
  const id = `${serial}-${name}`;
  const choices = options.map((option) => html("option", { value: optionValue(option) }, Array.isArray(option) ? option[1] : option));
  const input = html("select", { id, onchange: () => set({ [name]: input.value }) }, ...choices);
  const root = html("div", { class: "rnn-control" }, makeLabel(control, id), input);
  return { root, update: (state) => (input.value = state[name]) };
}

function makeToggle(control, { serial, set }) {
  const { name } = control;
  const id = `${serial}-${name}`;
  const input = html("input", { type: "checkbox", id, onchange: () => set({ [name]: input.checked }) });
  const root = html("div", { class: "rnn-control rnn-toggle" }, input, makeLabel(control, id));
  return { root, update: (state) => (input.checked = state[name]) };
}

// A number that only has to differ, with a button that draws the next one.
function makeSeed(control, { serial, set, getState }) {
  const { name, min, max } = control;
  const id = `${serial}-${name}`;
  const take = () => {
    const value = parseValue(control, input.value);
    if (value !== undefined) set({ [name]: value });
  };
  const next = () => set({ [name]: getState()[name] >= max ? min : getState()[name] + 1 });
  const input = html("input", { type: "number", id, min, max, step: 1, onchange: take });
  const button = html("button", { type: "button", onclick: next, "aria-label": `another ${control.label}` }, "another");
  const root = html("div", { class: "rnn-control" }, makeLabel(control, id), html("div", { class: "rnn-row" }, input, button));
  return { root, update: (state) => (input.value = state[name]) };
}

// Text, or a list of numbers set apart by commas: a list that is none leaves a note and the value as it was.
function makeText(control, { serial, set }) {
  const { name, kind, max, lines } = control; // lines: how many of a text are seen at once, which may then have several
  const id = `${serial}-${name}`;
  const note = html("span", { class: "rnn-note", id: `${id}-note`, role: "status" });
  let typed; // what stands in it
  const take = () => {
    const value = parseValue(control, kind === "numbers" ? input.value.replaceAll("−", "-") : input.value);
    note.textContent = value === undefined ? "numbers, set apart by commas" : "";
    input.setAttribute("aria-invalid", value === undefined);
    if (value === undefined) return;
    typed = value;
    set({ [name]: value });
  };
  const asTyped = { spellcheck: "false", autocapitalize: "off", autocorrect: "off", autocomplete: "off" };
  const look = lines ? { rows: lines, ...asTyped } : { type: "text" };
  const most = kind === "text" ? max : null;
  const input = html(lines ? "textarea" : "input", { ...look, id, maxlength: most, "aria-describedby": note.id, oninput: take });
  const root = html("div", { class: "rnn-control rnn-wide" }, makeLabel(control, id), input, note);
  function update(state) {
    if (document.activeElement === input && sameValue(state[name], typed)) return; // never while it is being typed
    typed = state[name];
    input.value = kind === "numbers" ? state[name].map(String).join(", ").replaceAll("-", "−") : state[name];
  }
  return { root, update };
}

// ---- Predict first: one click, then shown against what happened ------------------------------------------------------

function makePrediction({ serial, spec, set }, happenedIn) {
  const { prompt, options, settings } = spec.prediction;
  const id = `${serial}-predict`;
  const answer = html("p", { class: "rnn-answer", role: "status" });
  const buttons = options.map((option, k) => html("button", { type: "button", onclick: () => choose(k) }, option));
  const skip = html("button", { type: "button", class: "rnn-quiet", onclick: () => close("") }, "skip");
  const asked = html("div", { class: "rnn-asked" }, html("p", { id }, html("b", null, "Predict first. "), prompt), html("div", { class: "rnn-row" }, ...buttons, skip));
  const root = html("div", { class: "rnn-prediction", role: "group", "aria-labelledby": id }, asked, answer);
  const state = { ...defaultsOf(spec), ...settings };

  let said = null; // until it is answered: what happens may wait for a stored run

  function choose(k) {
    said = k;
    set(state);
    close(`You said: ${options[k]}. What happens is not known yet.`);
    update();
  }
  function update() {
    const happened = said === null ? null : happenedIn(state);
    if (happened === null) return;
    const words = said === happened ? "So it is." : `What happened: ${options[happened]}.`;
    answer.textContent = `You said: ${options[said]}. ${words}`;
    root.dataset.right = said === happened;
    said = null;
  }
  // The prompt stays in the page for the group's name; focus goes on to the answer, or to the explorer, not back to the top.
  function close(words) {
    asked.hidden = true;
    answer.textContent = words;
    root.hidden = !words;
    const next = words ? answer : root.parentElement;
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
  }
  return { root, update, above: true };
}

// ---- A goal to reach, judged as the learner moves ----------------------------------------------------------------------

function makeGoal({ spec, model }, goals) {
  const root = html("div", { class: "rnn-goal", hidden: true });
  const task = html("p", null, html("b", null, "Goal. "), "");
  const verdict = html("p", { class: "rnn-verdict", role: "status" });
  root.append(task, verdict);
  function update(state, result) {
    const goal = model.get("goal");
    root.hidden = !goal;
    if (!goal) return;
    const [reached, words] = goals[goal](state, result);
    const text = `${reached ? "✓ Goal reached" : "Not yet"}: ${words}`;
    task.lastChild.data = spec.goals[goal].prompt;
    root.dataset.reached = reached;
    if (verdict.textContent !== text) verdict.textContent = text;
  }
  return { root, update, above: true };
}

// ---- Landmarks, more, reset, copy ---------------------------------------------------------------------------------------

function makeLandmarks({ serial, spec, set }) {
  const id = `${serial}-landmarks`;
  const buttons = Object.entries(spec.landmarks).map(([key, { label, settings }]) => {
    const go = () => set({ ...defaultsOf(spec), ...settings });
    return [key, html("button", { type: "button", "data-landmark": key, "aria-pressed": "false", onclick: go }, label)];
  });
  const row = buttons.map(([, button]) => button);
  const root = html("div", { class: "rnn-landmarks", role: "group", "aria-labelledby": id }, html("span", { id, class: "rnn-words" }, "Go to"), ...row);
  const update = (state) => buttons.forEach(([key, button]) => button.setAttribute("aria-pressed", isLandmark(spec, key, state)));
  return { root, update };
}

function makeMore(more, tools) {
  const { set, initial } = tools;
  const reset = html("button", { type: "button", class: "rnn-quiet", "data-action": "reset", onclick: () => set(initial) }, "reset");
  const actions = html("div", { class: "rnn-row rnn-actions" }, reset, makeCopy(tools));
  const words = more.count ? "more" : "reset, copy";
  const root = html("details", { class: "rnn-more" }, html("summary", null, words), more.root, actions);
  return { root, update: more.update };
}

// The line of Python that recreates the state: copied, and shown where the clipboard is out of reach.
function makeCopy({ spec, getState }) {
  const shown = html("code", { class: "rnn-code", hidden: true });
  const button = html("button", { type: "button", class: "rnn-quiet", "data-action": "copy", onclick: copy }, "copy Python");
  const said = html("span", { role: "status", class: "rnn-note" });
  async function copy() {
    const code = pythonCode(spec.class, changedFrom(spec, getState()));
    shown.textContent = code;
    shown.hidden = false;
    said.textContent = (await toClipboard(code)) ? "copied" : "select the line and copy it";
    setTimeout(() => (said.textContent = ""), COPIED);
  }
  return html("span", { class: "rnn-copy" }, button, said, shown);
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // no permission, or a page without https
  }
}

export function changedFrom(spec, state) {
  const start = defaultsOf(spec);
  return Object.fromEntries(Object.entries(state).filter(([name, value]) => !sameValue(value, start[name])));
}

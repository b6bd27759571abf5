// Three nets learn temporal order side by side: what has been trained, in the page or in the stored run, and what to say of
// it. Pure: no page, no clock. learn_live.py says the same with rnnlib; a test holds them equal.

import { digits } from "./format.js";
import { readArrays } from "./stored.js";
import { finish, makeTraining } from "./trainer.js";
import { spec } from "./learn-live.spec.js";

export const ROUND = spec.round;
export const MOST = spec.controls.find((control) => control.name === "steps").max;
export const CELLS = ["rnn", "gru", "lstm"];
export const NAMES = { rnn: "tanh RNN", gru: "GRU", lstm: "LSTM" };
export const CURVES = [["rnn", "h"], ["gru", "h"], ["lstm", "h"], ["lstm", "c"]]; // of gradients, as stored
export const CHANCE = Math.log(4); // four classes alike
export const LEARNED = 0.1; // the loss below which a net has learned the task
const SETTINGS = spec.controls.map((control) => control.name).filter((name) => name !== "steps");

// ---- Training in the page ----------------------------------------------------------------------------------------------

// What the nets are trained with: everything but how long.
export function keyOf(state) {
  return JSON.stringify(SETTINGS.map((name) => state[name]));
}

function trainerSettings({ T, rate, clip, bias, units, seed }) {
  return { T, rate, bias, units, seed, batch: spec.batch, probe: spec.probe, init: spec.init, bound: clip ? 1 : Infinity };
}

// One training in the page: losses[k] holds the mean loss of each net in round k + 1, reaches[k] how far gradients reach
// after k rounds. advance(goesOn) works until it has no more leave to.
export function makeLive(state) {
  const training = makeTraining(CELLS, trainerSettings(state));
  const live = { losses: [], reaches: [finish(training.reach())] };
  let work = null;
  function* round() {
    const sums = CELLS.map(() => 0);
    for (let k = 0; k < ROUND; k++) (yield* training.work()).forEach((loss, cell) => (sums[cell] += loss));
    live.reaches.push(yield* training.reach());
    live.losses.push(sums.map((sum) => sum / ROUND));
  }
  live.advance = (goesOn) => {
    while (goesOn()) {
      work ??= round();
      if (work.next().done) work = null;
    }
  };
  return live;
}

// The trainings of a page, by their settings; the last few are kept.
export function makeTrainings(most = 3) {
  const kept = new Map();
  function of(state) {
    const key = keyOf(state);
    const live = kept.get(key) ?? makeLive(state);
    kept.delete(key);
    kept.set(key, live);
    if (kept.size > most) kept.delete(kept.keys().next().value);
    return live;
  }
  return { of, forget: (state) => kept.delete(keyOf(state)) };
}

// A training at whose end all steps of the state are taken.
export function trained(state) {
  const live = makeLive(state);
  live.advance(() => live.losses.length < Math.floor(state.steps / ROUND));
  return live;
}

// ---- The stored run --------------------------------------------------------------------------------------------------------

// Losses (settings, seeds, nets, rounds) and gradients (settings, checkpoints, curves, lags), the latter as logarithms.
export function readStored(run) {
  const { losses, reach } = readArrays(run);
  return { settings: run.settings, seeds: run.seeds, losses, reach, shapes: run.shapes };
}

// Which of the stored settings the state has, whatever its seed; −1 if none.
function storedAs(state, stored) {
  return stored ? stored.settings.findIndex((one) => one.every((value, k) => Number(state[SETTINGS[k]]) === value)) : -1;
}

// The losses of one seed and net over the rounds.
function storedLosses({ losses, shapes }, which, seed, cell) {
  const [, seeds, cells, rounds] = shapes.losses;
  const from = ((which * seeds + seed) * cells + cell) * rounds;
  return losses.subarray(from, from + rounds);
}

// The lowest and the highest loss over the seeds, round by round, for each net.
function bandsOf(stored, which, rounds) {
  const of = (cell) => stored.seeds.map((_, seed) => storedLosses(stored, which, seed, cell));
  const pair = (rows, k) => [Math.min(...rows.map((row) => row[k])), Math.max(...rows.map((row) => row[k]))];
  return CELLS.map((_, cell) => Array.from({ length: rounds }, (_, k) => pair(of(cell), k)));
}

function fromStored(stored, which, rounds) {
  const curves = CELLS.map((_, cell) => storedLosses(stored, which, 0, cell));
  const [, checkpoints, count, lags] = stored.shapes.reach;
  const every = curves[0].length / (checkpoints - 1);
  const at = Math.floor(rounds / every); // the last checkpoint so far
  const reaches = CELLS.map(() => ({}));
  CURVES.forEach(([cell, name], k) => {
    const from = ((which * checkpoints + at) * count + k) * lags;
    reaches[CELLS.indexOf(cell)][name] = stored.reach.subarray(from, from + lags).map((power) => 10 ** power);
  });
  return { losses: Array.from({ length: rounds }, (_, k) => curves.map((curve) => curve[k])), reach: reaches, measured: ROUND * at * every };
}

// ---- What is known of a state --------------------------------------------------------------------------------------------

// live: a training with these settings; stored: the stored run, or null. Trained in the page if it has come so far; else
// stored; else as far as the page has come.
export function compute(state, stored, live) {
  const rounds = Math.floor(state.steps / ROUND);
  const which = storedAs(state, stored);
  const known = which >= 0 && state.seed === stored.seeds[0];
  const [done, source] = live.losses.length >= rounds ? [rounds, "page"] : known ? [rounds, "stored"] : [live.losses.length, "page"];
  const found = source === "stored" ? fromStored(stored, which, rounds) : { losses: live.losses.slice(0, done), reach: live.reaches[done], measured: ROUND * done };
  const bands = which >= 0 ? bandsOf(stored, which, rounds) : null;
  return { ...found, rounds, done, source, here: live.losses.length, bands, learned: CELLS.map((_, cell) => learnedAt(found.losses, cell)), lag: firstLag(state) };
}

// The step at which the loss was below LEARNED for the first time, or 0.
function learnedAt(losses, cell) {
  return ROUND * (losses.findIndex((row) => row[cell] < LEARNED) + 1);
}

// From the end back to where the first of the two symbols stands, in the mean of all sequences.
export function firstLag({ T }) {
  return T - Math.floor((3 * T) / 20);
}

export function reachAt({ reach }, cell, name, lag) {
  const norms = reach[CELLS.indexOf(cell)][name];
  return norms[lag] / norms[0];
}

// ---- The sentence ------------------------------------------------------------------------------------------------------------

export function describe(state, result) {
  if (result.done < result.rounds) return missing(state, result);
  return [standing(state, result), verdict(result), reachWords(result)].filter(Boolean).join(" ");
}

function means({ rate, clip, bias, T }) {
  return `(learning rate ${digits(rate)}, ${clip ? "clipped at norm 1" : "no clipping"}, f and z biased by ${digits(bias)}, T = ${T})`;
}

function missing(state, { rounds, done }) {
  const far = done ? `only the first ${ROUND * done} have been` : "none has been";
  return `${ROUND * rounds} steps ${means(state)}: ${far} trained in this page. Run trains on.`;
}

function standing(state, { rounds, losses }) {
  const chance = `chance is ln 4 = ${digits(CHANCE)}`;
  if (!rounds) return `Before the first step ${means(state)} no net knows an answer; ${chance}.`;
  const each = CELLS.map((cell, k) => `${digits(losses[rounds - 1][k], 3, 0)} for the ${NAMES[cell]}`);
  return `After ${ROUND * rounds} steps ${means(state)} the loss is ${listed(each)}; ${chance}.`;
}

function verdict({ rounds, learned }) {
  if (!rounds) return "";
  const have = CELLS.flatMap((cell, k) => (learned[k] ? [`the ${NAMES[cell]} at step ${learned[k]}`] : []));
  if (!have.length) return "None has learned the order.";
  const others = CELLS.flatMap((cell, k) => (learned[k] ? [] : [`the ${NAMES[cell]}`]));
  return `Below 0.1 for the first time: ${listed(have)}${others.length ? `; not ${listed(others, "or")}` : ""}.`;
}

function reachWords(result) {
  const left = (cell, name) => digits(reachAt(result, cell, name, result.lag), 2, 0);
  const each = CELLS.map((cell) => `${left(cell, "h")} in the ${NAMES[cell]}`);
  const when = result.measured < ROUND * result.rounds ? `At step ${result.measured}, of` : "Of"; // stored now and then only
  return `${when} ‖∂L/∂h‖ at the end there is left, ${result.lag} steps back by the first symbol, ${listed(each)}, which keeps ${left("lstm", "c")} of ‖∂L/∂c‖.`;
}

function listed(parts, word = "and") {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} ${word} ${parts[parts.length - 1]}`;
}

export function outcome(state, { learned }) {
  const [rnn, gru, lstm] = learned;
  return rnn && gru && lstm ? 0 : gru && lstm ? 1 : 2;
}

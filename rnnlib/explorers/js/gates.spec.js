// What Gates is, for JavaScript and Python alike. Strict JSON. `hand` are the weights from x and the biases, made by hand so
// that a gate opens for a large input: [from x, bias] of each block, "sign" where odd units take the other sign.
export const spec = {
  "name": "gates",
  "class": "Gates",
  "question": "What does each gate let through?",
  "hand": {
    "lstm": { "i": [8, -4, "sign"], "f": [0, "forget_bias"], "g": [3, 0], "o": [0, 0] },
    "gru": { "r": [0, 0], "z": [-6, "forget_bias", "sign"], "n": [3, 0] }
  },
  "controls": [
    { "name": "i", "symbol": "i", "label": "input", "kind": "select", "options": ["free", ["0", "pin 0"], ["1", "pin 1"]], "default": "free" },
    { "name": "f", "symbol": "f", "label": "forget", "kind": "select", "options": ["free", ["0", "pin 0"], ["1", "pin 1"]], "default": "free" },
    { "name": "o", "symbol": "o", "label": "output", "kind": "select", "options": ["free", ["0", "pin 0"], ["1", "pin 1"]], "default": "free" },
    { "name": "r", "symbol": "r", "label": "reset", "kind": "select", "options": ["free", ["0", "pin 0"], ["1", "pin 1"]], "default": "free" },
    { "name": "z", "symbol": "z", "label": "update", "kind": "select", "options": ["free", ["0", "pin 0"], ["1", "pin 1"]], "default": "free" },
    { "name": "forget_bias", "label": "forget bias (GRU: the bias of z)", "kind": "range", "min": -2, "max": 8, "step": 0.5, "default": 3 },
    { "name": "cell", "label": "cell", "kind": "select", "options": [["lstm", "LSTM"], ["gru", "GRU"]], "default": "lstm", "more": true },
    { "name": "reset", "symbol": "r", "label": "acts", "kind": "select", "options": [["after", "after the product: r ⊙ (h W)"], ["before", "before it: (r ⊙ h) W"]], "default": "after", "more": true },
    { "name": "loss", "symbol": "L", "label": "sums the units of", "kind": "select", "options": [["c", "the last cell state"], ["h", "the last state h"]], "default": "c", "more": true },
    { "name": "unit", "label": "unit to look at", "kind": "integer", "min": 0, "max": 3, "default": 0, "more": true },
    { "name": "start", "label": "where c (GRU: h) starts", "kind": "range", "min": -1, "max": 1, "step": 0.1, "default": 0, "more": true },
    { "name": "pulse", "symbol": "x_2", "label": "the pulse", "kind": "range", "min": -2, "max": 2, "step": 0.1, "default": 1, "more": true },
    { "name": "noise", "symbol": "x_t", "label": "size of the noise after it", "kind": "range", "min": 0, "max": 1, "step": 0.05, "default": 0.2, "more": true },
    { "name": "gain", "symbol": "W_{hh}", "label": "size of the recurrent weights", "kind": "range", "min": 0, "max": 8, "step": 0.5, "default": 1, "more": true },
    { "name": "T", "symbol": "T", "label": "steps", "kind": "integer", "min": 5, "max": 60, "default": 20, "more": true },
    { "name": "units", "symbol": "H", "label": "units", "kind": "integer", "min": 1, "max": 4, "default": 2, "more": true },
    { "name": "seed", "label": "seed of the noise and the recurrent weights", "kind": "seed", "min": 0, "max": 9999, "default": 0, "more": true }
  ],
  "prediction": {
    "prompt": "The pulse is written into c at t = 2. Pin the output gate to 0, so that h is 0 at every step. What of the pulse is left in c₂₀?",
    "options": ["nothing: what is never shown is lost", "most of it: c does not go through o", "all of it: no gate takes from c"],
    "settings": { "o": "0" }
  },
  "landmarks": {
    "open": { "label": "f = 1", "settings": { "f": "1" } },
    "forget-bias-1": { "label": "forget bias 1", "settings": { "forget_bias": 1, "gain": 0, "pulse": 0, "noise": 0, "start": 1 } },
    "closed-input": { "label": "i = 0", "settings": { "i": "0" } },
    "no-output": { "label": "o = 0", "settings": { "o": "0", "loss": "h" } },
    "gru-hold": { "label": "GRU, z = 1", "settings": { "cell": "gru", "z": "1", "start": 0.8 } },
    "reset-after": { "label": "GRU, reset after", "settings": { "cell": "gru", "gain": 4 } },
    "reset-before": { "label": "GRU, reset before", "settings": { "cell": "gru", "gain": 4, "reset": "before" } }
  },
  "goals": {
    "hold": { "prompt": "With no gate pinned and T of 40 or more, let the last c (GRU: h) hold at least nine tenths of what the pulse left at t = 2." },
    "explodes": { "prompt": "In an LSTM, let the gradient grow at least tenfold on its way back from the last cell state to c₀." }
  }
};

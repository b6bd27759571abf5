// What HiddenStates is, for JavaScript and Python alike. Strict JSON. `vocabulary` holds the characters of the Zen,
// sorted, as rnnlib.data.encode gives them; `shown` the training step of each stored checkpoint.
export const spec = {
  "name": "hidden-states",
  "class": "HiddenStates",
  "question": "What does the state hold?",
  "equation": "h_t = φ(x_t W_{xh} + h_{t−1} W_{hh} + b_h)",
  "vocabulary": "\n !'*,-.ABCDEFINPRSTUZabcdefghiklmnoprstuvwxy",
  "run": "zen_rnn",
  "controls": [
    { "name": "text", "label": "text to read", "kind": "text", "max": 120, "default": "Beautiful is better than ugly." },
    { "name": "gain", "symbol": "W_{hh}", "label": "gain", "kind": "range", "min": 0, "max": 4, "step": 0.05, "default": 1 },
    { "name": "checkpoint", "label": "training so far", "kind": "integer", "min": 0, "max": 5, "default": 5, "shown": ["0", "30", "100", "300", "1000", "3000"], "unit": " steps" },
    { "name": "mode", "label": "weights", "kind": "select", "options": [["live", "random, drawn here"], ["run", "trained on the Zen of Python"]], "default": "live", "more": true },
    { "name": "units", "symbol": "H", "label": "units", "kind": "integer", "min": 4, "max": 32, "default": 16, "more": true },
    { "name": "init", "symbol": "W_{hh}", "label": "drawn as", "kind": "select", "options": ["orthogonal", "uniform", "identity", "normal"], "default": "orthogonal", "more": true },
    { "name": "activation", "symbol": "φ", "label": "activation", "kind": "select", "options": ["tanh", "identity", "relu", "sigmoid"], "default": "tanh", "more": true },
    { "name": "seed", "label": "seed of the weights", "kind": "seed", "min": 0, "max": 9999, "default": 0, "more": true }
  ],
  "prediction": {
    "prompt": "Train a network to foresee the next character. Which characters will surprise it most in the end?",
    "options": ["letters inside words", "the first letters of words", "all about alike"],
    "settings": { "mode": "run", "checkpoint": 5 }
  },
  "landmarks": {
    "zen": { "label": "random weights", "settings": {} },
    "forgetful": { "label": "forgetful", "settings": { "gain": 0.3 } },
    "saturated": { "label": "saturated", "settings": { "gain": 4 } },
    "untrained": { "label": "before training", "settings": { "mode": "run", "checkpoint": 0 } },
    "trained": { "label": "after training", "settings": { "mode": "run", "checkpoint": 5 } }
  }
};

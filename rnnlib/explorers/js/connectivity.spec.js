// What Connectivity is, for JavaScript and Python alike. Strict JSON. `symbols` are those of temporal order, in the order
// of rnnlib.tasks.temporal_order; `order` the T of the task that the nets were trained on: T to T + T/10 symbols.
export const spec = {
  "name": "connectivity",
  "class": "Connectivity",
  "question": "Which inputs does this output depend on?",
  "equation": "o_T = h_T W_{hy} + b_y",
  "run": "order_nets",
  "symbols": "abcdXYEB",
  "order": 50,
  "controls": [
    { "name": "cell", "label": "net to read", "kind": "select", "options": [["gru", "GRU"], ["lstm", "LSTM"], ["rnn", "tanh RNN"]], "default": "gru" },
    { "name": "k", "symbol": "k", "label": "step", "kind": "integer", "min": 1, "max": 55, "default": 28 },
    { "name": "symbol", "symbol": "x_k", "label": "symbol read there", "kind": "select", "options": [["keep", "as drawn"], "a", "b", "c", "d", "X", "Y"], "default": "keep" },
    { "name": "seed", "label": "sequence", "kind": "seed", "min": 0, "max": 9999, "default": 88 },
    { "name": "swap", "label": "swap the two relevant symbols", "kind": "toggle", "default": false, "more": true },
    { "name": "logit", "symbol": "o_T", "label": "logit", "kind": "select", "options": [["own", "of each net's own answer"], ["XX", "of X X"], ["XY", "of X Y"], ["YX", "of Y X"], ["YY", "of Y Y"]], "default": "own", "more": true },
    { "name": "scale", "label": "bars", "kind": "select", "options": [["absolute", "absolute: one scale for all nets"], ["share", "normalised: as shares of each net's largest"]], "default": "absolute", "more": true }
  ],
  "prediction": {
    "prompt": "In one sequence the LSTM rightly answers Y Y. At the second Y the gradient of that logit is the smallest of all 55 steps. Put an X in its place. What does the LSTM answer?",
    "options": ["Y Y as before: the gradient there is next to nothing", "Y X"],
    "settings": { "cell": "lstm", "seed": 180, "k": 25 }
  },
  "landmarks": {
    "relevant": { "label": "the relevant two", "settings": {} },
    "gradient-is-not-importance": { "label": "a gradient is not importance", "settings": { "cell": "lstm", "seed": 180, "k": 25 } },
    "tanh-forgets": { "label": "the tanh RNN forgets", "settings": { "cell": "rnn" } },
    "other-order": { "label": "the other order", "settings": { "swap": true } }
  },
  "goals": {
    "flips-with-small-gradient": { "prompt": "Find a net, a sequence and a step k where replacing the symbol flips the answer, though more than half of all steps have a larger gradient." }
  }
};

// What Unroll is, for JavaScript and Python alike. Strict JSON.
export const spec = {
  "name": "unroll",
  "class": "Unroll",
  "question": "Is it one cell or T cells?",
  "controls": [
    {"name": "view", "label": "drawing", "kind": "select", "options": ["folded", "unrolled"], "default": "unrolled"},
    {"name": "T", "symbol": "T", "label": "steps", "kind": "integer", "min": 1, "max": 8, "step": 1, "default": 5},
    {"name": "task", "label": "task", "kind": "select", "options": ["many-to-many", "many-to-one", "one-to-many", "one-to-one"], "default": "many-to-many", "more": true},
    {"name": "x", "symbol": "x_1, x_2, …", "label": "inputs; a longer run starts the list again", "kind": "numbers", "min": -10, "max": 10, "fewest": 1, "most": 8, "default": [1, 0.5, -1, 0, 2], "more": true},
    {"name": "h0", "symbol": "h_0", "label": "initial state", "kind": "numbers", "min": -3, "max": 3, "fewest": 2, "most": 2, "default": [0, 0], "more": true},
    {"name": "W_xh", "symbol": "W_{xh}", "label": "input weights", "kind": "numbers", "min": -10, "max": 10, "fewest": 2, "most": 2, "default": [1, -0.5], "more": true},
    {"name": "W_hh", "symbol": "W_{hh}", "label": "recurrent weights, row by row", "kind": "numbers", "min": -10, "max": 10, "fewest": 4, "most": 4, "default": [0.8, 0.3, -0.4, 0.6], "more": true},
    {"name": "b_h", "symbol": "b_h", "label": "bias", "kind": "numbers", "min": -10, "max": 10, "fewest": 2, "most": 2, "default": [0, 0.1], "more": true},
    {"name": "W_hy", "symbol": "W_{hy}", "label": "output weights", "kind": "numbers", "min": -10, "max": 10, "fewest": 2, "most": 2, "default": [1, -1], "more": true},
    {"name": "b_y", "symbol": "b_y", "label": "output bias", "kind": "numbers", "min": -10, "max": 10, "fewest": 1, "most": 1, "default": [0], "more": true}
  ],
  "prediction": {
    "prompt": "Change x₃ from −1 to 1 and nothing else. Which states change?",
    "options": ["only h₃", "h₃ and all later ones", "all of them", "none"],
    "settings": {"x": [1, 0.5, 1, 0, 2]}
  },
  "landmarks": {
    "folded": {"label": "folded", "settings": {"view": "folded"}},
    "unrolled": {"label": "unrolled", "settings": {}},
    "longer": {"label": "longer", "settings": {"T": 8}},
    "many-to-one": {"label": "many-to-one", "settings": {"task": "many-to-one"}},
    "one-to-many": {"label": "one-to-many", "settings": {"task": "one-to-many"}},
    "informed": {"label": "informed start", "settings": {"h0": [0.9, -0.9]}}
  },
  "goals": {
    "negative-output": {"prompt": "Change only h₀, within −1 and 1, so that the first output o₁ becomes negative."}
  }
};

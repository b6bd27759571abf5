// What BpttStepper is, for JavaScript and Python alike. Strict JSON. Steps 1 … 6 go forward, 7 … 12 back, 13 sums up.
export const spec = {
  "name": "bptt-stepper",
  "class": "BpttStepper",
  "question": "Where does each term of ∂L/∂w come from?",
  "controls": [
    { "name": "step", "label": "step of the computation", "kind": "integer", "min": 0, "max": 13, "default": 0, "shown": ["nothing yet", "forward, t = 1", "forward, t = 2", "forward, t = 3", "forward, t = 4", "forward, t = 5", "forward, t = 6", "back, t = 6", "back, t = 5", "back, t = 4", "back, t = 3", "back, t = 2", "back, t = 1", "summed"] },
    { "name": "w", "symbol": "w", "label": "recurrent weight", "kind": "range", "min": -3, "max": 3, "step": 0.05, "default": 0.5 },
    { "name": "of", "label": "gradient with respect to", "kind": "select", "options": [["w", "w, the recurrent weight"], ["u", "u, the input weight"], ["b", "b, the bias"]], "default": "w", "more": true },
    { "name": "loss", "symbol": "L", "label": "the loss", "kind": "select", "options": [["every", "at every step"], ["last", "at the last step only"]], "default": "every", "more": true },
    { "name": "activation", "symbol": "φ", "label": "activation", "kind": "select", "options": ["tanh", "identity", "relu", "sigmoid"], "default": "tanh", "more": true },
    { "name": "u", "symbol": "u", "label": "input weight", "kind": "range", "min": -2, "max": 2, "step": 0.05, "default": 0.3, "more": true },
    { "name": "b", "symbol": "b", "label": "bias", "kind": "range", "min": -2, "max": 2, "step": 0.05, "default": 0, "more": true },
    { "name": "h0", "symbol": "h_0", "label": "start", "kind": "range", "min": -1.5, "max": 1.5, "step": 0.05, "default": 0.5, "more": true },
    { "name": "x", "symbol": "x_1, …, x_6", "label": "inputs", "kind": "numbers", "min": -3, "max": 3, "fewest": 6, "most": 6, "default": [1, -0.5, 0, 1, -1, 0.5], "more": true },
    { "name": "y", "symbol": "y_1, …, y_6", "label": "targets", "kind": "numbers", "min": -3, "max": 3, "fewest": 6, "most": 6, "default": [0.8, 0.4, 0.4, 0.8, 0, 0.5], "more": true },
    { "name": "train", "label": "steps of training from these weights", "kind": "integer", "min": 0, "max": 300, "default": 0, "more": true },
    { "name": "rate", "label": "learning rate", "kind": "range", "min": 0.01, "max": 2, "step": 0.01, "default": 0.1, "more": true }
  ],
  "prediction": {
    "prompt": "The loss is at h₆ only, and w = 0.5. Where does ∂L/∂w come from?",
    "options": ["from step 6 alone, where the loss is", "from all six steps about alike", "from all six, most from the last two"],
    "settings": { "step": 13, "loss": "last" }
  },
  "landmarks": {
    "start": { "label": "start", "settings": {} },
    "first-delta": { "label": "the first δ", "settings": { "step": 7 } },
    "summed": { "label": "summed", "settings": { "step": 13 } },
    "vanishes": { "label": "vanishes", "settings": { "step": 13, "w": 0.3, "loss": "last" } },
    "explodes": { "label": "explodes", "settings": { "step": 13, "w": 1.8, "loss": "last", "activation": "identity" } }
  },
  "goals": {
    "earliest-largest": { "prompt": "With a loss at the last step only, make step 1 add more to ∂L/∂w, in absolute value, than any other step." },
    "trained": { "prompt": "Train until L is below a hundredth of what it was before the first step of training." }
  }
};

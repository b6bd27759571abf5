// What PhasePlane is, for JavaScript and Python alike. Strict JSON.
export const spec = {
  "name": "phase-plane",
  "class": "PhasePlane",
  "question": "What does a two-unit net do with where it starts?",
  "equation": "h_t = tanh(h_{t−1} W + b + x_t u)",
  "controls": [
    { "name": "g", "symbol": "g", "label": "gain, W = g M", "kind": "range", "min": 0, "max": 3, "step": 0.05, "default": 0.5 },
    { "name": "T", "symbol": "T", "label": "steps", "kind": "integer", "min": 1, "max": 60, "default": 20 },
    { "name": "start1", "symbol": "h_{0,1}", "label": "start of unit 1", "kind": "range", "min": -1, "max": 1, "step": 0.01, "default": 0.4, "more": true },
    { "name": "start2", "symbol": "h_{0,2}", "label": "start of unit 2", "kind": "range", "min": -1, "max": 1, "step": 0.01, "default": -0.1, "more": true },
    { "name": "m11", "symbol": "m_{11}", "label": "from unit 1 to unit 1", "kind": "range", "min": -3, "max": 3, "step": 0.05, "default": 1, "more": true },
    { "name": "m12", "symbol": "m_{12}", "label": "from unit 1 to unit 2", "kind": "range", "min": -3, "max": 3, "step": 0.05, "default": 0.5, "more": true },
    { "name": "m21", "symbol": "m_{21}", "label": "from unit 2 to unit 1", "kind": "range", "min": -3, "max": 3, "step": 0.05, "default": 0.5, "more": true },
    { "name": "m22", "symbol": "m_{22}", "label": "from unit 2 to unit 2", "kind": "range", "min": -3, "max": 3, "step": 0.05, "default": 1, "more": true },
    { "name": "b1", "symbol": "b_1", "label": "bias of unit 1", "kind": "range", "min": -2, "max": 2, "step": 0.05, "default": 0, "more": true },
    { "name": "b2", "symbol": "b_2", "label": "bias of unit 2", "kind": "range", "min": -2, "max": 2, "step": 0.05, "default": 0, "more": true },
    { "name": "radius", "symbol": "r", "label": "radius of the circle of starts", "kind": "range", "min": 0.01, "max": 0.5, "step": 0.01, "default": 0.1, "more": true },
    { "name": "input", "symbol": "x_t", "label": "input", "kind": "select", "options": [["none", "none"], ["pulse", "one pulse, x₁ = 1"], ["noise", "noise"]], "default": "none", "more": true },
    { "name": "u1", "symbol": "u_1", "label": "input weight of unit 1", "kind": "range", "min": -3, "max": 3, "step": 0.05, "default": 1, "more": true },
    { "name": "u2", "symbol": "u_2", "label": "input weight of unit 2", "kind": "range", "min": -3, "max": 3, "step": 0.05, "default": 0, "more": true },
    { "name": "seed", "label": "seed of the noise", "kind": "seed", "min": 0, "max": 9999, "default": 0, "more": true }
  ],
  "prediction": {
    "prompt": "Raise g from 0.5 to 1, so that W has the eigenvalues 1.5 and 0.5, and let a small circle of starts around (0.4, −0.1) run. What becomes of it?",
    "options": ["it shrinks from the first step on", "it grows, then shrinks to a point", "it grows for ever", "it keeps its size, more or less"],
    "settings": { "g": 1 }
  },
  "landmarks": {
    "fades": { "label": "fades", "settings": {} },
    "latch": { "label": "latch", "settings": { "g": 1 } },
    "rotates": { "label": "rotates", "settings": { "g": 1.2, "m11": 0.6, "m12": 0.8, "m21": -0.8, "m22": 0.6, "start1": 0.3, "start2": 0, "T": 40 } },
    "saddle": { "label": "saddle", "settings": { "g": 1, "start1": 0.9, "start2": -0.85 } },
    "ellipse": { "label": "ellipse", "settings": { "g": 1, "m11": 0.9, "m12": 1, "m21": 0, "m22": 0.9, "start1": 0.2, "start2": -0.6, "radius": 0.15, "T": 3 } }
  },
  "goals": {
    "latch": { "prompt": "Find weights and a bias that is not 0 with two stable fixed points, so that the net can keep one bit." }
  }
};

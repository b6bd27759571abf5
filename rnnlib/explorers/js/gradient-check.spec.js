// What GradientCheck is, for JavaScript and Python alike. Strict JSON. The net has `inputs` = D, `units` = H and one output.
// Each bug: how the menu names it, the right line of code, the wrong one, and what it does. `clipTo` is the bug's max_norm.
export const spec = {
  "name": "gradient-check",
  "class": "GradientCheck",
  "question": "Would you catch this bug?",
  "equation": "(L(θ + ε) − L(θ − ε)) / 2ε ≈ ∂L/∂θ",
  "inputs": 2,
  "units": 3,
  "clipTo": 0.1,
  "tolerance": { "float64": 1e-5, "float32": 0.02 },
  "controls": [
    { "name": "bug", "label": "planted bug", "kind": "select", "options": [["none", "none: the gradient is right"], ["transposed", "W_hh is not transposed"], ["slope", "φ′ is missing"], ["no-next", "dh_next is dropped"], ["not-summed", "dW_hh is not summed over time"], ["shifted", "h_t stands for h_{t−1}"], ["last-only", "only the last step's loss goes back"], ["averaged", "the loss is a sum, its gradient a mean"], ["clipped", "clipped before the check"], ["global", "the loss reads a global, not its argument"]], "default": "none" },
    { "name": "power", "symbol": "ε", "label": "step of the differences", "kind": "integer", "min": 1, "max": 12, "default": 5, "shown": ["1", "10⁻¹", "10⁻²", "10⁻³", "10⁻⁴", "10⁻⁵", "10⁻⁶", "10⁻⁷", "10⁻⁸", "10⁻⁹", "10⁻¹⁰", "10⁻¹¹", "10⁻¹²"] },
    { "name": "precision", "label": "numbers", "kind": "select", "options": [["float64", "float64, 53 bits"], ["float32", "float32, 24 bits"]], "default": "float64", "more": true },
    { "name": "difference", "label": "difference", "kind": "select", "options": [["central", "central, (L(θ + ε) − L(θ − ε)) / 2ε"], ["one-sided", "one-sided, (L(θ + ε) − L(θ)) / ε"]], "default": "central", "more": true },
    { "name": "init", "symbol": "W_{hh}", "label": "made as", "kind": "select", "options": [["uniform", "uniform"], ["orthogonal", "orthogonal"], ["identity", "the identity"]], "default": "uniform", "more": true },
    { "name": "T", "symbol": "T", "label": "steps", "kind": "integer", "min": 1, "max": 6, "default": 5, "more": true },
    { "name": "seed", "label": "seed of weights and data", "kind": "seed", "min": 0, "max": 9999, "default": 0, "more": true }
  ],
  "bugs": {
    "transposed": { "right": "dh_next = da @ W_hh.T", "wrong": "dh_next = da @ W_hh", "words": "W_hh is not transposed on the way back" },
    "slope": { "right": "da = dh * (1 - h[t] ** 2)", "wrong": "da = dh", "words": "φ′ is missing on the way back" },
    "no-next": { "right": "dh = do[t] @ W_hy.T + dh_next", "wrong": "dh = do[t] @ W_hy.T", "words": "What arrives from the next step is dropped" },
    "not-summed": { "right": "dW_hh += outer(h[t-1], da)", "wrong": "dW_hh = outer(h[t-1], da)", "words": "Each step overwrites the gradient of W_hh" },
    "shifted": { "right": "dW_hh += outer(h[t-1], da)", "wrong": "dW_hh += outer(h[t], da)", "words": "The new state stands where the old one belongs" },
    "last-only": { "right": "do[t] = o[t] - y[t]", "wrong": "do[t] = (o[t] - y[t]) * (t == T)", "words": "Only the last step's loss is passed back" },
    "averaged": { "right": "do[t] = o[t] - y[t]", "wrong": "do[t] = (o[t] - y[t]) / T", "words": "L sums over the steps, and its gradient is divided by T" },
    "clipped": { "right": "return loss, grads", "wrong": "clip_grad_norm(grads, 0.1); return loss, grads", "words": "The gradient is clipped to length 0.1 before the check" },
    "global": { "right": "f = lambda p: loss(p)", "wrong": "f = lambda p: loss(params)", "words": "The checked function reads a global in place of its argument" }
  },
  "prediction": {
    "prompt": "The gradient is right, and ε = 10⁻⁵. You make ε a hundred thousand times smaller, 10⁻¹⁰. Does the error shrink?",
    "options": ["yes: a smaller step is nearer to the derivative", "it stays about the same", "no: it grows"],
    "settings": { "power": 10 }
  },
  "landmarks": {
    "correct": { "label": "correct", "settings": {} },
    "transposed": { "label": "transposed", "settings": { "bug": "transposed" } },
    "not-summed": { "label": "not summed", "settings": { "bug": "not-summed" } },
    "rounding": { "label": "rounding", "settings": { "power": 11 } },
    "float32": { "label": "float32", "settings": { "precision": "float32" } }
  },
  "goals": {
    "hide-a-bug": { "prompt": "Plant a bug and choose the weights or T so that the check passes all the same." },
    "best-step": { "prompt": "In float32, without a bug, find the ε at which the error is smallest." }
  }
};

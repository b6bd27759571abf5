// What JacobianProduct is, for JavaScript and Python alike. Strict JSON.
export const spec = {
  "name": "jacobian-product",
  "class": "JacobianProduct",
  "question": "When does the product of the Jacobians grow?",
  "equation": "∂h_t/∂h_0 = J_1 J_2 ⋯ J_t",
  "controls": [
    { "name": "g", "symbol": "g", "label": "gain, W = g M", "kind": "range", "min": 0, "max": 3, "step": 0.05, "default": 0.5 },
    { "name": "activation", "symbol": "φ", "label": "activation", "kind": "select", "options": ["tanh", "identity", "relu", "sigmoid"], "default": "tanh" },
    { "name": "m11", "symbol": "m_{11}", "label": "from unit 1 to unit 1", "kind": "range", "min": -5, "max": 5, "step": 0.05, "default": 1, "more": true },
    { "name": "m12", "symbol": "m_{12}", "label": "from unit 1 to unit 2", "kind": "range", "min": -5, "max": 5, "step": 0.05, "default": 1, "more": true },
    { "name": "m21", "symbol": "m_{21}", "label": "from unit 2 to unit 1", "kind": "range", "min": -5, "max": 5, "step": 0.05, "default": -0.5, "more": true },
    { "name": "m22", "symbol": "m_{22}", "label": "from unit 2 to unit 2", "kind": "range", "min": -5, "max": 5, "step": 0.05, "default": 0.5, "more": true },
    { "name": "b1", "symbol": "b_1", "label": "bias of unit 1", "kind": "range", "min": -3, "max": 3, "step": 0.05, "default": 0, "more": true },
    { "name": "b2", "symbol": "b_2", "label": "bias of unit 2", "kind": "range", "min": -3, "max": 3, "step": 0.05, "default": 0, "more": true },
    { "name": "start1", "symbol": "h_{0,1}", "label": "start of unit 1", "kind": "range", "min": -1, "max": 1, "step": 0.05, "default": 0.5, "more": true },
    { "name": "start2", "symbol": "h_{0,2}", "label": "start of unit 2", "kind": "range", "min": -1, "max": 1, "step": 0.05, "default": 0.3, "more": true },
    { "name": "noise", "label": "noise in the input", "kind": "range", "min": 0, "max": 2, "step": 0.05, "default": 0, "more": true },
    { "name": "seed", "label": "seed of the noise", "kind": "seed", "min": 0, "max": 9999, "default": 0, "more": true },
    { "name": "T", "symbol": "T", "label": "steps", "kind": "integer", "min": 10, "max": 100, "default": 60, "more": true }
  ],
  "prediction": {
    "prompt": "W = [[0.9, 5], [0, 0.9]] has the eigenvalue 0.9, twice. Without an activation, J₁ ⋯ Jₜ is its t-th power. What does the norm of that power do?",
    "options": ["it shrinks at every step", "it grows, then shrinks", "it grows for ever", "it stays at 1"],
    "settings": { "g": 1, "activation": "identity", "m11": 0.9, "m12": 5, "m21": 0, "m22": 0.9 }
  },
  "landmarks": {
    "vanishes": { "label": "vanishes", "settings": {} },
    "orthogonal": { "label": "orthogonal", "settings": { "g": 1, "activation": "identity", "m11": 0.6, "m12": 0.8, "m21": -0.8, "m22": 0.6 } },
    "transient": { "label": "transient", "settings": { "g": 1, "activation": "identity", "m11": 0.9, "m12": 5, "m21": 0, "m22": 0.9 } },
    "chaotic": { "label": "chaotic", "settings": { "g": 3, "m11": 1, "m12": -1, "m21": 1, "m22": -1, "b1": -1.5, "b2": 3, "start1": 0, "start2": 0, "T": 50 } },
    "dead": { "label": "dead", "settings": { "g": 3, "m11": 1, "m12": -1, "m21": 1, "m22": -1, "start1": 0.2, "start2": 0.1, "T": 50 } }
  },
  "goals": {
    "explodes-with-small-rho": { "prompt": "Keep the spectral radius of W below 1, and let ‖∂h₅₀/∂h₀‖ grow beyond 10⁴." }
  }
};

// What GradientNorm is, for JavaScript and Python alike. Strict JSON. `inputs` is D, the features of one step.
export const spec = {
  "name": "gradient-norm",
  "class": "GradientNorm",
  "question": "How much of the loss at T still reaches step t?",
  "equation": "W_{hh} = Q (g I + s N) Q^⊤",
  "inputs": 4,
  "controls": [
    { "name": "g", "symbol": "g", "label": "sets ρ", "kind": "range", "min": 0, "max": 2, "step": 0.05, "default": 0.9 },
    { "name": "s", "symbol": "s", "label": "raises sₘₐₓ", "kind": "range", "min": 0, "max": 2, "step": 0.05, "default": 0 },
    { "name": "cell", "label": "cell", "kind": "select", "options": [["rnn", "RNN"], ["lstm", "LSTM"], ["gru", "GRU"]], "default": "rnn", "more": true },
    { "name": "forget_bias", "symbol": "b_f", "label": "forget bias", "kind": "range", "min": -2, "max": 10, "step": 0.5, "default": 1, "more": true },
    { "name": "loss", "symbol": "L", "label": "the loss", "kind": "select", "options": [["last", "at the last step only"], ["every", "at every step"], ["one", "at one step"]], "default": "last", "more": true },
    { "name": "at", "symbol": "τ", "label": "step of the loss", "kind": "integer", "min": 1, "max": 100, "default": 25, "more": true },
    { "name": "activation", "symbol": "φ", "label": "activation", "kind": "select", "options": ["tanh", "identity", "relu", "sigmoid"], "default": "tanh", "more": true },
    { "name": "init", "symbol": "W_{hh}", "label": "made as", "kind": "select", "options": [["schur", "Q (g I + s N) Qᵀ"], ["orthogonal", "g times an orthogonal matrix"], ["identity", "g times the identity"], ["uniform", "uniform in ±g/√H"], ["normal", "normal, variance g²/H"]], "default": "schur", "more": true },
    { "name": "T", "symbol": "T", "label": "steps", "kind": "integer", "min": 5, "max": 100, "default": 50, "more": true },
    { "name": "units", "symbol": "H", "label": "units", "kind": "integer", "min": 2, "max": 32, "default": 16, "more": true },
    { "name": "scale", "symbol": "x_t", "label": "size of the inputs", "kind": "range", "min": 0, "max": 5, "step": 0.1, "default": 1, "more": true },
    { "name": "max_norm", "label": "clip ‖∂L/∂W‖ to", "kind": "range", "min": 0.1, "max": 10, "step": 0.1, "default": 1, "more": true },
    { "name": "seed", "label": "seed of weights and inputs", "kind": "seed", "min": 0, "max": 9999, "default": 0, "more": true }
  ],
  "prediction": {
    "prompt": "Raise g, and with it ρ, from 0.9 to 1.5. What becomes of the gradient on its way back from h₅₀ to h₀?",
    "options": ["it grows", "it about keeps its size", "it vanishes"],
    "settings": { "g": 1.5 }
  },
  "landmarks": {
    "flat": { "label": "flat", "settings": { "g": 1, "activation": "identity", "init": "orthogonal" } },
    "vanishes": { "label": "vanishes", "settings": { "g": 0.5 } },
    "explodes": { "label": "explodes", "settings": { "g": 2, "init": "orthogonal", "units": 32, "scale": 0.3 } },
    "saturates": { "label": "saturates", "settings": { "g": 2, "init": "orthogonal", "units": 32, "scale": 5 } },
    "transient": { "label": "grows, then fades", "settings": { "g": 0.6, "s": 0.8, "activation": "identity", "units": 8 } },
    "every-step": { "label": "a loss at every step", "settings": { "g": 0.5, "loss": "every" } },
    "lstm": { "label": "LSTM", "settings": { "g": 0.5, "cell": "lstm" } },
    "lstm-open": { "label": "LSTM, forget bias 5", "settings": { "g": 0.5, "cell": "lstm", "forget_bias": 5 } },
    "gru": { "label": "GRU", "settings": { "g": 0.5, "cell": "gru" } }
  },
  "goals": {
    "grows-below-one": { "prompt": "Keep ρ below 1, and let the gradient grow at least tenfold somewhere on its way back." },
    "vanishes-above-one": { "prompt": "With ρ of 1.2 or more, let less than a thousandth of the gradient reach h₀." }
  }
};

// What ScalarRecurrence is, for JavaScript and Python alike. Strict JSON.
export const spec = {
  "name": "scalar-recurrence",
  "class": "ScalarRecurrence",
  "question": "Where does h go?",
  "equation": "h_t = φ(w h_{t−1} + u x_t + b)",
  "controls": [
    { "name": "w", "symbol": "w", "label": "recurrent weight", "kind": "range", "min": -3, "max": 3, "step": 0.05, "default": 0.5 },
    { "name": "h0", "symbol": "h_0", "label": "start", "kind": "range", "min": -1.5, "max": 1.5, "step": 0.05, "default": 0.9 },
    { "name": "b", "symbol": "b", "label": "bias", "kind": "range", "min": -2, "max": 2, "step": 0.05, "default": 0, "more": true },
    { "name": "activation", "symbol": "φ", "label": "activation", "kind": "select", "options": ["tanh", "identity", "relu", "sigmoid"], "default": "tanh", "more": true },
    { "name": "input", "symbol": "x_t", "label": "input", "kind": "select", "options": [["none", "none"], ["pulse", "one pulse, x₁ = 1"], ["steps", "a push up, a push down"], ["noise", "noise"]], "default": "none", "more": true },
    { "name": "u", "symbol": "u", "label": "input weight", "kind": "range", "min": -2, "max": 2, "step": 0.05, "default": 1, "more": true },
    { "name": "T", "symbol": "T", "label": "steps", "kind": "integer", "min": 8, "max": 100, "default": 24, "more": true },
    { "name": "seed", "label": "seed of the noise", "kind": "seed", "min": 0, "max": 9999, "default": 0, "more": true }
  ],
  "prediction": {
    "prompt": "Raise w from 0.5 to 1.5 and start at h₀ = 0.1, without input. Where does h go?",
    "options": ["back to 0", "to a value between 0 and 1, and stays there", "beyond all bounds", "back and forth for ever"],
    "settings": { "w": 1.5, "h0": 0.1 }
  },
  "landmarks": {
    "fades": { "label": "fades", "settings": { "w": 0.5, "h0": 0.9 } },
    "two-futures": { "label": "two futures", "settings": { "w": 1.5, "h0": 0.1 } },
    "other-future": { "label": "the other future", "settings": { "w": 1.5, "h0": -0.1 } },
    "flips": { "label": "flips", "settings": { "w": -1.5, "h0": 0.1 } },
    "remembers": { "label": "remembers", "settings": { "w": 1, "h0": 0, "activation": "identity", "input": "pulse" } },
    "grows": { "label": "grows", "settings": { "w": 1.1, "h0": 0.1, "activation": "identity" } },
    "critical": { "label": "critical", "settings": { "w": 1, "h0": 0.9, "T": 60 } }
  },
  "goals": {
    "two-futures": { "prompt": "Find w and b, with b not 0, so that two starts end in different places." },
    "remember-pulse": { "prompt": "With tanh and one pulse at x₁, keep h above 0.5 until t = T, where without the pulse it would not be." },
    "period-two": { "prompt": "Make h swing between two values for ever." }
  }
};

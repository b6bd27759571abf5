// What LossCliff is, for JavaScript and Python alike. Strict JSON. `x0`, `T` and `target` are those of E; `map` is what of the
// surface is drawn.
export const spec = {
  "name": "loss-cliff",
  "class": "LossCliff",
  "question": "Why does one step throw training away?",
  "equation": "x ← w σ(x) + b,  E = (σ(x_{50}) − 0.7)^2",
  "x0": 0.5,
  "T": 50,
  "target": 0.7,
  "map": { "w": [3, 7], "b": [-4, 0] },
  "controls": [
    { "name": "steps", "label": "steps of descent", "kind": "integer", "min": 0, "max": 60, "default": 0 },
    { "name": "clipping", "label": "clip the gradient's norm", "kind": "toggle", "default": false },
    { "name": "w", "symbol": "w", "label": "at the start", "kind": "range", "min": 3, "max": 7, "step": 0.01, "default": 5, "more": true },
    { "name": "b", "symbol": "b", "label": "at the start", "kind": "range", "min": -4, "max": 0, "step": 0.01, "default": -2, "more": true },
    { "name": "rate", "label": "learning rate", "kind": "range", "min": 0.05, "max": 2, "step": 0.05, "default": 1, "more": true },
    { "name": "max_norm", "label": "clip ‖∇E‖ to", "kind": "range", "min": 0.05, "max": 2, "step": 0.05, "default": 0.5, "more": true }
  ],
  "prediction": {
    "prompt": "Descent starts at w = 5, b = −2, where the slope is gentle: ‖∇E‖ = 0.055. What do 60 steps with learning rate 1 make of E?",
    "options": ["it falls at every step", "it falls, then one step throws it away for good", "it rises from the first step on"],
    "settings": { "steps": 60 }
  },
  "landmarks": {
    "cliff": { "label": "on the cliff", "settings": { "b": -2.61234136 } },
    "beside": { "label": "beside it", "settings": {} },
    "thrown": { "label": "thrown", "settings": { "steps": 60 } },
    "clipped": { "label": "clipped", "settings": { "steps": 60, "clipping": true } }
  },
  "goals": {
    "survive": { "prompt": "From a start where descent without clipping is thrown away, come down to E < 0.005." }
  }
};

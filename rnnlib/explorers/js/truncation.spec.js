// What Truncation is, for JavaScript and Python alike. Strict JSON.
export const spec = {
  "name": "truncation",
  "class": "Truncation",
  "question": "What does cutting the history cost?",
  "equation": "‖g_{full} − g_{trunc}‖ / ‖g_{full}‖",
  "controls": [
    { "name": "window", "symbol": "k", "label": "window", "kind": "integer", "min": 1, "max": 60, "default": 5 },
    { "name": "gain", "symbol": "W_{hh}", "label": "gain", "kind": "range", "min": 0, "max": 2, "step": 0.05, "default": 0.9 },
    { "name": "meaning", "label": "truncation", "kind": "select", "options": [["cuts", "cut at inputs k, 2k, …"], ["reach", "each loss reaches k steps back"]], "default": "cuts", "more": true },
    { "name": "carry", "label": "carry the state across the cuts", "kind": "toggle", "default": true, "more": true },
    { "name": "delay", "symbol": "d", "label": "the target is x of d steps ago", "kind": "integer", "min": 0, "max": 9, "default": 3, "more": true },
    { "name": "T", "symbol": "T", "label": "steps", "kind": "integer", "min": 10, "max": 60, "default": 40, "more": true },
    { "name": "units", "symbol": "H", "label": "units", "kind": "integer", "min": 2, "max": 16, "default": 8, "more": true },
    { "name": "seed", "label": "seed of weights and inputs", "kind": "seed", "min": 0, "max": 9999, "default": 0, "more": true }
  ],
  "prediction": {
    "prompt": "In this net the gradient grows on its way back: gain 1.6, T = 40. Keep windows of 25 steps. How far off is the gradient?",
    "options": ["by less than half of it", "by half of it or more, yet better than none", "by more than the whole: no gradient would be nearer"],
    "settings": { "window": 25, "gain": 1.6, "seed": 24 }
  },
  "landmarks": {
    "whole": { "label": "the whole history", "settings": { "window": 40 } },
    "short": { "label": "shorter than the delay", "settings": { "window": 2 } },
    "worse-than-nothing": { "label": "worse than nothing", "settings": { "window": 25, "gain": 1.6, "seed": 24 } },
    "reset": { "label": "state reset", "settings": { "carry": false } }
  },
  "goals": {
    "worse-than-nothing": { "prompt": "Find a window whose gradient is further from the whole one than no gradient at all is." },
    "reach-beats-cuts": { "prompt": "With a delay of 3 or more, lose less than a tenth of the gradient with a window of 5 or less." }
  }
};

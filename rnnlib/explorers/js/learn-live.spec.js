// What LearnLive is, for JavaScript and Python alike. Strict JSON. `batch` sequences a step, `probe` sequences to measure
// gradients on; steps are taken `round` at a time; `run` is the stored run of runs/learn_live.py.
export const spec = {
  "name": "learn-live",
  "class": "LearnLive",
  "question": "Which cell learns to remember, and for how long?",
  "run": "learn_live",
  "batch": 32,
  "probe": 6,
  "round": 10,
  "init": "orthogonal",
  "controls": [
    { "name": "T", "symbol": "T", "label": "symbols a sequence", "kind": "integer", "min": 20, "max": 60, "step": 5, "default": 50 },
    { "name": "steps", "label": "steps of training", "kind": "integer", "min": 0, "max": 300, "step": 10, "default": 0 },
    { "name": "rate", "label": "learning rate", "kind": "range", "min": 0.002, "max": 0.3, "step": 0.002, "default": 0.01, "more": true },
    { "name": "clip", "label": "clip the gradient's norm at 1", "kind": "toggle", "default": true, "more": true },
    { "name": "bias", "label": "bias of f and z, the gates that keep, at the start", "kind": "range", "min": -2, "max": 5, "step": 0.5, "default": 1, "more": true },
    { "name": "units", "symbol": "H", "label": "units", "kind": "integer", "min": 4, "max": 32, "default": 16, "more": true },
    { "name": "seed", "label": "seed of weights and batches", "kind": "seed", "min": 0, "max": 9999, "default": 0, "more": true }
  ],
  "prediction": {
    "prompt": "Which of X and Y came first, and which second? The answer is asked for some 45 symbols after the first. Three nets of 16 units see the same 300 batches. Which of them learn it?",
    "options": ["all three", "the GRU and the LSTM", "none of them"],
    "settings": { "steps": 300 }
  },
  "landmarks": {
    "gru-learns": { "label": "the GRU learns", "settings": { "steps": 150 } },
    "before": { "label": "before training", "settings": {} },
    "tanh-stays": { "label": "the tanh RNN stays", "settings": { "steps": 300 } },
    "too-fast": { "label": "too fast", "settings": { "steps": 300, "rate": 0.3 } },
    "no-clipping": { "label": "no clipping", "settings": { "steps": 300, "clip": false } },
    "forgetful": { "label": "bias 0", "settings": { "steps": 300, "bias": 0 } }
  }
};

// What TextReader is, for JavaScript and Python alike. Strict JSON. `run` is the net of runs/reference_text.py, fetched once
// the explorer comes near (`late`); `ahead`, how many characters it writes on; `word`, the made-up word of the prediction.
export const spec = {
  "name": "text-reader",
  "class": "TextReader",
  "question": "What does a character model know while it reads?",
  "equation": "ŷ_t = softmax(h_t W_{hy} + b_y)",
  "run": "reference_text",
  "late": true,
  "units": 128,
  "ahead": 12,
  "word": "quompf",
  "controls": [
    { "name": "text", "label": "text to read", "kind": "text", "max": 240, "lines": 3, "above": true, "default": "If a class defines the method \"__len__()\", it is called by the\nbuilt-in function \"len()\" and must return an \"int\"." },
    { "name": "colour", "label": "colour the text by", "kind": "select", "options": [["unit", "one unit"], ["surprise", "the surprise"]], "default": "unit" },
    { "name": "unit", "label": "unit", "kind": "integer", "min": 0, "max": 127, "default": 71 },
    { "name": "shown", "label": "of each unit", "kind": "select", "options": [["state", "h: what it lets out"], ["memory", "tanh c: what it keeps"]], "default": "state", "more": true },
    { "name": "back", "label": "characters before the end", "kind": "integer", "min": 0, "max": 239, "default": 0, "more": true },
    { "name": "temperature", "symbol": "τ", "label": "temperature", "kind": "range", "min": 0.1, "max": 2, "step": 0.1, "default": 1, "more": true },
    { "name": "seed", "label": "seed of what it writes", "kind": "seed", "min": 0, "max": 9999, "default": 0, "more": true }
  ],
  "prediction": {
    "prompt": "A made-up word stands twice in one sentence. How surprised is the model by its letters the second time?",
    "options": ["much less: it has just read the word", "about as much as the first time"],
    "settings": { "text": "If the quompf is a string, return the quompf as it is.", "colour": "surprise", "back": 12 }
  },
  "landmarks": {
    "quotes": { "label": "inside quotes", "settings": {} },
    "along-the-word": { "label": "along the word", "settings": { "unit": 112 } },
    "sure": { "label": "one guess left", "settings": { "text": "def __init__(sel", "colour": "surprise" } },
    "made-up-word": { "label": "a word it has just read", "settings": { "text": "If the quompf is a string, return the quompf as it is.", "colour": "surprise", "back": 12 } },
    "cold": { "label": "cold", "settings": { "text": "The ", "temperature": 0.2 } }
  },
  "goals": {
    "certain": { "prompt": "Write a beginning of at least 5 characters after which the model gives one character a chance of 0.99 or more." },
    "worse-than-blind": { "prompt": "Find at least 20 characters, 10 of them different, that surprise the model more on average than a blind guess would: more than ln 101." }
  }
};

// What Question is, for JavaScript and Python alike. Strict JSON. Its prompt, options and answer come with each question.
export const spec = {
  "name": "question",
  "class": "Question",
  "question": "",
  "address": false,
  "controls": [],
  "landmarks": {}
};

// A predict question: each option has its own reply, and all of them may be tried.

import { html } from "./controls.js";
import { inlineRuns } from "./format.js";
import { nextSerial } from "./links.js";

export function render({ model, el }) {
  const id = `rnn-question-${nextSerial()}`;
  const right = [model.get("answer")].flat();
  const options = model.get("options").map(([text, reply]) => makeOption(text, reply, right.includes(text), choose));
  const reply = html("p", { class: "rnn-reply", role: "status" });
  const prompt = html("p", { class: "rnn-prompt", id }, ...inline(model.get("prompt")));
  const list = html("div", { class: "rnn-options" }, ...options.map((option) => option.root));
  const root = html("div", { class: "rnn-explorer rnn-question-card", "data-explorer": "question", role: "group", "aria-labelledby": id }, prompt, list, reply);
  root.addEventListener("keydown", (event) => event.stopPropagation());
  el.append(root);

  function choose(text) {
    model.set("chosen", text);
    model.save_changes();
  }
  function show() {
    const chosen = options.find((option) => option.text === model.get("chosen"));
    for (const option of options) option.mark(option === chosen);
    reply.replaceChildren(...(chosen ? [chosen.isRight ? "✓ " : "✗ ", ...inline(chosen.reply)] : []));
    reply.classList.toggle("rnn-right", Boolean(chosen?.isRight));
  }
  model.on("change:chosen", show);
  show();
  return () => {
    model.off("change:chosen", show);
    root.remove();
  };
}

// A button that keeps its sign once it has been tried.
function makeOption(text, reply, isRight, choose) {
  const sign = html("span", { class: "rnn-sign", "aria-hidden": "true" });
  const root = html("button", { type: "button", "aria-pressed": "false", onclick: () => choose(text) }, sign, html("span", null, ...inline(text)));
  function mark(chosen) {
    root.setAttribute("aria-pressed", chosen);
    if (chosen) sign.textContent = isRight ? "✓" : "✗";
  }
  return { text, reply, isRight, root, mark };
}

function inline(text) {
  return inlineRuns(text).map(({ text: words, tag }) => (tag ? html(tag, null, words) : words));
}

// Numbers and symbols as text, in the same words as text.py. Pure: no page.

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

// A number with n significant digits, trailing zeros dropped, a true minus, and × 10ᵏ where it is tiny or huge.
// Below `floor` it counts as 0: what rounding leaves of a state; products of many factors take floor 0.
export function digits(x, n = 3, floor = 1e-12) {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? "not a number" : x > 0 ? "∞" : "−∞";
  const size = Math.abs(x);
  if (size < floor || size === 0) return "0";
  const [mantissa, power] = size.toExponential(n - 1).split("e");
  const e = Number(power);
  const plain = e >= -4 && e < 6;
  const text = plain ? trimmed(size.toFixed(Math.max(0, n - 1 - e))) : `${trimmed(mantissa)} × 10${superscript(e)}`;
  return x < 0 ? `−${text}` : text;
}

// However tiny it is: what many factors leave of a gradient.
export function exactly(x, n = 3) {
  return digits(x, n, 0);
}

function trimmed(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

// A number with a fixed count of decimals, so that columns align.
export function decimals(x, count) {
  const text = Math.abs(x).toFixed(count);
  return x < 0 && Number(text) !== 0 ? `−${text}` : text;
}

export function superscript(k) {
  return (k < 0 ? "⁻" : "") + [...String(Math.abs(k))].map((digit) => SUPERSCRIPTS[digit]).join("");
}

export function subscript(k) {
  return [...String(k)].map((digit) => SUBSCRIPTS[digit]).join("");
}

// How many decimals a slider with this step needs.
export function decimalsOf(step) {
  return (String(step).split(".")[1] ?? "").length;
}

// A maths label such as "h_t", "W_{hh}" or "∂L/∂h_{t−1}" as runs of { text, italic, level }; level −1 is a subscript,
// 1 a superscript. Single letters are variables and lean; numbers, signs and words such as tanh stand.
export function mathsRuns(label) {
  const runs = [];
  for (const [, mark, braced, single, plain] of label.matchAll(/([_^])(?:\{([^}]*)\}|(.))|([^_^]+)/gu)) {
    const level = mark === undefined ? 0 : mark === "_" ? -1 : 1;
    for (const text of (braced ?? single ?? plain).match(/\p{L}+|[^\p{L}]+/gu) ?? []) {
      runs.push({ text, italic: /^\p{L}$/u.test(text), level });
    }
  }
  return runs;
}

// A value as Python writes it.
export function pythonLiteral(value) {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(", ")}]`;
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

// The line of Python that makes an explorer with these settings.
export function pythonCode(className, settings) {
  const words = Object.entries(settings).map(([name, value]) => `${name}=${pythonLiteral(value)}`);
  return `rnnlib.explorers.${className}(${words.join(", ")})`;
}

// Text with *emphasis* and `code` as runs of { text, tag }; everything else is as it stands.
export function inlineRuns(text) {
  const marked = /`([^`]+)`|\*([^\s*](?:[^*]*[^\s*])?)\*|([^`*]+|[`*])/gu;
  return [...text.matchAll(marked)].map(([, code, emphasis, plain]) => {
    if (code !== undefined) return { text: code, tag: "code" };
    return emphasis !== undefined ? { text: emphasis, tag: "em" } : { text: plain, tag: "" };
  });
}

// Linear algebra of 2×2 matrices [a, b, c, d], row by row, in closed forms that do not cancel, and the product
// J_1 ⋯ J_t of many of them, which neither overflows nor underflows. Pure; linear.py has the same lines.

import { digits, superscript } from "./format.js";

const SPLIT = 2 ** 27 + 1; // cuts a float64 into two halves whose products are exact (Dekker 1971)
const LOG2 = Math.log10(2);

export const MAX_SLOPE = { tanh: 1, relu: 1, sigmoid: 0.25, identity: 1 };

// ---- One matrix ----------------------------------------------------------------------------------------------------

// [p, e] with x y = p + e exactly.
function exactProduct(x, y) {
  const p = x * y;
  const [x1, x2] = halves(x);
  const [y1, y2] = halves(y);
  return [p, x2 * y2 - (p - x1 * y1 - x2 * y1 - x1 * y2)];
}

function halves(x) {
  const scaled = SPLIT * x;
  const top = scaled - (scaled - x);
  return [top, x - top];
}

// a d + sign b c, right to the last digits even where the two terms nearly cancel.
function sumOfProducts(a, d, sign, b, c) {
  const [p, e] = exactProduct(a, d);
  const [q, f] = exactProduct(sign * b, c);
  return p + q + (e + f);
}

export function determinant([a, b, c, d]) {
  return sumOfProducts(a, d, -1, b, c);
}

// The two eigenvalues as [real, imaginary], the larger first. The smaller of two real ones is det / larger.
export function eigenvalues(matrix) {
  const [a, b, c, d] = matrix;
  const mean = (a + d) / 2;
  const half = (a - d) / 2;
  const discriminant = sumOfProducts(half, half, 1, b, c);
  if (discriminant < 0) return [[mean, Math.sqrt(-discriminant)], [mean, -Math.sqrt(-discriminant)]];
  const root = Math.sqrt(discriminant);
  const larger = mean < 0 ? mean - root : mean + root;
  return [[larger, 0], [larger === 0 ? 0 : determinant(matrix) / larger, 0]];
}

export function spectralRadius(matrix) {
  return Math.max(...eigenvalues(matrix).map(([real, imaginary]) => Math.hypot(real, imaginary)));
}

// [s_max, s_min]; the smaller is |det| / larger.
export function singularValues(matrix) {
  const [a, b, c, d] = matrix;
  const larger = (Math.hypot(a + d, b - c) + Math.hypot(a - d, b + c)) / 2;
  return [larger, larger === 0 ? 0 : Math.abs(determinant(matrix)) / larger];
}

export function product([a, b, c, d], [e, f, g, h]) {
  return [a * e + b * g, a * f + b * h, c * e + d * g, c * f + d * h];
}

// W diag(s, t): each column times its own slope.
export function scaleColumns([a, b, c, d], s, t) {
  return [a * s, b * t, c * s, d * t];
}

// ---- φ′ and the product of many Jacobians ----------------------------------------------------------------------------

// φ′(a) from a itself: 1 − h² would be 0 as soon as h rounds to 1.
export function slope(activation, a) {
  if (activation === "identity") return 1;
  if (activation === "relu") return a > 0 ? 1 : 0;
  const e = Math.exp(activation === "tanh" ? -2 * Math.abs(a) : -Math.abs(a));
  return ((activation === "tanh" ? 4 : 1) * e) / ((1 + e) * (1 + e));
}

// J_t = W diag(φ′(a_t)), and of J_1 ⋯ J_t for t = 0 … T: the decimal logarithms of its singular values (−∞ for 0), and
// the product itself as a matrix times a power of two, so that nothing leaves the range of a float.
export function jacobianProducts(W, slopes) {
  const T = slopes.length / 2;
  const size = Math.log10(Math.abs(determinant(W)));
  const products = [{ matrix: [1, 0, 0, 1], power: 0 }];
  const [largest, smallest] = [[0], [0]];
  let logDeterminant = 0;
  for (let t = 1; t <= T; t++) {
    const [s1, s2] = [slopes[2 * t - 2], slopes[2 * t - 1]];
    const { matrix, power } = products[t - 1];
    products.push(rescaled(product(matrix, scaleColumns(W, s1, s2)), power));
    logDeterminant += size + Math.log10(s1) + Math.log10(s2);
    largest.push(logOfNorm(products[t]));
    smallest.push(largest[t] === -Infinity ? -Infinity : Math.min(largest[t], logDeterminant - largest[t]));
  }
  return { products, largest, smallest };
}

function rescaled(matrix, power) {
  const size = Math.max(...matrix.map(Math.abs));
  if (size === 0) return { matrix, power: 0 };
  const step = Math.floor(Math.log2(size));
  return { matrix: matrix.map((value) => value / 2 ** step), power: power + step };
}

function logOfNorm({ matrix, power }) {
  return Math.log10(singularValues(matrix)[0]) + power * LOG2;
}

// ---- In words -------------------------------------------------------------------------------------------------------

// 10^l with n digits, whatever l is.
export function powerOfTen(l, n = 3) {
  if (l === -Infinity) return "0";
  if (l > -300 && l < 300) return digits(10 ** l, n, 0);
  const k = Math.floor(l);
  const mantissa = digits(10 ** (l - k), n);
  return mantissa === "10" ? `1 × 10${superscript(k + 1)}` : `${mantissa} × 10${superscript(k)}`;
}

export function matrixText([a, b, c, d], n = 3) {
  const [one, two, three, four] = [a, b, c, d].map((value) => digits(value, n));
  return `[[${one}, ${two}], [${three}, ${four}]]`;
}

// The entries of a matrix times a power of two.
export function scaledText({ matrix, power }, n = 3) {
  const entry = (value) => (value < 0 ? "−" : "") + powerOfTen(Math.log10(Math.abs(value)) + power * LOG2, n);
  const [a, b, c, d] = matrix.map(entry);
  return `[[${a}, ${b}], [${c}, ${d}]]`;
}

// "0.9, twice", "1.5 and 0.5", "0.6 ± 0.8i".
export function eigenvaluesText([[real, imaginary], [other]]) {
  if (imaginary !== 0) return `${digits(real)} ± ${digits(Math.abs(imaginary))}i`;
  const [one, two] = [digits(real), digits(other)];
  return one === two ? `${one}, twice` : `${one} and ${two}`;
}

// Stored runs, as runs.py packs them: { shapes, float16, … }, little-endian, one array after another in the order of
// `shapes`. Pure, but for findRun, which looks where a kernel or a script of the site put the run.

// IEEE 754 half precision, exactly: 1 sign, 5 exponent and 10 fraction bits.
export function float16(bits) {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction * 2 ** -24);
}

// Bytes come as base64 in a script of the site, as a DataView from a kernel.
export function viewOf(bytes) {
  if (typeof bytes === "string") return new DataView(Uint8Array.from(atob(bytes), (byte) => byte.charCodeAt(0)).buffer);
  return new DataView(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);
}

// The arrays as { name: Float64Array }, row by row.
export function readArrays({ shapes, float16: bytes }) {
  const view = viewOf(bytes);
  const arrays = {};
  let at = 0;
  for (const [name, shape] of Object.entries(shapes)) {
    const size = shape.reduce((product, length) => product * length, 1);
    const start = at;
    arrays[name] = Float64Array.from({ length: size }, (_, k) => float16(view.getUint16(start + 2 * k, true)));
    at += 2 * size;
  }
  return arrays;
}

// Arrays kept as whole numbers from −127 to 127 in `int8`, their shapes in `bytes`: { name: Int8Array }, row by row.
export function readBytes({ bytes: shapes, int8 }) {
  const view = viewOf(int8);
  const arrays = {};
  let at = view.byteOffset;
  for (const [name, shape] of Object.entries(shapes)) {
    const size = shape.reduce((product, length) => product * length, 1);
    arrays[name] = new Int8Array(view.buffer, at, size);
    at += size;
  }
  return arrays;
}

// A function that finds the run of this name, decoded once for as long as it is the same; null where there is none.
export function findRun(model, name, decode) {
  let [packed, decoded] = [null, null];
  return () => {
    const sent = model.get("_run");
    const found = sent && Object.keys(sent).length ? sent : (globalThis.rnnlibRuns?.[name] ?? null);
    if (found !== packed) [packed, decoded] = [found, found && decode(found)];
    return decoded;
  };
}

// Links in the prose that set an explorer: #explore/<id>/<landmark> or #explore/<id>?w=1.5&b=0. Every live explorer
// is listed once for the whole page, whichever script drew it, so a link also reaches a widget in JupyterLab.

const KEY = Symbol.for("rnnlib.explorers");
const FLASH = 1200; // milliseconds
const REST = 200; // milliseconds without a move, after which a scroll is over
const BY_HAND = ["wheel", "touchstart", "pointerdown", "keydown"];

function page() {
  globalThis[KEY] ??= { serial: 0, live: new Set(), listening: false };
  return globalThis[KEY];
}

// A number that no other explorer on this page has, for element ids.
export function nextSerial() {
  return page().serial++;
}

// List a live explorer { id, root, spec, initial, set }; returns the function that takes it off the list.
export function register(entry) {
  const { live } = page();
  live.add(entry);
  listen();
  return () => live.delete(entry);
}

// Capture comes before a notebook's own handling of links.
function listen() {
  if (page().listening) return;
  page().listening = true;
  document.addEventListener("click", onClick, true);
}

function onClick(event) {
  const link = event.target.closest?.('a[href^="#explore/"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  if (!follow(link.getAttribute("href"), link)) return;
  event.preventDefault();
  event.stopPropagation();
}

// Set the explorer that the link names, bring it into view and let it flash. Returns whether there was one.
export function follow(hash, near) {
  const target = parseHash(hash);
  const entry = target && nearest([...page().live].filter((one) => one.id === target.id && one.root.isConnected), near);
  if (!entry) return false;
  const settings = settingsOf(target, entry.spec, entry.initial);
  if (settings) entry.set(settings);
  bringIntoView(entry.root);
  flash(entry);
  return true;
}

// A smooth scroll may be broken off by another one, or miss what has grown on its way: when all is at rest, the rest of
// the way is made at once. Whoever takes to scrolling meanwhile is left alone. Where not all of an explorer has room on
// the screen, it is the drawing that comes to its middle.
function bringIntoView(root) {
  page().leave?.();
  const part = root.offsetHeight > innerHeight ? root.querySelector(".rnn-figure") : null;
  const go = (behavior) => (part ?? root).scrollIntoView({ block: "center", behavior });
  const placeNow = () => root.getBoundingClientRect().top;
  let place;
  const timer = setInterval(() => {
    if (placeNow() === place) {
      leave();
      go("instant");
    }
    place = placeNow();
  }, REST);
  const leave = () => {
    clearInterval(timer);
    for (const kind of BY_HAND) removeEventListener(kind, leave, true);
  };
  for (const kind of BY_HAND) addEventListener(kind, leave, true);
  page().leave = leave;
  go(matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth");
}

// A second link within the time of the first flash starts it anew.
function flash(entry) {
  clearTimeout(entry.flash);
  entry.root.classList.add("rnn-flash");
  entry.flash = setTimeout(() => entry.root.classList.remove("rnn-flash"), FLASH);
}

// Two explorers may share an id, as two cells of a notebook do: the one nearest to the link is meant.
function nearest(entries, near) {
  const from = near ? near.getBoundingClientRect().top : 0;
  const distance = (entry) => Math.abs(entry.root.getBoundingClientRect().top - from);
  return entries.sort((one, other) => distance(one) - distance(other))[0];
}

// "#explore/id/landmark" or "#explore/id?w=1" as { id, landmark, query }, or null.
export function parseHash(hash) {
  const match = /^#explore\/([^/?]+)(?:\/([^?]+))?(?:\?(.*))?$/.exec(hash);
  if (!match) return null;
  const [, id, landmark, query] = match;
  return { id: decode(id), landmark: landmark && decode(landmark), query };
}

// The settings a link asks for: a landmark's over the explorer's defaults, a query's over what the author set.
export function settingsOf({ landmark, query }, spec, initial) {
  if (landmark !== undefined) {
    const found = Object.hasOwn(spec.landmarks ?? {}, landmark) && spec.landmarks[landmark];
    return found ? { ...defaultsOf(spec), ...found.settings } : null;
  }
  return query === undefined ? null : { ...initial, ...parseQuery(query, spec) };
}

export function defaultsOf(spec) {
  return Object.fromEntries(spec.controls.map((control) => [control.name, control.default]));
}

// What is not a control, or not a value it takes, is left out: a link may come from anywhere.
function parseQuery(query, spec) {
  const settings = {};
  for (const part of query.split("&")) {
    const [name, text = ""] = part.split("=").map(decode);
    const control = spec.controls.find((one) => one.name === name);
    const value = control && parseValue(control, text);
    if (value !== undefined) settings[name] = value;
  }
  return settings;
}

function decode(text) {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return "";
  }
}

// Text as a control's value, held within its bounds; undefined if it is none.
export function parseValue(control, text) {
  const { kind, options, min, max } = control;
  if (kind === "text") return cut(text, max);
  if (kind === "toggle") return text === "true" ? true : text === "false" ? false : undefined;
  if (kind === "select") return options.find((option) => optionValue(option) === text) && text;
  const held = (part) => Math.min(max, Math.max(min, kind === "range" || kind === "numbers" ? part : Math.round(part)));
  const values = text.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  if (!values.every(Number.isFinite)) return undefined;
  if (kind !== "numbers") return held(values[0]);
  const fits = values.length >= (control.fewest ?? 1) && values.length <= (control.most ?? Infinity);
  return fits ? values.map(held) : undefined;
}

// At most so many UTF-16 units, and no half of a character outside the basic plane, which no address could hold.
function cut(text, most) {
  return text.slice(0, most).replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "");
}

// An option is its value, or [value, label].
export function optionValue(option) {
  return Array.isArray(option) ? option[0] : option;
}

// The address of a state: the landmark it is, or what differs from what the author set.
export function hashOf(id, spec, initial, state) {
  const start = `#explore/${encodeURIComponent(id)}`;
  const landmark = Object.keys(spec.landmarks ?? {}).find((key) => isLandmark(spec, key, state));
  if (landmark) return `${start}/${landmark}`;
  const changed = Object.keys(state).filter((name) => !sameValue(state[name], initial[name]));
  return `${start}?${changed.map((name) => `${name}=${encodeURIComponent(state[name])}`).join("&")}`;
}

export function isLandmark(spec, key, state) {
  const wanted = { ...defaultsOf(spec), ...spec.landmarks[key].settings };
  return spec.controls.every(({ name }) => sameValue(state[name], wanted[name]));
}

export function sameValue(one, other) {
  return JSON.stringify(one) === JSON.stringify(other);
}

// <rnn-explorer name="…" id="…"> on the website: a small model with anywidget's interface stands in for the kernel, and the state lives in the address.

import { defaultsOf, follow, hashOf, nextSerial, parseHash } from "./links.js";

const NEAR = "800px 0px"; // how far from the screen an explorer is when its stored run is fetched
const QUIET = 250; // milliseconds without a change before the address follows: browsers limit how often it may

// Get, set, save_changes, on and off, as anywidget's model has them.
export function makeModel(values) {
  const listeners = new Map();
  const waiting = new Set();
  const hear = (event) => [...(listeners.get(event) ?? [])].forEach((listener) => listener());
  return {
    get: (name) => values[name],
    set(name, value) {
      values[name] = value;
      waiting.add(name);
      hear(`change:${name}`);
    },
    save_changes() {
      if (waiting.size) hear("change");
      waiting.clear();
    },
    on(event, listener) {
      listeners.set(event, [...(listeners.get(event) ?? []), listener]);
    },
    off(event, listener) {
      listeners.set(event, (listeners.get(event) ?? []).filter((one) => one !== listener));
    },
  };
}

// explorers: { name: the explorer's module }, each with its spec and render.
export function defineElement(explorers) {
  if (!globalThis.customElements || customElements.get("rnn-explorer")) return;
  class ExplorerElement extends HTMLElement {
    connectedCallback() {
      if (!this.stop) this.stop = hydrate(this, explorers[this.getAttribute("name")]);
    }
    disconnectedCallback() {
      this.stop?.();
      this.stop = null;
    }
  }
  customElements.define("rnn-explorer", ExplorerElement);
  addEventListener("hashchange", openAddress);
  openAddress();
}

function openAddress() {
  follow(location.hash);
}

// Draw the explorer in the place of its picture; returns the function that takes it away again.
function hydrate(element, { spec, render }) {
  const { settings = {}, id } = JSON.parse(element.querySelector('script[type="application/json"]')?.textContent || "{}");
  const model = makeModel({ ...defaultsOf(spec), ...settings, id: element.id || id || `${spec.name}-${nextSerial()}` });
  const host = document.createElement("div");
  host.className = "rnn-host";
  element.append(host);
  const clear = render({ model, el: host });
  const forget = spec.address === false ? () => {} : keepAddress(model, spec);
  const leave = spec.late ? whenNear(element, () => bringRun(element, model, spec.run)) : () => {};
  const still = [...element.children].filter((child) => child !== host && child.localName !== "script");
  still.forEach((child) => (child.hidden = true));
  element.dataset.ready = "";
  return () => {
    forget();
    leave();
    clear();
    host.remove();
    still.forEach((child) => (child.hidden = false));
    delete element.dataset.ready;
  };
}

// Call `then` once, when the element comes near the screen; returns what calls it off.
function whenNear(element, then) {
  element.dataset.waiting = "";
  const watch = new IntersectionObserver((entries) => entries.some((one) => one.isIntersecting) && (watch.disconnect(), then()), { rootMargin: NEAR });
  watch.observe(element);
  return () => watch.disconnect();
}

// A large stored run is a script of its own beside the explorers' one; two explorers that show it fetch it once.
function bringRun(element, model, name) {
  const arrive = () => {
    delete element.dataset.waiting;
    model.set("_run", globalThis.rnnlibRuns[name]);
  };
  if (globalThis.rnnlibRuns?.[name]) return arrive();
  const beside = document.querySelector('script[src*="rnnlib/explorers.js"]');
  if (!beside) return; // a page without the site's script has none of its runs
  const src = new URL(`run-${name}.js`, beside.src).href;
  const script = document.querySelector(`script[src="${src}"]`) ?? document.head.appendChild(Object.assign(document.createElement("script"), { src }));
  script.addEventListener("load", arrive);
}

// The address follows the state, so that a view can be shared; the reader's way back is left as it is.
function keepAddress(model, spec) {
  const read = () => Object.fromEntries(spec.controls.map(({ name }) => [name, model.get(name)]));
  const initial = read();
  let timer;
  const write = () => {
    const hash = hashOf(model.get("id"), spec, initial, read());
    if (hash !== location.hash && parseHash(hash)) history.replaceState(history.state, "", hash);
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(write, QUIET);
  };
  model.on("change", later);
  return () => {
    clearTimeout(timer);
    model.off("change", later);
  };
}

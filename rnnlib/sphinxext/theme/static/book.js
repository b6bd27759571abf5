// The page's few moving parts: chapters on a small screen, dark mode, copying code, and where one is on the page.
"use strict";

const root = document.documentElement;

function chapters() {
  const button = document.getElementById("menu");
  const list = document.getElementById("chapters");
  const open = (wanted) => {
    document.body.classList.toggle("chapters-open", wanted);
    button.setAttribute("aria-expanded", String(wanted));
    if (wanted) list.querySelector("a, input").focus();
  };
  const isOpen = () => document.body.classList.contains("chapters-open");
  button.addEventListener("click", () => open(!isOpen()));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !isOpen()) return;
    open(false);
    button.focus();
  });
  document.querySelector(".page").addEventListener("pointerdown", () => isOpen() && open(false));
}

function theme() {
  const button = document.getElementById("theme");
  const show = (name) => {
    root.dataset.theme = name;
    button.setAttribute("aria-pressed", String(name === "dark"));
  };
  show(root.dataset.theme);
  button.addEventListener("click", () => {
    show(root.dataset.theme === "dark" ? "light" : "dark");
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // the choice then holds for this page only
    }
  });
}

function icon(name) {
  return `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><use href="#icon-${name}"/></svg>`;
}

function copyButtons() {
  for (const code of document.querySelectorAll("article .cell_input .highlight, article div[class*=highlight-] > .highlight")) {
    if (code.closest(".cell_output") || code.querySelector(".copy")) continue;
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "copy", innerHTML: icon("copy") });
    button.setAttribute("aria-label", "Copy the code");
    button.addEventListener("click", () => copy(code.querySelector("pre").textContent, button));
    code.append(button);
  }
}

async function copy(text, button) {
  await write(text);
  button.innerHTML = icon("done");
  button.setAttribute("aria-label", "Copied");
  setTimeout(() => {
    button.innerHTML = icon("copy");
    button.setAttribute("aria-label", "Copy the code");
  }, 1500);
}

// Pages that are not served over https have no clipboard object in some browsers.
async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = Object.assign(document.createElement("textarea"), { value: text });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

// What scrolls sideways inside the page has to be reachable from the keyboard.
function reachableScrollers() {
  for (const box of document.querySelectorAll(".formula, .table-scroll, article pre")) {
    const scrolls = box.scrollWidth > box.clientWidth + 1;
    if (scrolls) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}

function markPlace() {
  const links = new Map();
  for (const link of document.querySelectorAll(".outline a[href^='#']")) links.set(link.hash.slice(1), link);
  const heads = [...document.querySelectorAll("article section[id]")].filter((section) => links.has(section.id));
  if (!heads.length) return;
  const mark = () => {
    const passed = heads.filter((section) => section.getBoundingClientRect().top < 140);
    for (const link of links.values()) link.removeAttribute("aria-current");
    links.get((passed.at(-1) ?? heads[0]).id).setAttribute("aria-current", "location");
  };
  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      mark();
    });
  }, { passive: true });
  mark();
}

function searchKey() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input, textarea, select, rnn-explorer")) return;
    const field = document.querySelector("main .find input, .chapters .find input");
    if (!field.checkVisibility?.()) return;
    event.preventDefault();
    field.focus();
  });
}

for (const part of [chapters, theme, copyButtons, markPlace, searchKey, reachableScrollers]) part();
addEventListener("resize", reachableScrollers);

// The page: handsets side by side, one at a time where there is little room.

import { act, say } from "./act.js";
import { Handset, face, pretty } from "./handset.js";
import { drawFaults } from "./side.js";
import { listen, onChange, phones, state } from "./store.js";

const by = (id) => document.getElementById(id);
const stage = by("stage");
const handsets = new Map();
const newcomer = by("newcomer");
let chosen = null; // the number of the phone in front, or "side"

// Handsets and tabs -------------------------------------------------------------------------------

function draw() {
  for (const about of phones()) {
    if (!handsets.has(about.number)) add(about);
    handsets.get(about.number).draw();
  }
  drawTabs();
  drawSteps();
  drawFaults();
}

function add({ number }) {
  const handset = new Handset(number, stage.dataset.owner);
  handsets.set(number, handset);
  by("handsets").append(handset.element);
  if (!chosen) choose(number);
}

function drawTabs() {
  const wanted = [...phones().map((each) => [each.number, each.name]), ["side", "Faults"]];
  const drawn = JSON.stringify(wanted);
  const tabs = by("tabs");
  if (tabs.drawn === drawn) return;
  tabs.drawn = drawn;
  tabs.replaceChildren(...wanted.map(([what, name]) => tab(what, name)));
  choose(chosen);
}

function tab(what, name) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.tab = what;
  button.textContent = name;
  button.addEventListener("click", () => choose(what));
  return button;
}

function choose(what) {
  chosen = what;
  stage.dataset.chosen = what === "side" ? "side" : "phone";
  for (const [number, { element }] of handsets) element.classList.toggle("front", number === what);
  for (const each of by("tabs").children) {
    each.setAttribute("aria-pressed", String(each.dataset.tab === what));
  }
  handsets.get(what)?.draw(); // what comes into view counts as read
}

newcomer.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = Object.fromEntries(new FormData(event.target));
  const phone = fields.phone.replace(/[\s-]/g, "");
  if (!(await act("add_phone", { phone, name: fields.name }))) return;
  event.target.reset();
  say(`${fields.name} has a phone now: ${pretty(phone)}`);
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) draw();
});

// The first steps ---------------------------------------------------------------------------------

const HIDDEN = "djinnbot-demo-steps";

function drawSteps() {
  const done = ["linked", "allowed", "answered"].map((name) => [name, Boolean(state.get(name))]);
  for (const [name, isDone] of done) by(`step-${name}`).classList.toggle("done", isDone);
  const isOver = done.every(([, isDone]) => isDone);
  by("steps").querySelector("ol").hidden = isOver;
  by("steps-done").hidden = !isOver;
  by("steps").hidden = sessionStorage.getItem(HIDDEN) !== null;
}

by("steps-close").addEventListener("click", () => {
  sessionStorage.setItem(HIDDEN, "yes");
  by("steps").hidden = true;
  by("handsets").focus();
});

by("hello").addEventListener("click", ({ target }) => {
  choose(target.dataset.phone);
  const handset = handsets.get(target.dataset.phone);
  handset.go("chat", target.dataset.to);
  if (!handset.chat.field.value) handset.chat.field.value = "Hello! What can you do?";
});

document.addEventListener("click", async (event) => {
  const { copy } = event.target.closest("[data-copy]")?.dataset || {};
  if (!copy) return;
  await navigator.clipboard.writeText(copy);
  say(`${copy} is copied`);
});

// Light and dark: the panel's cookie, so that both look alike ---------------------------------------

by("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = getComputedStyle(root).colorScheme === "dark" ||
    (root.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = isDark ? "light" : "dark";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax`;
});

// --------------------------------------------------------------------------------------------------

let wasThere = true;
onChange(draw);
listen((isThere) => {
  if (wasThere && !isThere) say("The demo does not answer. Does ./run demo still run?");
  wasThere = isThere;
});

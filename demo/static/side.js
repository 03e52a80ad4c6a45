// Behind the scenes: what goes wrong, and what the wire carries.

import { act } from "./act.js";
import { write } from "./handset.js";
import { state } from "./store.js";

const WIRE_EVERY = 700; // ms
const SHOWN = 300; // stanzas
const by = (id) => document.getElementById(id);

// Faults ------------------------------------------------------------------------------------------

for (const button of document.querySelectorAll("[data-fault]")) {
  button.addEventListener("click", async () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    if ((await act("fault", { fault: button.dataset.fault, on })) && on) flash(button);
  });
}

by("normal").addEventListener("click", () => {
  act("back_to_normal");
  document.querySelector("[data-fault]").focus();
});

// What does not last says at least that it was done.
function flash(button) {
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1200);
}

export function drawFaults() {
  const active = state.get("faults") || [];
  by("normal").hidden = active.length === 0;
  for (const button of document.querySelectorAll("[data-fault][aria-pressed]")) {
    button.setAttribute("aria-pressed", String(active.includes(button.dataset.fault)));
  }
}

// The wire ----------------------------------------------------------------------------------------

const list = by("wire-list");
let after = 0;
let timer = null;
let isPaused = false;

by("wire-open").addEventListener("click", (event) => {
  const opens = by("wire").hidden;
  by("wire").hidden = !opens;
  by("wire-hint").hidden = opens;
  event.target.setAttribute("aria-expanded", String(opens));
  write(event.target, opens ? "Hide" : "Show");
  clearTimeout(timer);
  if (opens) look();
});

by("wire-pause").addEventListener("click", (event) => {
  isPaused = !isPaused;
  event.target.setAttribute("aria-pressed", String(isPaused));
  write(event.target, isPaused ? "Go on" : "Pause");
});

by("wire-filter").addEventListener("input", () => {
  for (const item of list.children) filter(item);
});

async function look() {
  clearTimeout(timer);
  if (!isPaused && !document.hidden) await fetchNew();
  timer = setTimeout(look, WIRE_EVERY);
}

async function fetchNew() {
  const answer = await fetch(`/wire?after=${after}`).catch(() => null);
  if (!answer?.ok) return;
  const { stanzas } = await answer.json();
  for (const stanza of stanzas) {
    after = Math.max(after, stanza.number);
    list.prepend(row(stanza));
  }
  while (list.children.length > SHOWN) list.lastChild.remove();
}

function filter(item) {
  const wanted = by("wire-filter").value.trim().toLowerCase();
  item.hidden = !item.textContent.toLowerCase().includes(wanted);
}

const clock = new Intl.DateTimeFormat(navigator.language, { timeStyle: "medium" });

function row(stanza) {
  const item = document.createElement("li");
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  const way = document.createElement("span");
  const text = document.createElement("pre");
  way.className = stanza.to_server ? "up" : "down";
  way.textContent = stanza.to_server ? "DjinnBot →" : "← WhatsApp";
  const stamp = document.createElement("span");
  stamp.className = "dim";
  stamp.textContent = clock.format(new Date(stanza.at * 1000));
  const name = document.createElement("b");
  name.textContent = [stanza.tag, stanza.about].filter(Boolean).join(" ");
  summary.append(way, name, stamp);
  text.textContent = stanza.text;
  details.append(summary, text);
  item.append(details);
  filter(item);
  return item;
}

// The dashboard chat: Enter sends, what is typed is kept, the page follows what is written. All of
// it works without this file too.
"use strict";

const NEAR = 120; // px from the end within which the reader wants to see what comes
const hasKeyboard = !matchMedia("(pointer: coarse)").matches; // a phone's Enter begins a new line
const page = document.scrollingElement;
let follows = true;

const isAtEnd = () => page.scrollHeight - page.scrollTop - innerHeight < NEAR;
const isForm = (element) => element.id === "say" || element.closest(".acts-line");
const toEnd = () => page.scrollTo({ top: page.scrollHeight, behavior: "instant" });

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("[data-enter-sends]");
  if (!field || event.key !== "Enter" || event.shiftKey || event.isComposing || !hasKeyboard) return;
  event.preventDefault();
  field.form.requestSubmit();
});

// What is typed -----------------------------------------------------------------------------------

const nameOf = (field) => `draft:${field.dataset.draft}`;
let sent = "";

function keep(field) {
  if (field.value) sessionStorage.setItem(nameOf(field), field.value);
  else sessionStorage.removeItem(nameOf(field));
}

function recall() {
  const field = document.querySelector("[data-draft]");
  if (field && !field.value) field.value = sessionStorage.getItem(nameOf(field)) || "";
}

document.addEventListener("input", (event) => {
  if (event.target.dataset.draft) keep(event.target);
});

document.addEventListener("submit", (event) => {
  const field = event.target.querySelector("[data-draft]");
  if (field && !event.target.hasAttribute("hx-post")) sessionStorage.removeItem(nameOf(field));
});

document.addEventListener("htmx:configRequest", (event) => {
  if (event.target.id === "say") sent = document.getElementById("text").value;
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (event.target.id !== "say" || !event.detail.successful) return;
  const field = document.getElementById("text");
  // Whoever types on while the message is on its way loses nothing.
  if (field.value.startsWith(sent)) field.value = field.value.slice(sent.length);
  keep(field);
});

// What is seen --------------------------------------------------------------------------------------

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  follows = target.id === "now" && (isAtEnd() || Boolean(isForm(requestConfig.elt)));
});

document.addEventListener("htmx:afterSettle", () => {
  if (follows && document.getElementById("say")) toEnd();
});

recall();
if (document.getElementById("say") && location.hash !== "#content") toEnd();

// Writing messages: a key sends, and what is typed is kept in this tab until it has been sent. All of
// it works without this file too. (A module: its names are its own.)

const hasKeyboard = !matchMedia("(pointer: coarse)").matches; // a phone's Enter begins a new line
// An event about an element that is gone by now names the body in its place.
const draftOf = (element) => element.matches("form") && element.querySelector("[data-draft]");
let sent = "";

function keep(field) {
  if (field.value) sessionStorage.setItem(field.dataset.draft, field.value);
  else sessionStorage.removeItem(field.dataset.draft);
}

function sends(event, keys) {
  if (event.key !== "Enter" || event.isComposing) return false;
  return keys === "Enter" ? hasKeyboard && !event.shiftKey : event.ctrlKey || event.metaKey;
}

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("[data-sends-on]");
  if (!field || !sends(event, field.dataset.sendsOn)) return;
  event.preventDefault();
  field.form.requestSubmit();
});

document.addEventListener("input", (event) => {
  if (event.target.dataset.draft) keep(event.target);
});

document.addEventListener("submit", (event) => {
  const field = draftOf(event.target);
  if (field && !event.target.hasAttribute("hx-post")) sessionStorage.removeItem(field.dataset.draft);
});

document.addEventListener("htmx:configRequest", (event) => {
  const field = draftOf(event.target);
  if (field) sent = field.value;
});

document.addEventListener("htmx:afterRequest", (event) => {
  const field = event.detail.successful && draftOf(event.target);
  if (!field) return;
  // What is typed while the message is on its way is not lost.
  if (field.value.startsWith(sent)) field.value = field.value.slice(sent.length);
  keep(field);
  field.focus();
});

for (const field of document.querySelectorAll("[data-draft]")) {
  if (!field.value) field.value = sessionStorage.getItem(field.dataset.draft) || "";
}

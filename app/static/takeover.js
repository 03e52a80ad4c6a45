// Writing by hand: Ctrl+Enter sends, and what is typed is kept in this tab until it has been sent.
// All of it works without this file too.
"use strict";

(() => {
  const field = () => document.querySelector("[data-by-hand]");
  const nameOf = (text) => `by-hand:${text.dataset.byHand}`;
  let sent = "";

  function keep(text) {
    if (text.value) sessionStorage.setItem(nameOf(text), text.value);
    else sessionStorage.removeItem(nameOf(text));
  }

  document.addEventListener("keydown", (event) => {
    const isSend = event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.isComposing;
    if (!isSend || event.target !== field()) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });

  document.addEventListener("input", (event) => {
    if (event.target === field()) keep(event.target);
  });

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target.id === "write") sent = field().value;
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.target.id !== "write" || !event.detail.successful) return;
    const text = field();
    // Whoever types on while the message is on its way loses nothing.
    if (text.value.startsWith(sent)) text.value = text.value.slice(sent.length);
    keep(text);
    text.focus();
  });

  const text = field();
  if (text && !text.value) text.value = sessionStorage.getItem(nameOf(text)) || "";
})();

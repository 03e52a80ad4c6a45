// What was typed survives a session that ends: it is kept in this tab until the owner has signed in
// and is back on the page. Never passwords.
"use strict";

(() => {
  const KEY = "djinn:typed";
  const UNKEPT = ["hidden", "password", "file", "submit", "button", "reset"];
  const isDoor = location.pathname.startsWith("/login") || location.pathname.startsWith("/setup/");
  const here = () => location.pathname + location.search;

  function isChanged(field) {
    if (!field.name || UNKEPT.includes(field.type)) return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
    return field.value !== field.defaultValue;
  }

  // A field is known again by its form's address, its name and, among those of one name, its value.
  const isChoice = (field) => field.type === "checkbox" || field.type === "radio";
  const describe = (field) => ({
    form: field.form.getAttribute("action"),
    name: field.name,
    value: field.value,
    checked: isChoice(field) ? field.checked : null,
  });

  function keep() {
    if (isDoor) return;
    const fields = [...document.forms].flatMap((form) => [...form.elements]).filter(isChanged);
    sessionStorage.setItem(KEY, JSON.stringify({ here: here(), fields: fields.map(describe) }));
  }

  function fill(typed) {
    for (const form of document.forms) {
      if (form.getAttribute("action") !== typed.form) continue;
      for (const field of form.elements) {
        if (field.name !== typed.name) continue;
        if (typed.checked === null) field.value = typed.value;
        else if (field.value === typed.value) field.checked = typed.checked;
        else continue;
        return field;
      }
    }
    return null;
  }

  function bringBack() {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    if (!kept) return;
    if (isDoor) {
      sessionStorage.setItem(KEY, JSON.stringify({ ...kept, atTheDoor: true }));
      return;
    }
    sessionStorage.removeItem(KEY);
    if (!kept.atTheDoor || kept.here !== here()) return;
    kept.fields.map(fill).find(Boolean)?.focus();
  }

  document.addEventListener("submit", keep);
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.status === 401) keep();
  });
  bringBack();
})();

// What the server can't know: the browser's time zone, the clock, the clipboard. Every page works
// without this file.
"use strict";

// In the language of the page, however the browser's owner writes dates; 12 or 24 hours as they do.
const { lang } = document.documentElement;
const own = navigator.languages.find((each) => new Intl.Locale(each).language === lang);
const locale = new Intl.Locale(own || lang, { hourCycle: hoursOf(navigator.language) });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
const clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
const ago = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });

function hoursOf(language) {
  return new Intl.DateTimeFormat(language, { hour: "numeric" }).resolvedOptions().hourCycle;
}

function isToday(instant) {
  return instant.toDateString() === new Date().toDateString();
}

function writeInstant(instant) {
  return isToday(instant) ? clock.format(instant) : `${day.format(instant)}, ${clock.format(instant)}`;
}

function formatRelative(instant) {
  const seconds = (instant - Date.now()) / 1000;
  const minutes = Math.round(seconds / 60);
  if (minutes === 0) return ago.format(Math.round(seconds), "second");
  if (Math.abs(minutes) < 60) return ago.format(minutes, "minute");
  const hours = Math.round(minutes / 60);
  return Math.abs(hours) < 24 ? ago.format(hours, "hour") : writeInstant(instant);
}

// "today" and "yesterday" are what people look for.
function nameDay(instant) {
  const midnight = (moment) => new Date(moment).setHours(0, 0, 0, 0);
  const days = Math.round((midnight(instant) - midnight(Date.now())) / 86400000);
  return Math.abs(days) < 2 ? ago.format(days, "day") : day.format(instant);
}

function formatInstant(style, instant) {
  if ("relative" in style) return formatRelative(instant);
  if ("clock" in style) return clock.format(instant);
  if ("seconds" in style) return instant.toLocaleTimeString(locale);
  return "day" in style ? nameDay(instant) : writeInstant(instant);
}

function showTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const instant = new Date(element.dateTime);
    const text = formatInstant(element.dataset, instant);
    if (element.textContent !== text) element.textContent = text;
    element.title = exact.format(instant);
  }
}

function countDown() {
  for (const bar of document.querySelectorAll("progress[data-until]")) {
    bar.value = Math.max(0, (new Date(bar.dataset.until) - Date.now()) / 1000);
  }
}

// Toasts ------------------------------------------------------------------------------------

const TOAST_SECONDS = 7;

function fade(toast) {
  let timer;
  const start = () => (timer = setTimeout(() => toast.remove(), TOAST_SECONDS * 1000));
  // Nobody likes to reach for a button that goes away.
  for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, start);
  start();
}

function watchToasts(root) {
  for (const toast of root.querySelectorAll("[data-toast]:not([data-seen])")) {
    toast.dataset.seen = "";
    fade(toast);
  }
}

function complain(sentence, path) {
  const toasts = document.getElementById("toasts");
  const known = [...toasts.children].some((toast) => toast.textContent.includes(sentence));
  if (known) return;
  const toast = document.createElement("div");
  toast.className = "toast show toast-problem";
  toast.dataset.path = path;
  const body = document.createElement("div");
  body.className = "toast-body d-flex align-items-center gap-2";
  const text = document.createElement("span");
  text.className = "flex-fill";
  text.textContent = sentence;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.dataset.close = "";
  close.setAttribute("aria-label", "Close");
  body.append(text, close);
  toast.append(body);
  toasts.append(toast);
}

// The server's answers ------------------------------------------------------------------------

const pathOf = (event) => event.detail.pathInfo.requestPath.split("?")[0];

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (xhr.getResponseHeader("HX-Redirect")) return;
  const isText = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
  const sentence = isText ? xhr.responseText : "That did not work. Reload the page and try again.";
  complain(sentence, pathOf(event));
});

document.addEventListener("htmx:sendError", (event) => {
  const sentence = "DjinnBot does not answer. It may be restarting, or the network is away.";
  complain(sentence, pathOf(event));
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful) return;
  for (const toast of document.querySelectorAll(".toast-problem")) {
    if (toast.dataset.path === pathOf(event)) toast.remove();
  }
});

document.addEventListener("htmx:afterSettle", (event) => {
  const { xhr, elt } = event.detail;
  if (xhr.status === 422) elt.parentNode?.querySelector("[aria-invalid]")?.focus();
});

document.addEventListener("djinn:focus", (event) => {
  const element = document.getElementById(event.detail.value);
  if (element) element.focus();
});

// What was searched, sorted or leafed to is told by the address: reloading and coming back show it.
// (Before the answer is put in: afterwards a link that it replaces is not known any more.)
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { elt, pathInfo, xhr } = event.detail;
  if (xhr.status === 200 && "address" in elt.dataset) history.replaceState(null, "", pathInfo.finalRequestPath);
});

// Polls -----------------------------------------------------------------------------------------

// One that only watches does not ask while nobody looks, and moves nothing that is being read.
function isBeingRead(element) {
  const chosen = getSelection();
  const isChosen = chosen && !chosen.isCollapsed && element.contains(chosen.anchorNode);
  return isChosen || element.scrollTop > 0 || element.querySelector("details[open]") !== null;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const element = event.detail.elt;
  if (!("watching" in element.dataset)) return;
  if (document.hidden || isBeingRead(element)) event.preventDefault();
});

// Clicks ----------------------------------------------------------------------------------------

// A button or link that is replaced between press and release is not clicked. So an answer of the
// server waits for the release, though not forever: a menu of the system can swallow it.
const LONGEST_PRESS = 1000; // milliseconds
let release = Promise.resolve();
let endPress = () => {};

document.addEventListener("pointerdown", () => {
  release = new Promise((resolve) => {
    endPress = resolve;
    setTimeout(resolve, LONGEST_PRESS);
  });
});

for (const name of ["pointerup", "pointercancel"]) {
  document.addEventListener(name, () => setTimeout(endPress)); // after the click
}

document.addEventListener("htmx:beforeSend", ({ detail: { xhr } }) => {
  const { onload } = xhr;
  xhr.onload = () => release.then(onload);
});

async function copy(button) {
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent.trim());
  button.classList.add("copied");
  button.setAttribute("aria-label", "Copied");
}

function chooseTheme(button) {
  const root = document.documentElement;
  root.dataset.theme = button.value;
  document.cookie = `theme=${button.value}; path=/; max-age=31536000; samesite=lax`;
  document.dispatchEvent(new Event("djinn:theme"));
  for (const each of document.querySelectorAll("[data-themes] button")) {
    each.setAttribute("aria-pressed", String(each.value === button.value));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.close !== undefined) button.closest(".toast").remove();
  if (button.dataset.copy) copy(button);
  if (button.closest("[data-themes]")) {
    event.preventDefault();
    chooseTheme(button);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelector("details.menu[open]")?.removeAttribute("open");
});

// -----------------------------------------------------------------------------------------------

function prepare(root) {
  showTimes(root);
  watchToasts(root);
  countDown();
  if (!navigator.clipboard) return; // only there on HTTPS and on this machine
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
}

document.addEventListener("htmx:load", (event) => prepare(event.detail.elt.parentNode || document));
// Where the owner's days begin, for what the server counts as today (app/zone.py).
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone) document.cookie = `zone=${zone}; path=/; max-age=31536000; samesite=lax`;

setInterval(countDown, 1000);
setInterval(() => showTimes(document), 30000);
prepare(document);

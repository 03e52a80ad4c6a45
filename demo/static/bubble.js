// One message, as the phone that it is on shows it.

import { formatted, isEmoji, plain } from "./format.js";

const clock = new Intl.DateTimeFormat(navigator.language, { hour: "2-digit", minute: "2-digit" });
const TICKS = {
  pending: ["clock", "Waiting for the network"],
  sent: ["check", "Sent"],
  delivered: ["checks", "Delivered"],
  read: ["checks", "Read"],
};
const icons = document.getElementById("stage").dataset.icons;

export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const use = document.createElementNS(space, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${icons}#${name}`);
  svg.append(use);
  return svg;
}

export const time = (at) => clock.format(new Date(at * 1000));

export function tick(kind) {
  const made = document.createElement("span");
  showTick(made, kind);
  return made;
}

function showTick(place, kind) {
  const known = TICKS[kind];
  place.hidden = !known;
  if (!known) return;
  place.className = `tick ${kind}`;
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", known[1]);
  place.title = known[1];
  place.replaceChildren(icon(known[0]));
}

const template = document.getElementById("bubble");

// `names` says what people are called here, `go` shows another message.
export function bubble(message, names, go) {
  const made = template.content.firstElementChild.cloneNode(true);
  const part = (selector) => made.querySelector(selector);
  made.id = `${message.phone}-${message.id}`;
  made.dataset.id = message.id;
  made.classList.toggle("mine", message.mine);
  made.classList.toggle("deleted", message.deleted);
  made.classList.toggle("huge", !message.deleted && !message.matter && isEmoji(message.text));
  const inGroup = message.chat.includes("@");
  part(".sender").hidden = message.mine || !inGroup;
  if (inGroup) part(".sender").textContent = names(message.sender);
  if (message.quote) quote(part(".quote"), message, names, go);
  else part(".quote").remove();
  if (message.matter) matter(part(".matter"), message);
  if (message.deleted) part(".text").append(icon("ban"), "This message was deleted");
  else part(".text").append(formatted(message.text));
  part(".edited").hidden = !message.edited || message.deleted;
  part(".more").hidden = message.deleted;
  const stamp = part("time");
  stamp.textContent = time(message.at);
  stamp.dateTime = new Date(message.at * 1000).toISOString();
  showTick(part(".tick"), message.mine && !message.deleted ? message.tick : null);
  if (message.mine && message.by_device) byDevice(part(".foot"));
  if (message.reactions.length && !message.deleted) react(part(".reactions"), message, names);
  return made;
}

function byDevice(foot) {
  const made = document.createElement("span");
  made.className = "by";
  made.title = "Sent by the linked device";
  made.append(icon("device-laptop"));
  foot.prepend(made);
}

function quote(place, message, names, go) {
  place.querySelector("b").textContent = message.quote.mine ? "You" : names(message.quote.sender || message.chat);
  place.querySelector("span").textContent = plain(message.quote.text);
  place.addEventListener("click", () => go(message.quote.id));
}

function react(place, message, names) {
  place.hidden = false;
  place.textContent = [...new Set(message.reactions.map((each) => each.emoji))].join("");
  if (message.reactions.length > 1) place.append(` ${message.reactions.length}`);
  const who = message.reactions.map((each) => `${names(each.by)} ${each.emoji}`).join(", ");
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", `Reactions: ${who}`);
  place.title = who;
}

// What is not text ------------------------------------------------------------------------------

function matter(place, message) {
  const about = message.matter;
  place.hidden = false;
  place.classList.add(about.kind);
  place.append(...(DRAWN[about.kind] || card)(about, message));
}

const file = (message) =>
  `/file/${encodeURIComponent(message.phone)}/${encodeURIComponent(message.id)}`;

function line(tag, text, className = "") {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function image(about, message) {
  const made = document.createElement("img");
  made.src = file(message);
  made.alt = about.kind === "sticker" ? "Sticker" : "Picture";
  made.loading = "lazy";
  return [made];
}

function audio(about, message) {
  const made = document.createElement("audio");
  made.controls = true;
  made.preload = "none";
  made.src = file(message);
  made.setAttribute("aria-label", about.label);
  const seconds = line("span", `0:${String(about.seconds).padStart(2, "0")}`, "dim");
  return [icon("microphone"), made, seconds];
}

function card(about) {
  return [line("span", about.label)];
}

function download(about, message) {
  const link = line("a", about.name);
  link.href = file(message);
  link.download = about.name;
  return [icon("file-text"), link, line("span", size(about.size), "dim")];
}

function size(bytes) {
  return bytes < 1024 ? `${bytes} bytes` : `${Math.round(bytes / 1024)} kB`;
}

function location(about) {
  const place = [line("b", about.name), line("span", about.address), line("span", about.where, "dim")];
  return [icon("map-pin"), stack(place)];
}

function contact(about) {
  return [icon("address-book"), stack([line("b", about.name), line("span", about.numbers.join(", "), "dim")])];
}

function poll(about) {
  const options = document.createElement("ul");
  options.append(...about.options.map((option) => line("li", option)));
  return [line("b", about.name), options];
}

function stack(lines) {
  const made = document.createElement("span");
  made.className = "stack";
  made.append(...lines.filter((each) => each.textContent));
  return made;
}

const DRAWN = { picture: image, sticker: image, audio, document: download, location, contact, poll };

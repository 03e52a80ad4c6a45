// One phone: its chats, the open chat, its linked devices and its settings.

import { act, attempt } from "./act.js";
import { Chat } from "./chat.js";
import { tick, time } from "./bubble.js";
import { plain } from "./format.js";
import { chat, messages, phone, state, within } from "./store.js";

const HUES = [158, 265, 28, 205, 335, 85, 240, 0];
const template = document.getElementById("handset");

export const pretty = (number) => number.replace(/^(\+1)(\d{3})(\d{3})(\d{4})$/, "$1 $2-$3-$4");

export function face(place, name, index) {
  place.textContent = [...name.trim()][0]?.toUpperCase() || "?";
  place.style.setProperty("--hue", HUES[index % HUES.length]);
}

export class Handset {
  constructor(number, owner) {
    this.number = number;
    this.isOwner = number === owner;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.dataset.phone = number;
    this.view = "chats";
    this.other = this.isOwner ? null : owner;
    this.chat = new Chat(this, this.part(".view[data-view=chat]"));
    this.show(this.isOwner ? "devices" : "chat");
    this.element.addEventListener("click", (event) => this.clicked(event));
    this.element.addEventListener("submit", (event) => this.submitted(event));
    this.part("select").addEventListener("change", (event) =>
      act("address", { phone: number, addressing: event.target.value }),
    );
  }

  part(selector) {
    return this.element.querySelector(selector);
  }

  names = (number) =>
    number === this.number ? "You" : phone(number)?.name || chat(this.number, number)?.name || number;

  // Where we are ----------------------------------------------------------------------------------

  show(view) {
    this.view = view;
    for (const each of this.element.querySelectorAll(".view")) each.hidden = each.dataset.view !== view;
    this.part("[data-do=back]").hidden = view === "chats";
  }

  go(view, other = this.other) {
    this.chat.leave();
    delete this.part(".scan-hint").dataset.until;
    this.other = other;
    this.show(view);
    this.draw();
    if (view === "chat") this.chat.open();
    else this.part("[data-do=back]").focus();
  }

  clicked(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.go) this.go(button.dataset.go);
    else if (button.dataset.with) this.go("chat", button.dataset.with);
    else if (button.dataset.device) this.removeDevice(Number(button.dataset.device));
    else if (button.dataset.do) this[button.dataset.do]?.(button);
  }

  back() {
    this.go("chats");
    this.part(".chats button")?.focus();
  }

  // Verbs -----------------------------------------------------------------------------------------

  flight() {
    act("flight", { phone: this.number, on: phone(this.number).online });
  }

  attach(button) {
    this.chat.attach(button);
  }

  drop() {
    this.chat.drop();
  }

  async scan(button) {
    await this.link(button, "scan", {});
  }

  async link(button, verb, order) {
    const hint = this.part(".scan-hint");
    button.disabled = true;
    hint.textContent = verb === "scan" ? "Scanning …" : "Linking …";
    const problem = await attempt(verb, { phone: this.number, ...order });
    button.disabled = false;
    write(hint, problem);
    if (problem) hint.dataset.until = hintText(this.number); // until something else is the case
    else this.draw();
    return !problem;
  }

  async removeDevice(device) {
    if (await act("remove_device", { phone: this.number, device })) {
      delete this.part(".scan-hint").dataset.until;
    }
  }

  async submitted(event) {
    const { form: kind } = event.target.dataset;
    if (!kind) return;
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    if (kind === "code") {
      const isLinked = await this.link(event.submitter, "enter_code", { text: fields.code });
      if (isLinked) event.target.reset(); // a code is good for once
    }
    if (kind === "name") await act("rename", { phone: this.number, name: fields.name });
  }

  // Drawing ---------------------------------------------------------------------------------------

  draw() {
    const about = phone(this.number);
    if (!about) return;
    this.drawCaption(about);
    this.drawBar(about);
    if (this.view === "chats") this.drawChats();
    if (this.view === "chat") this.chat.draw();
    if (this.view === "devices") this.drawDevices(about);
    if (this.view === "phone") this.drawPhone(about);
  }

  drawCaption(about) {
    this.element.setAttribute("aria-label", `${about.name}’s phone`);
    face(this.part(".caption .face"), about.name, about.place);
    write(this.part(".name"), about.name);
    write(this.part(".number"), pretty(this.number));
    this.part(".badge").hidden = about.devices.length === 0;
    const flight = this.part("[data-do=flight]");
    flight.setAttribute("aria-pressed", String(!about.online));
    flight.classList.toggle("on", !about.online);
    this.part(".away").hidden = about.online;
  }

  drawBar(about) {
    const inChat = this.view === "chat";
    const other = inChat ? phone(this.other) : null;
    const title = { chats: "Chats", devices: "Linked devices", phone: "This phone" }[this.view];
    const badge = this.part(".bar .face");
    badge.hidden = !inChat;
    if (inChat) face(badge, this.names(this.other), other?.place ?? HUES.length - 1);
    write(this.part(".bar-title h3"), inChat ? this.names(this.other) : title);
    write(this.part(".bar-line"), inChat ? this.line(other) : "");
    this.part("[data-go=devices]").hidden = this.view === "devices" || this.view === "phone";
    this.part("[data-go=devices]").classList.toggle("on", about.devices.length > 0);
  }

  line(other) {
    const typing = chat(this.number, this.other)?.typing;
    if (typing) return typing === "recording" ? "recording audio…" : "typing…";
    return other ? pretty(other.number) : "Group";
  }

  drawChats() {
    const rows = [...within(`chat:${this.number}:`)].map((each) => {
      const all = messages(this.number, each.with);
      return { ...each, last: all.at(-1), unread: all.filter((message) => message.unread).length };
    });
    rows.sort((a, b) => (b.last?.at || 0) - (a.last?.at || 0) || a.name.localeCompare(b.name));
    const list = this.part(".chats");
    const drawn = JSON.stringify(rows);
    if (list.drawn === drawn) return;
    const focused = list.contains(document.activeElement) && document.activeElement.dataset.with;
    list.drawn = drawn;
    list.replaceChildren(...rows.map((row) => this.chatRow(row)));
    if (focused) list.querySelector(`[data-with="${focused}"]`)?.focus();
  }

  chatRow({ with: other, name, typing, last, unread }) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const badge = span("face");
    const words = span("stack");
    const title = document.createElement("b");
    const preview = span("dim");
    face(badge, name, phone(other)?.place ?? HUES.length - 1);
    badge.setAttribute("aria-hidden", "true");
    title.textContent = name;
    if (typing) preview.textContent = "typing…";
    else if (last) preview.append(...(last.mine && last.tick ? [tick(last.tick)] : []), summary(last));
    else preview.textContent = "No messages yet";
    words.append(title, preview);
    button.type = "button";
    button.dataset.with = other;
    button.append(badge, words, this.chatEnd(last, unread));
    item.append(button);
    return item;
  }

  chatEnd(last, unread) {
    const end = span("end");
    if (last) end.append(span("dim", time(last.at)));
    if (unread) {
      const count = span("unread", String(unread));
      count.setAttribute("aria-label", `${unread} unread`);
      end.append(count);
    }
    return end;
  }

  drawDevices(about) {
    const list = this.part(".devices");
    const drawn = JSON.stringify(about.devices);
    if (list.drawn !== drawn) list.replaceChildren(...about.devices.map(deviceRow));
    list.drawn = drawn;
    this.part(".none").hidden = about.devices.length > 0;
    this.drawHint(this.part(".scan-hint"));
  }

  drawHint(place) {
    const text = hintText(this.number);
    if (this.part("[data-do=scan]").disabled || place.dataset.until === text) return;
    delete place.dataset.until;
    write(place, text);
  }

  drawPhone(about) {
    const name = this.part("[name=name]");
    const addressing = this.part("[name=addressing]");
    if (document.activeElement !== name) name.value = about.name;
    if (document.activeElement !== addressing) addressing.value = about.addressing;
    write(this.part(".lid"), about.lid);
  }
}

function hintText(number) {
  const { qr, code, up } = state.get("panel") || {};
  const { devices } = phone(number);
  if (!up) return "The panel is starting.";
  if (qr) return "The panel shows a QR code: scan it now.";
  if (code) return `The panel shows the code ${code}.`;
  return devices.length ? "This phone is linked." : "Press “Link device” in the panel first.";
}

function deviceRow(device) {
  const item = document.createElement("li");
  const words = span("stack");
  const button = document.createElement("button");
  const name = document.createElement("b");
  name.textContent = device.name;
  const state = device.connected ? "connected" : "not connected";
  words.append(name, span("dim", `${device.platform} · ${state} · since ${time(device.linked_at)}`));
  button.type = "button";
  button.className = "small danger";
  button.dataset.device = device.id;
  button.textContent = "Remove device";
  item.append(words, button);
  return item;
}

function summary(message) {
  if (message.deleted) return "This message was deleted";
  return message.matter?.label || plain(message.text);
}

function span(className, text = "") {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = text;
  return made;
}

export function write(place, text) {
  if (place.textContent !== text) place.textContent = text;
}

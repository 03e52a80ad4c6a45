// The open chat of a handset: its messages, and the line one writes in.

import { act } from "./act.js";
import { attachments } from "./attach.js";
import { bubble } from "./bubble.js";
import { plain } from "./format.js";
import { menu } from "./menu.js";
import { messages } from "./store.js";

const TYPING_AGAIN = 5000; // ms; a phone repeats that somebody types
const TYPING_ENDS = 4000; // ms without a key
const NEAR = 80; // px from the end that still count as being there

export class Chat {
  constructor(handset, element) {
    this.handset = handset;
    this.list = element.querySelector(".talk");
    this.form = element.querySelector("form");
    this.field = element.querySelector("textarea");
    this.about = element.querySelector(".about");
    this.drafts = new Map();
    this.drawn = new Map();
    this.task = null; // {kind: "reply" or "edit", message}
    this.typedAt = 0;
    this.atEnd = true;
    this.form.addEventListener("submit", (event) => this.send(event));
    this.field.addEventListener("input", () => this.typed());
    this.field.addEventListener("keydown", (event) => this.pressed(event));
    this.list.addEventListener("scroll", () => (this.atEnd = this.isAtEnd()));
    new ResizeObserver(() => this.keepAtEnd()).observe(this.list);
    this.list.addEventListener("click", (event) => this.touched(event));
    this.list.addEventListener("contextmenu", (event) => this.held(event));
  }

  get order() {
    return { phone: this.handset.number, to: this.handset.other };
  }

  // Coming and going ------------------------------------------------------------------------------

  open() {
    this.field.value = this.drafts.get(this.handset.other) || "";
    this.grow();
    this.atEnd = true;
    this.keepAtEnd();
    this.field.focus();
  }

  leave() {
    if (this.handset.view !== "chat") return;
    this.drop();
    this.drafts.set(this.handset.other, this.field.value);
    this.field.value = "";
    this.stopTyping();
  }

  // Messages --------------------------------------------------------------------------------------

  draw() {
    const all = messages(this.handset.number, this.handset.other);
    this.list.setAttribute("aria-label", `Chat with ${this.handset.names(this.handset.other)}`);
    this.reconcile(all);
    const label = `Message to ${this.handset.names(this.handset.other)}`;
    this.field.setAttribute("aria-label", label);
    this.keepAtEnd();
    this.markRead(all);
  }

  // Who has scrolled up to read is left there.
  isAtEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR;
  }

  keepAtEnd() {
    if (this.atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  reconcile(all) {
    const wanted = new Map(all.map((message) => [message.id, message]));
    for (const [id, { element }] of this.drawn) {
      if (wanted.has(id)) continue;
      element.remove();
      this.drawn.delete(id);
    }
    let before = null;
    for (const message of all) {
      const element = this.element(message);
      const place = before ? before.nextSibling : this.list.firstChild;
      if (element !== place) this.list.insertBefore(element, place);
      before = element;
    }
  }

  element(message) {
    const known = this.drawn.get(message.id);
    const { order, unread, ...shown } = message;
    const print = JSON.stringify(shown);
    if (known?.print === print) return known.element;
    const element = bubble(message, this.handset.names, (id) => this.find(id));
    const hadFocus = known?.element.contains(document.activeElement);
    if (known) known.element.replaceWith(element);
    if (hadFocus) element.querySelector(".more").focus();
    this.drawn.set(message.id, { element, print, message });
    return element;
  }

  find(id) {
    const { element } = this.drawn.get(id) || {};
    if (!element) return;
    element.scrollIntoView({ block: "center" });
    element.classList.add("found");
    setTimeout(() => element.classList.remove("found"), 1500);
  }

  // Whoever sees a message has read it: a hidden page, or a phone in another tab, does not.
  markRead(all) {
    const newest = all.findLast((message) => message.unread);
    if (!newest || this.asked === newest.id) return;
    if (document.hidden || !this.list.checkVisibility()) return;
    this.asked = newest.id;
    act("read", { ...this.order, message: newest.id });
  }

  // What can be done with a message ---------------------------------------------------------------

  touched(event) {
    const button = event.target.closest(".more");
    if (button) this.choose(button.closest(".bubble"));
  }

  held(event) {
    const element = event.target.closest(".bubble:not(.deleted)");
    if (!element || event.target.closest("a, img, audio")) return;
    event.preventDefault();
    this.choose(element);
  }

  choose(element) {
    const { message } = this.drawn.get(element.dataset.id);
    const find = () => this.drawn.get(message.id)?.element.querySelector(".more");
    menu(message, find, {
      react: (text) => act("react", { ...this.order, message: message.id, text }),
      reply: () => this.take("reply", message),
      edit: () => this.take("edit", message),
      delete: () => act("delete", { ...this.order, message: message.id }),
    });
  }

  take(kind, message) {
    this.task = { kind, message };
    const who = message.mine ? "yourself" : this.handset.names(message.sender);
    this.about.hidden = false;
    this.about.querySelector("b").textContent = kind === "edit" ? "Edit" : `Reply to ${who}`;
    this.about.querySelector(".about-text").textContent =
      message.matter?.label || plain(message.text);
    if (kind === "edit") this.field.value = message.text;
    this.grow();
    this.field.focus();
  }

  drop() {
    if (this.task?.kind === "edit") this.field.value = "";
    this.task = null;
    this.about.hidden = true;
    this.grow();
  }

  // Writing ---------------------------------------------------------------------------------------

  async send(event) {
    event.preventDefault();
    const text = this.field.value;
    if (!text.trim()) return;
    const { task } = this;
    this.stopTyping();
    const [verb, message] = task?.kind === "edit" ? ["edit", task.message.id] : ["say", task?.message.id || ""];
    this.task = null;
    this.drop();
    this.field.value = "";
    this.grow();
    this.atEnd = true;
    const done = await act(verb, { ...this.order, text, message });
    if (!done && !this.field.value) this.field.value = text; // nothing typed is lost
    this.grow();
  }

  pressed(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.form.requestSubmit();
    }
    if (event.key === "Escape" && this.task) this.drop();
  }

  typed() {
    this.grow();
    clearTimeout(this.quiet);
    if (!this.field.value) return this.stopTyping();
    this.quiet = setTimeout(() => this.stopTyping(), TYPING_ENDS);
    if (Date.now() - this.typedAt < TYPING_AGAIN) return;
    this.typedAt = Date.now();
    act("typing", { ...this.order, on: true });
  }

  stopTyping() {
    clearTimeout(this.quiet);
    if (!this.typedAt) return;
    this.typedAt = 0;
    act("typing", { ...this.order, on: false });
  }

  grow() {
    this.field.rows = Math.min(5, this.field.value.split("\n").length);
  }

  attach(button) {
    attachments(button, this.order);
  }
}

// The little menus: of a message, and of what can be attached. Both are popovers, so that Escape
// and a click elsewhere close them and the focus goes back to where it was.

const EDGE = 8; // px that a menu keeps from the window's edge

// The finger or the mouse that is pressing, if any.
let pressing = null;
const released = (event) => {
  if (event.pointerId === pressing) pressing = null;
};
addEventListener("pointerdown", (event) => (pressing = event.pointerId), true);
addEventListener("pointerup", released, true);
addEventListener("pointercancel", released, true);

// Open a popover beside a button. A long press, or a press of the right button, opens it before it
// is over: its end belongs to the menu then. Elsewhere it would be a click that closes it.
export function open(popover, button) {
  popover.showPopover();
  if (pressing !== null) popover.setPointerCapture(pressing);
  const anchor = button.getBoundingClientRect();
  const { width, height } = popover.getBoundingClientRect();
  const below = anchor.bottom + height + EDGE < innerHeight;
  const top = below ? anchor.bottom : Math.max(EDGE, anchor.top - height);
  const left = Math.min(Math.max(EDGE, anchor.right - width), innerWidth - width - EDGE);
  popover.style.top = `${top}px`;
  popover.style.left = `${left}px`;
  popover.querySelector("button:not([hidden])").focus();
}

// Up and down go from button to button.
function walk(event) {
  const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
  if (!(event.key in steps)) return;
  event.preventDefault();
  const buttons = [...this.querySelectorAll("button:not([hidden])")];
  const next = buttons.indexOf(document.activeElement) + steps[event.key];
  buttons.at(next % buttons.length).focus();
}

for (const popover of document.querySelectorAll(".menu")) popover.addEventListener("keydown", walk);

const popover = document.getElementById("menu");
let verbs = {};
let origin = () => null;

popover.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  popover.hidePopover();
  if (button.dataset.emoji) verbs.react(button.dataset.emoji);
  else verbs[button.dataset.menu]();
});

// The browser gives the focus back to the very button that had it. Where that was drawn anew
// meanwhile, the focus would be nowhere.
popover.addEventListener("toggle", (event) => {
  const { activeElement } = document;
  const nowhere = activeElement === document.body || popover.contains(activeElement);
  if (event.newState === "closed" && nowhere) origin()?.focus();
});

// What can be done with a message. `find` says which button of it is there now.
export function menu(message, find, actions) {
  verbs = actions;
  origin = find;
  const mine = message.mine && !message.by_device;
  popover.querySelector("[data-menu=edit]").hidden = !mine || Boolean(message.matter);
  popover.querySelector("[data-menu=delete]").hidden = !mine;
  for (const emoji of popover.querySelectorAll("[data-emoji]")) {
    const given = message.reactions.some(
      (each) => each.by === message.phone && each.emoji === emoji.dataset.emoji,
    );
    emoji.setAttribute("aria-pressed", String(given));
  }
  open(popover, find());
}

// What can be sent besides text.

import { act, say } from "./act.js";
import { open } from "./menu.js";

const popover = document.getElementById("attachments");
const file = document.getElementById("file");
let order = {};

popover.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  popover.hidePopover();
  if (button.dataset.sample) act("attach", { ...order, sample: button.dataset.sample });
  else file.click();
});

file.addEventListener("change", async () => {
  const body = new FormData();
  body.append("file", file.files[0]);
  file.value = "";
  const place = [order.phone, order.to].map(encodeURIComponent).join("/");
  const answer = await fetch(`/send/${place}`, { method: "POST", body }).catch(() => null);
  if (!answer?.ok) say(answer?.status === 422 ? (await answer.json()).sentence : "The file was not sent.");
});

export function attachments(button, from) {
  order = from;
  open(popover, button);
}

// A transcript that grows: days as the browser's zone has them, a page that follows what is said
// unless its reader is elsewhere, and changes that leave focus, selection and open details alone.
// All of it works without this file too. (A module: its names are its own.)

const NEAR = 120; // px from the end within which the reader wants to see what comes
const page = document.scrollingElement;
const transcript = document.getElementById("talk");
let follows = false;

const isAtEnd = () => page.scrollHeight - page.scrollTop - innerHeight < NEAR;
const isByOwner = (element) => Boolean(element.closest("#say, .acts-line"));
const toEnd = () => page.scrollTo({ top: page.scrollHeight, behavior: "instant" });

// What the page has ----------------------------------------------------------------------------------

const RECENT = 80; // pieces that may still change

// With each question for what is new goes what is there, as the server has called it.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.target?.id !== "now") return;
  const pieces = [...transcript.children].slice(-RECENT);
  event.detail.parameters.v = pieces.map((piece) => piece.querySelector("[name=v]").value);
});

// Changes in place -----------------------------------------------------------------------------------

// What the reader has opened stays open, with what was loaded into it. A text that has only grown
// keeps what is selected in it.
function mayMorph(old, fresh) {
  if (old instanceof Element) return !old.matches("details[open]");
  if (!(old instanceof Text) || !fresh.data.startsWith(old.data)) return true;
  old.appendData(fresh.data.slice(old.data.length));
  return false;
}

htmx.defineExtension("morph", {
  isInlineSwap: (style) => style === "morph",
  handleSwap(style, target, fragment) {
    if (style !== "morph") return false;
    return Idiomorph.morph(target, fragment.children, { callbacks: { beforeNodeMorphed: mayMorph } });
  },
});

// Days ------------------------------------------------------------------------------------------------

// The server knows days in UTC only: each piece that begins another day here is headed by it.
function headDays() {
  let last = "";
  for (const time of transcript.querySelectorAll(".foot time")) {
    const piece = time.closest(".piece");
    const day = new Date(time.dateTime).toDateString();
    const head = piece.querySelector(".day");
    if (day === last) head?.remove();
    else if (!head) piece.prepend(heading(time.dateTime));
    last = day;
  }
  showTimes(transcript); // of app.js
}

function heading(at) {
  const time = document.createElement("time");
  time.dateTime = at;
  time.dataset.day = "";
  const head = document.createElement("p");
  head.className = "day";
  head.append(time);
  return head;
}

// What is seen ----------------------------------------------------------------------------------------

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  follows = target.id === "now" && (isAtEnd() || isByOwner(requestConfig.elt));
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "now") return;
  headDays();
  if (follows) toEnd();
});

if (transcript) headDays();
if (document.getElementById("now") && ["", "#now"].includes(location.hash)) toEnd();

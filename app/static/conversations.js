// Conversations: days as the browser's zone has them, a page that follows what is said unless its
// reader is elsewhere. All of it works without this file too. (A module: its names are its own.)

const NEAR = 120; // px from the end within which the reader wants to see what comes
const page = document.scrollingElement;
const transcript = document.getElementById("talk");
let follows = false;

const isAtEnd = () => page.scrollHeight - page.scrollTop - innerHeight < NEAR;
const toEnd = () => page.scrollTo({ top: page.scrollHeight, behavior: "instant" });

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

document.addEventListener("htmx:beforeSwap", (event) => {
  follows = event.detail.target.id === "live" && isAtEnd();
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "live") return;
  headDays();
  if (follows) toEnd();
});

if (transcript) headDays();
if (document.getElementById("live") && !location.hash) toEnd();

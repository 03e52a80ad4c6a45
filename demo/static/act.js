// Doing something with a phone, and saying so when it can't be done.

const TOAST_SECONDS = 8;

export function say(sentence) {
  const toasts = document.getElementById("toasts");
  for (const toast of toasts.children) if (toast.textContent === sentence) return;
  const toast = document.createElement("p");
  toast.textContent = sentence;
  toasts.append(toast);
  setTimeout(() => toast.remove(), TOAST_SECONDS * 1000);
}

// Whether it was done.
export async function act(verb, order = {}) {
  const problem = await attempt(verb, order);
  if (problem) say(problem);
  return !problem;
}

// The sentence that says why it could not be done, or nothing.
export async function attempt(verb, order = {}) {
  try {
    const answer = await fetch(`/do/${verb}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(order),
    });
    if (answer.ok) return "";
    if (answer.status === 422) return (await answer.json()).sentence;
    return "That did not work. Reload the page.";
  } catch {
    return "The demo does not answer. Does ./run demo still run?";
  }
}

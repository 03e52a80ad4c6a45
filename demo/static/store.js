// What the phones show, as the server tells it: a flat mapping, kept up to date by a stream.

export const state = new Map();
const listeners = [];

export function onChange(listener) {
  listeners.push(listener);
}

// All values whose name begins with `prefix`.
export function* within(prefix) {
  for (const [name, value] of state) if (name.startsWith(prefix)) yield value;
}

export const phones = () => [...within("phone:")].sort((a, b) => a.place - b.place);
export const phone = (number) => state.get(`phone:${number}`);
export const chat = (number, other) => state.get(`chat:${number}:${other}`);

export function messages(number, other) {
  const found = [...within(`message:${number}:`)].filter((message) => message.chat === other);
  return found.sort((a, b) => a.order - b.order);
}

function take(news) {
  if (news.first) state.clear();
  for (const [name, value] of Object.entries(news.set || {})) state.set(name, value);
  for (const name of news.gone || []) state.delete(name);
  for (const listener of listeners) listener();
}

export function listen(onState) {
  const stream = new EventSource("/stream");
  stream.onopen = () => onState(true);
  stream.onerror = () => onState(false);
  stream.onmessage = (event) => {
    const news = JSON.parse(event.data);
    if (news.set) take(news);
  };
}

// WhatsApp's formatting as elements: bold, italic, struck out, code, quotes and lists. Text goes in
// as text nodes only, so nothing in a message can become markup.

const MARKS = { "*": "strong", _: "em", "~": "s" };
const WORD = /[\p{L}\p{N}]/u;
const ADDRESS = /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]']/gu;

function element(name, ...children) {
  const made = document.createElement(name);
  made.append(...children);
  return made;
}

// The mark's end: the same character, not after a space, not inside a word.
function closing(text, mark, from) {
  for (let at = text.indexOf(mark, from); at > 0; at = text.indexOf(mark, at + 1)) {
    const before = text[at - 1];
    const after = text[at + 1] || " ";
    if (at > from && !/\s/.test(before) && !WORD.test(after)) return at;
  }
  return -1;
}

function linked(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    parts.push(text.slice(end, match.index));
    const link = element("a", match[0]);
    link.href = match[0];
    link.target = "_blank";
    link.rel = "noreferrer noopener";
    parts.push(link);
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)].filter((part) => part !== "");
}

export function inline(text) {
  const made = document.createDocumentFragment();
  let plain = 0;
  const flush = (end) => made.append(...linked(text.slice(plain, end)));
  for (let at = 0; at < text.length; at++) {
    const mark = text[at];
    const opens = !WORD.test(text[at - 1] || " ") && !/\s/.test(text[at + 1] || " ");
    if (!opens || !(mark in MARKS || mark === "`")) continue;
    const end = closing(text, mark, at + 1);
    if (end < 0 || text.slice(at, end).includes("\n")) continue;
    flush(at);
    const inner = text.slice(at + 1, end);
    made.append(mark === "`" ? element("code", inner) : element(MARKS[mark], inline(inner)));
    at = end;
    plain = end + 1;
  }
  flush(text.length);
  return made;
}

const BLOCKS = [
  [/^> /, (lines) => element("blockquote", paragraph(lines))],
  [/^[*-] /, (lines) => list("ul", lines)],
  [/^\d{1,3}\. /, (lines, first) => Object.assign(list("ol", lines), { start: parseInt(first) })],
];

function list(name, lines) {
  return element(name, ...lines.map((line) => element("li", inline(line))));
}

function paragraph(lines) {
  const made = element("p");
  made.append(inline(lines.join("\n")));
  return made;
}

function blocks(text, made) {
  const lines = text.split("\n");
  let plain = [];
  const flush = () => {
    const text = plain.join("\n").replace(/^\n+|\s+$/g, "");
    if (text) made.append(paragraph([text]));
    plain = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const kind = BLOCKS.find(([pattern]) => pattern.test(lines[at]));
    if (!kind) {
      plain.push(lines[at]);
      continue;
    }
    flush();
    const [pattern, build] = kind;
    const run = [];
    const first = lines[at];
    while (at < lines.length && pattern.test(lines[at])) run.push(lines[at++].replace(pattern, ""));
    at--;
    made.append(build(run, first));
  }
  flush();
}

// A whole message.
export function formatted(text) {
  const made = document.createDocumentFragment();
  text.split(/```/).forEach((part, number, all) => {
    const isCode = number % 2 === 1 && number < all.length - 1;
    if (isCode) made.append(element("pre", element("code", part.replace(/^\n|\n$/g, ""))));
    else blocks(number % 2 === 1 ? "```" + part : part, made);
  });
  return made;
}

// The words alone on one line, for where a message is only hinted at.
export function plain(text) {
  const line = text.slice(0, 200).replaceAll("```", " ").replace(/\s+/g, " ").trim();
  return inline(line).textContent;
}

// Up to three emoji and nothing else are shown large.
export const isEmoji = (text) => /^(\p{RGI_Emoji}\s*){1,3}$/v.test(text.trim());

"""One paragraph, heading or table cell: Markdown's inline tokens to WhatsApp's marks.

WhatsApp has no way to escape a mark. It reads `*`, `_` and `~` as formatting when the opening
mark follows no letter or digit and touches the text, the closing one touches the text and
precedes no letter or digit, and both stand on one line. (As the apps behave; WhatsApp
publishes examples only.) From this follow the choices made here:

- A mark is written only where WhatsApp will surely read it, and never touches a space, a URL or
  code from the inside. Emphasis that begins or ends inside a word gets none. Its stars come back
  when they follow a word or are single ones, because then they were arithmetic (`2*3 and 4*5`)
  rather than emphasis (`**API**s`). Chinese, Japanese and Thai lose the emphasis without a trace.
- Plain text that WhatsApp would take for formatting (`*args*`, or a lone `*.py` beside real bold)
  is shown as inline code. The characters stay what they were, for reading and for copying; a
  lookalike, a backslash or an invisible character would change them.
- Literal backticks and the inside of URLs are left alone: nothing better can be done for them.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from markdown_it.token import Token

from core.text.markdown import same_address, strip_scheme

Range = tuple[int, int]

MARKS = {"strong": "*", "em": "_", "s": "~"}

_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_WORD = re.compile(r"\w")
_NAME = re.compile(r"[a-z][a-z0-9_]*$")
_TOKEN = re.compile(r"\S+")
# Scripts written without spaces, where a letter beside a mark is no sign of arithmetic.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u9fff\uf900-\ufaff]")
# WhatsApp may know fewer letters than Unicode, so what might format is judged by ASCII alone.
_OPENS = re.compile(r"(?<![A-Za-z0-9])([*_~])(?!\s|\1|$)")
_CLOSES = re.compile(r"(?<!\s)([*_~])(?![A-Za-z0-9])")


@dataclass
class Span:
    """A stretch of a line, and what is written before and after it."""

    start: int
    end: int
    opening: str = ""
    closing: str = ""
    mark: str = ""
    """What WhatsApp would need here; empty inside another span of the same kind."""


@dataclass
class TextLine:
    """Visible text, and where emphasis, code and URLs are in it."""

    text: str = ""
    spans: list[Span] = field(default_factory=list)
    code: list[Range] = field(default_factory=list)
    urls: list[Range] = field(default_factory=list)

    def format(self) -> str:
        """The line with WhatsApp's marks."""
        spans = [mark for span in self.spans if (mark := self._fit_mark(span))]
        spans += [self._as_code(*stretch) for stretch in self.code + self._find_endangered(spans)]
        return _insert(self.text, spans)

    def render_plain(self) -> str:
        """The line for a monospace block, where WhatsApp shows marks as characters."""
        return _insert(self.text, [span for span in self.spans if self._is_arithmetic(span)])

    @cached_property
    def _ends(self) -> dict[int, int]:
        return dict(self.code + self.urls)

    @cached_property
    def _starts(self) -> dict[int, int]:
        return {end: start for start, end in self._ends.items()}

    def _fit_mark(self, span: Span) -> Span | None:
        start, end = self._shrunk(span)
        if start < end and self._is_free(start - 1) and self._is_free(end):
            return Span(start, end, span.mark, span.mark, span.mark)
        return span if self._is_arithmetic(span) else None

    def _shrunk(self, span: Span) -> Range:
        """The span without the spaces, code and URLs at its edges."""
        ends, starts = self._ends, self._starts
        start, end = span.start, span.end
        while start < end and (start in ends or self.text[start].isspace()):
            start = ends.get(start, start + 1)
        while start < end and (end in starts or self.text[end - 1].isspace()):
            end = starts.get(end, end - 1)
        return start, end

    def _is_free(self, position: int) -> bool:
        """True when a mark may stand beside the character at that position."""
        if _is_within(position, self.urls):
            return False
        return _is_within(position, self.code) or not _WORD.match(self._character(position))

    def _is_arithmetic(self, span: Span) -> bool:
        """True when what Markdown read as emphasis was none, and its characters must stay."""
        single = len(span.closing) == 1
        return self._is_word(span.start - 1) or (single and self._is_word(span.end))

    def _is_word(self, position: int) -> bool:
        character = self._character(position)
        if not _WORD.match(character) or _UNSPACED.match(character):
            return False
        return not _is_within(position, self.code) and not _is_within(position, self.urls)

    def _character(self, position: int) -> str:
        return self.text[position] if 0 <= position < len(self.text) else ""

    def _as_code(self, start: int, end: int) -> Span:
        return Span(start, end, *code_marks(self.text[start:end]))

    def _find_endangered(self, spans: list[Span]) -> list[Range]:
        """What has to be shown as code, or WhatsApp would read it as formatting."""
        stretches = self.code + self.urls
        edges = sorted([edge for span in spans for edge in (span.start, span.end)])
        edges = sorted(edges + [edge for stretch in stretches for edge in stretch])
        found = []
        for mark in MARKS.values():
            if mark in self.text:
                beside = any(span.mark == mark for span in spans)
                found += self._live(mark, beside, edges)
        return _merge(found, edges)

    def _live(self, mark: str, beside: bool, edges: list[int]) -> list[Range]:
        """Pairs of one literal mark that WhatsApp would join; beside real marks, each of them."""
        words = [match.span() for match in _TOKEN.finditer(self.text)]
        opened, found = -1, []
        for match in re.finditer(re.escape(mark), self.text):
            at = match.start()
            opens, closes = _OPENS.match(self.text, at), _CLOSES.match(self.text, at)
            if not (opens or closes) or _is_within(at, self.code) or _is_within(at, self.urls):
                continue
            wanted = [_find_word_around(at, words)] if beside else []
            if closes and 0 <= opened < at - 1:
                pair = (opened, at + 1)
                whole = self._can_be_code(pair, edges)
                wanted = (
                    [pair] if whole else [_find_word_around(end, words) for end in (opened, at)]
                )
                opened = -1
            elif opens and opened < 0:
                opened = at
            found += [stretch for stretch in wanted if self._can_be_code(stretch, edges)]
        return found

    def _can_be_code(self, stretch: Range, edges: list[int]) -> bool:
        """Code can't contain code, nor part of an emphasis or a URL."""
        start, end = stretch
        following = bisect_right(edges, start)
        crosses = following < len(edges) and edges[following] < end
        return not crosses and "`" not in self.text[start:end]


def code_marks(content: str) -> tuple[str, str]:
    """What to write before and after inline code so that its own backticks don't end it."""
    if "```" in content:
        return "", ""
    if "`" not in content:
        return "`", "`"
    return "``` " if content[0] == "`" else "```", " ```" if content[-1] == "`" else "```"


def _is_within(position: int, stretches: list[Range]) -> bool:
    """Stretches are in order and apart, as they were written."""
    following = bisect_right(stretches, (position, len(stretches) and stretches[-1][1]))
    return following > 0 and stretches[following - 1][0] <= position < stretches[following - 1][1]


def _find_word_around(position: int, words: list[Range]) -> Range:
    return words[bisect_right(words, position, key=lambda word: word[0]) - 1]


def _merge(stretches: list[Range], edges: list[int]) -> list[Range]:
    """Stretches that overlap or touch become one, since touching code would not be read as code.

    None of them has an edge inside, so one can be only where two of them touch.
    """
    kept: list[Range] = []
    for start, end in sorted(stretches):
        if not kept or start > kept[-1][1]:
            kept.append((start, end))
        elif start < kept[-1][1] or start not in edges:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
    return kept


def _insert(text: str, spans: list[Span]) -> str:
    """The text with each span's opening and closing written into it; spans are nested."""
    if not spans:
        return text
    parts: list[str] = []
    open_spans: list[Span] = []
    done = 0
    last = Span(len(text) + 1, len(text) + 1)
    for span in [*sorted(spans, key=lambda span: (span.start, -span.end)), last]:
        while open_spans and open_spans[-1].end <= span.start:
            closed = open_spans.pop()
            parts += [text[done : closed.end], closed.closing]
            done = closed.end
        parts += [text[done : span.start], span.opening]
        done = span.start
        open_spans.append(span)
    return "".join(parts)


def _with_names(tokens: list[Token]) -> Iterator[Token]:
    """A single lower-case word in double underscores is a Python name, not bold text."""
    position = 0
    while position < len(tokens):
        token = tokens[position]
        content = tokens[position + 1].content if position + 2 < len(tokens) else ""
        named = token.type == "strong_open" and token.markup == "__" and _NAME.match(content)
        if named and tokens[position + 2].type == "strong_close":
            yield Token("code_inline", "code", 0, content=f"__{content}__")
            position += 2
        else:
            yield token
        position += 1


class Writer:
    """Turns inline tokens into lines; one for each paragraph, heading or table cell."""

    def __init__(self) -> None:
        self._lines: list[TextLine] = []
        self._line = TextLine()
        self._parts: list[str] = []
        self._length = 0
        self._open: list[Span] = []
        self._links: list[tuple[str, TextLine, int]] = []

    def lines(self) -> list[TextLine]:
        """What has been written; the writer is done then."""
        self._end_line()
        return self._lines

    def text(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def ends_with(self, endings: tuple[str, ...]) -> bool:
        return bool(self._parts) and self._parts[-1].rstrip().endswith(endings)

    def open(self, mark: str, source: str = "") -> None:
        """Marks of the same kind nest in Markdown, but not in WhatsApp."""
        nested = any(span.mark == mark for span in self._open)
        self._open.append(Span(self._length, -1, source, mark="" if nested else mark))

    def close(self, source: str = "") -> None:
        span = self._open.pop()
        span.end, span.closing = self._length, source
        self._line.spans.append(span)

    def write(self, tokens: Iterable[Token]) -> None:
        for token in _with_names(list(tokens)):
            match token.type:
                case "text":
                    self._broken_text(token.content)
                case "softbreak" | "hardbreak":
                    self._break()
                case "code_inline":
                    self._verbatim(token.content.strip(), self._line.code)
                case "image":
                    self._image(token)
                case "link_open":
                    link = (str(token.attrs.get("href", "")), self._line, len(self._parts))
                    self._links.append(link)
                case "link_close":
                    self._link(*self._links.pop())
                case _ if token.nesting > 0:
                    self.open(MARKS[token.tag], token.markup)
                case _ if token.nesting < 0:
                    self.close(token.markup)

    def _broken_text(self, text: str) -> None:
        """HTML is text, except for the line break that tables have no other way to write."""
        first, *others = _LINE_BREAK.split(text) if "<" in text else [text]
        self.text(first)
        for other in others:
            self._break()
            self.text(other.lstrip())

    def _verbatim(self, text: str, stretches: list[Range]) -> None:
        if text:
            stretches.append((self._length, self._length + len(text)))
            self.text(text)

    def _link(self, href: str, line: TextLine, first_part: int) -> None:
        """A fragment leads nowhere in a chat, so its text is all that is written."""
        text = "".join(self._parts[first_part:]) if line is self._line else ""
        if text and same_address(text, href):
            self._line.urls.append((self._length - len(text), self._length))
        elif href and not href.startswith("#"):
            self._address(href, beside=bool(text.strip()) or line is not self._line)

    def _image(self, token: Token) -> None:
        alt = token.content.replace("\n", " ")
        self.text(alt)
        self._address(str(token.attrs.get("src", "")), beside=bool(alt.strip()))

    def _address(self, href: str, beside: bool) -> None:
        self.text(" (" if beside and href else "")
        self._verbatim(strip_scheme(href), self._line.urls)
        self.text(")" if beside and href else "")

    def _break(self) -> None:
        """WhatsApp's marks end with the line, so open ones end here and go on in the next."""
        for span in self._open:
            span.end = self._length
            self._line.spans.append(span)
        self._end_line()
        self._open = [Span(0, -1, mark=span.mark) for span in self._open]

    def _end_line(self) -> None:
        self._line.text = "".join(self._parts)
        self._lines.append(self._line)
        self._line, self._parts, self._length = TextLine(), [], 0

"""Long replies, cut into messages that people can read.

Works on WhatsApp text (see `core.text.whatsapp`). Pure functions; any process may call them.
Lengths are UTF-16 code units, the way of the phones' own strings: an emoji counts two or more, and
nothing counts less than it does for Python's `len`.

Where to cut, best first: between paragraphs, between lines, between sentences, between words,
between graphemes. A better place wins only if it leaves the message at least half full; failing
that the same places are tried in the first half, because a short message reads better than half
a word or half a link. Not to be cut as long as there is another place: what follows a heading
from the heading, a code block that fits into one message, and formatted words or a URL. A code
block too long for one message is closed at the end of each and opened again in the next.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import regex  # type: ignore[import-untyped]

MESSAGE_LIMIT = 4000
"""Longest message sent, in UTF-16 code units: a screen or two, far below what WhatsApp refuses."""

MINIMUM_LIMIT = 32
"""Below this, closing and opening a code block would leave no room for the code."""

_FENCE = "```"
_REOPENED, _CLOSED = f"{_FENCE}\n", f"\n{_FENCE}"

_ASTRAL = re.compile(r"[\U00010000-\U0010ffff]")
_VISIBLE = re.compile(r"\S")
_BLANK_LINES = re.compile(r"(?:[^\S\n]*\n)*")
_HEADING = re.compile(r"\*[^*\n]+\*$")
_GRAPHEME = regex.compile(r"\X")
_EXTENDS = regex.compile(r"[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]")
# Between two such characters there is always a boundary of graphemes.
_PLAIN = r"[ -~\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff]"
_BOUNDARY = re.compile(rf"{_PLAIN}(?={_PLAIN})")
_UNBROKEN = re.compile(
    r"(?<!\w)(?:\*(?=\S)[^*\n]+(?<=\S)\*|_(?=\S)[^_\n]+(?<=\S)_|~(?=\S)[^~\n]+(?<=\S)~)(?!\w)"
    r"|(?<!`)`[^`\n]+`(?!`)|https?://\S+"
)

# Consumed before what stands left of it is looked at, which is slow to look at everywhere.
_SPACE = r"(?P<space>[^\S\n\u00a0\u2007\u202f]++)"
_SENTENCE_END = r"(?<=[.!?…][)\"'”’*_~`\]]{0,3}(?P=space))"
_NOT_LIST_MARKER = r"(?<!^[ >]*(?:[-•☐☑]|\d{1,9}[.)])(?P=space))"
_LETTER = r"(?=[\p{L}\p{N}])"
_PLACES = (
    regex.compile(r"\n\s*\n"),
    regex.compile(r"\n"),
    regex.compile(rf"{_SPACE}{_SENTENCE_END}{_NOT_LIST_MARKER}|(?<=[。！？]){_LETTER}", regex.M),
    regex.compile(rf"{_SPACE}{_NOT_LIST_MARKER}|(?<=[，、；：]){_LETTER}", regex.M),
)


def split(text: str, limit: int = MESSAGE_LIMIT) -> list[str]:
    """The messages to send for a text, each of at most `limit` UTF-16 code units.

    A text that fits is returned as it is, a blank one gives an empty list. Nothing but whitespace
    at the cuts is lost. A single grapheme longer than the limit is cut, as nothing else can be.
    Raises ValueError for a limit below `MINIMUM_LIMIT`.
    """
    if limit < MINIMUM_LIMIT:
        raise ValueError(f"a message needs room for {MINIMUM_LIMIT} characters, not {limit}")
    if not text.strip():
        return []
    source = _Text(text)
    if source.units(0, len(text)) <= limit:
        return [text]
    return list(_cut_messages(source, limit))


def _cut_messages(source: "_Text", limit: int) -> Iterator[str]:
    start, reopened = source.after_blank_lines(0), False
    while start < source.end:
        prefix = _REOPENED if reopened else ""
        room = limit - len(prefix)
        if source.units(start, source.end) <= room:
            yield prefix + source.text[start : source.end]
            return
        cut = _Window(source, start, room, limit).cut()
        reopened = source.code_around(cut.left) is not None
        suffix = _CLOSED if reopened else ""
        if not source.is_blank(start, cut.left):
            yield prefix + source.text[start : cut.left] + suffix
        start = source.after_blank_lines(cut.right)


class _Cut(NamedTuple):
    """The message ends at `left`, the next one begins at `right`; whitespace is in between."""

    left: int
    right: int


class _Text:
    """A text with what has to be known about all of it: lengths, code blocks, formatted words."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.end = len(text.rstrip())
        self._astral = [match.start() for match in _ASTRAL.finditer(text)]
        fences = [match.start() for match in re.finditer(_FENCE, text)]
        # A fence without its partner is text to WhatsApp as well.
        self._code = [
            (opening, closing + len(_FENCE))
            for opening, closing in zip(fences[::2], fences[1::2], strict=False)
        ]
        formatted = (match.span() for match in _UNBROKEN.finditer(text))
        self._unbroken = [
            span for span in formatted if not any(self.code_around(edge) for edge in span)
        ]
        if len(fences) % 2:
            self._unbroken.append((fences[-1], fences[-1] + len(_FENCE)))
            self._unbroken.sort()

    def units(self, start: int, end: int) -> int:
        """Length of a part of the text in UTF-16 code units."""
        return end - start + bisect_left(self._astral, end) - bisect_left(self._astral, start)

    def reach(self, start: int, units: int) -> int:
        """The furthest position whose distance from `start` is at most so many units."""
        low, high = start, min(len(self.text), start + units)
        while low < high:
            middle = (low + high + 1) // 2
            if self.units(start, middle) <= units:
                low = middle
            else:
                high = middle - 1
        return low

    def code_around(self, position: int) -> tuple[int, int] | None:
        """The code block, fences included, that a cut at this position would go through."""
        return _find_stretch(self._code, position)

    def unbroken_around(self, position: int) -> tuple[int, int] | None:
        """The formatted words, inline code or URL that a cut there would go through."""
        return _find_stretch(self._unbroken, position)

    def is_blank(self, start: int, end: int) -> bool:
        return not _VISIBLE.search(self.text, start, end)

    def follows_heading(self, start: int, position: int) -> bool:
        line_start = self.text.rfind("\n", start, position) + 1 or start
        return _HEADING.match(self.text[line_start:position].rstrip()) is not None

    def after_blank_lines(self, position: int) -> int:
        """Skips blank lines, but not the indentation of the first line that isn't."""
        match = _BLANK_LINES.match(self.text, position)
        return match.end() if match else position


def _find_stretch(stretches: list[tuple[int, int]], position: int) -> tuple[int, int] | None:
    before = bisect_right(stretches, position, key=lambda stretch: stretch[0]) - 1
    if before >= 0 and stretches[before][0] < position < stretches[before][1]:
        return stretches[before]
    return None


@dataclass
class _Window:
    """The part of a text that one message could hold, and the search for the best cut in it."""

    source: _Text
    start: int
    room: int
    limit: int

    def cut(self) -> _Cut:
        """The best place of those that do the least harm."""
        least: dict[int, _Cut] = {}
        for cut in self._fitting_cuts():
            harm = self._harm(cut)
            if harm == 0:
                return cut
            least.setdefault(harm, cut)
        return least[min(least)] if least else self._between_graphemes()

    def _fitting_cuts(self) -> Iterator[_Cut]:
        """All places that give a valid message, best first."""
        end = self.source.reach(self.start, self.room)
        middle = self.source.reach(self.start, self.room // 2)
        for low, high in ((middle, end), (self.start, middle)):
            for place in _PLACES:
                # One character more, as whitespace after a full message is no part of it.
                yield from filter(self._fits, self._cuts(place, low, high + 1))

    def _cuts(self, place: "regex.Pattern[str]", low: int, high: int) -> Iterator[_Cut]:
        """Places of one kind, last first."""
        for match in reversed(list(place.finditer(self.source.text, low, high))):
            left = self.start + len(self.source.text[self.start : match.start()].rstrip())
            # A space can carry an accent; then it is part of a grapheme.
            if left > self.start and not _EXTENDS.match(self.source.text, match.end()):
                yield _Cut(left, match.end())

    def _harm(self, cut: _Cut) -> int:
        """What the cut would do: 0 nothing, 1 leave a heading behind, 2 break code that could
        stay whole, 3 break formatted words or a URL.
        """
        code = self.source.code_around(cut.left)
        if code:
            return 2 if self.source.units(*code) <= self.limit else 0
        if self.source.unbroken_around(cut.left):
            return 3
        return 1 if self.source.follows_heading(self.start, cut.left) else 0

    def _fits(self, cut: _Cut) -> bool:
        """The message is not too long, not blank, and has code on both sides of a cut in code."""
        code = self.source.code_around(cut.left)
        room = self.room - (len(_CLOSED) if code else 0)
        if self.source.units(self.start, cut.left) > room:
            return False
        first, last = self.start, self.source.end
        if code:
            first, last = max(first, code[0] + len(_FENCE)), code[1] - len(_FENCE)
        if cut.left < first or last < cut.right:
            return False
        return not (self.source.is_blank(first, cut.left) or self.source.is_blank(cut.right, last))

    def _between_graphemes(self) -> _Cut:
        """The last resort, for a text without spaces."""
        position = self._whole_grapheme(self.source.reach(self.start, self.room))
        code = self.source.code_around(position)
        whole = code or self.source.unbroken_around(position)
        if whole and self._is_message(whole[0]) and self.source.units(*whole) <= self.limit:
            position = whole[0]
        elif code:
            position = self._inside_code(code)
        return _Cut(position, position)

    def _inside_code(self, code: tuple[int, int]) -> int:
        """The last boundary that leaves code on both sides and room to close the block."""
        first, last = code[0] + len(_FENCE), code[1] - len(_FENCE)
        end = min(self.source.reach(self.start, self.room - len(_CLOSED)), last - 1)
        position = self._whole_grapheme(end)
        if position > first:
            return position
        return code[0] if self._is_message(code[0]) else end

    def _is_message(self, end: int) -> bool:
        return end > self.start and not self.source.is_blank(self.start, end)

    def _whole_grapheme(self, end: int) -> int:
        """The last boundary of a grapheme up to `end`, or `end` if the first is longer."""
        known = _BOUNDARY.search(self.source.text, max(self.start, end - 100), end)
        last = known.end() if known else self.start
        for match in _GRAPHEME.finditer(self.source.text, last):
            if match.end() > end:
                break
            last = match.end()
        return last if last > self.start else end

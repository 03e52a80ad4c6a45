"""What of a model's output was meant for the person: everything but its thinking aloud."""

import re

_TAGS = r"(?:think(?:ing)?|thought|reasoning|reflection|scratchpad)"
_BLOCK = re.compile(rf"<({_TAGS})\b[^<>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_OPEN = re.compile(rf"<{_TAGS}\b[^<>]*>", re.IGNORECASE)
_CLOSE = re.compile(rf"</{_TAGS}\s*>", re.IGNORECASE)
_CODE = re.compile(r"(?P<marks>`{1,3}).+?(?P=marks)", re.DOTALL)


def strip_reasoning(output: str) -> str:
    """The output without its reasoning, stripped; empty when there is nothing else.

    Some models write `<think>` blocks into their answer, forget the opening tag (their template
    has written it) or run out of tokens before the closing one. The same tags inside code are
    left alone once the answer has begun: there they are talked about.
    """
    text, last = _make_storable(output), None
    while text != last:  # what is left may only now read as a tag; it gets shorter each time
        text, last = _without_blocks(_skip_leading(text)).strip(), text
    return text


def _make_storable(text: str) -> str:
    """Without what no database takes: zero bytes and halves of characters."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "")


def _skip_leading(text: str) -> str:
    """Without the reasoning before the answer, in which code may stand too."""
    while end := _end_of_leading(text):
        text = text[end:]
    return text


def _end_of_leading(text: str) -> int:
    """Where the reasoning ends that the text begins with, 0 if there is none."""
    if block := _BLOCK.match(text, len(text) - len(text.lstrip())):
        return block.end()
    close = _find_first(_CLOSE, text)
    if close is None or _find_first(_OPEN, text[: close.start()]):
        return 0
    return close.end()


def _without_blocks(text: str) -> str:
    """Without the reasoning in the midst of it; what was never closed is reasoning to the end."""
    while opening := _find_first(_OPEN, text):
        block = _BLOCK.match(text, opening.start())
        text = text[: opening.start()] + (text[block.end() :] if block else "")
    return text


def _find_first(tag: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The first such tag that is not inside code."""
    code = [match.span() for match in _CODE.finditer(text)]
    for match in tag.finditer(text):
        if not any(start < match.start() < end for start, end in code):
            return match
    return None

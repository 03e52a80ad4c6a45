"""What a model or its server lets slip into a reply, and no person should read: calls of tools
written out as text, and stack traces.

Inside Markdown's code nothing is touched: there an example is shown, which was asked for.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

TRIES = 200  # places in one reply that are looked at as JSON

_CODE = re.compile(r"(?P<marks>`{1,3}|~~~).+?(?P=marks)", re.DOTALL)
# A fence that says by itself that it is a call, as some models write them.
_CALL_FENCE = re.compile(
    r"```(?:tool_(?:call|code|output|use)s?|function_calls?)\b.*?(?:```|\Z)", re.S
)

# Where templates of models wrap calls and results. What follows must look like one too, since a
# reply may talk about such tags.
_WRAPPED = re.compile(
    r"<(?P<tag>(?:antml:)?(?:tool_calls?|tool_response|tool_result|tool_use|function_calls?|"
    r"function_results?|function|invoke))\b[^<>\n]*>(?=\s*[{\[<`]|\s*\w+[({]).*?"
    r"(?:</(?P=tag)\s*>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_FUNCTION = re.compile(r"<function=[\w.-]+>.*?(?:</function>|\Z)", re.DOTALL | re.IGNORECASE)
_MARKED = re.compile(
    r"\[TOOL_CALLS\].*?(?=\n\n|\Z)"
    r"|<\|(?:python_tag|tool_calls?|tool_call_begin|tool_calls_section_begin)\|>.*\Z"
    r"|<｜tool▁(?:calls▁begin|outputs▁begin)｜>.*\Z",
    re.DOTALL,
)

# The beginning of an object, or of a list of objects, with a key that calls have.
_OBJECT = re.compile(
    r'(?:\[\s*)?\{\s*"(?:name|tool|tool_name|tool_calls?|tool_uses|function|function_call|action|'
    r'type|id|recipient_name)"\s*:'
)
_ARGUMENTS = frozenset(
    ("arguments", "args", "parameters", "input", "tool_input", "action_input", "params")
)
_CALLED = ("name", "tool", "tool_name", "function", "action", "recipient_name")
_BESIDES = frozenset(("id", "type", "index", "call_id", "tool_call_id", "tool_use_id"))
_HOLDERS = ("tool_calls", "tool_call", "tool_uses", "function_call")
_TYPES = frozenset(
    ("tool_use", "tool_call", "tool_result", "function_call", "function_call_output")
)

_TRACE = (
    r"[ \t]*Traceback \(most recent call last\):[ \t]*\n(?:[ \t]+[^\n]*(?:\n|\Z))*"
    r"(?:[ \t]*(?:[\w.]*\.)?[A-Z]\w*(?::[^\n]*)?(?:\n|\Z))?"
)
_LINK = r"\s*^[ \t]*(?:During handling of the above|The above exception)[^\n]*\n\s*^"
_PYTHON = re.compile(rf"^{_TRACE}(?:{_LINK}{_TRACE})*", re.MULTILINE)
_FRAME = (
    r"[ \t]+at [^\n]*(?:\([^()\n]*\)|:\d+(?::\d+)?\)?|:line \d+)[ \t]*"  # Java, JavaScript, .NET
    r"|[ \t]*\.\.\. \d+ more[ \t]*"
)
_FRAMES = re.compile(
    rf"^(?:[^\n]*(?:Error|Exception|Throwable)\b[^\n]*\n)?(?:(?:{_FRAME})(?:\n|\Z)){{2,}}"
    rf"(?:^Caused by:[^\n]*\n(?:(?:{_FRAME})(?:\n|\Z))*)*",
    re.MULTILINE,
)
_GO = re.compile(
    r"^(?:panic: [^\n]*\n\s*)?goroutine \d+ \[[^\]\n]*\]:\n(?:[^\n]+(?:\n|\Z))*", re.MULTILINE
)


def without_leaks(text: str) -> str:
    """The text as a person may read it, stripped; empty when there was nothing else in it."""
    last = None
    while text != last:  # what is left may only now read as a leak; it gets shorter each time
        last = text
        for find in _FINDERS:
            text = _cut(text, find)
    return text


def _cut(text: str, find: Callable[[str], Iterator[tuple[int, int]]]) -> str:
    """Without the spans that were found outside of code. Only a text that had one is changed."""
    code = _CODE.finditer(text) if find is not _calling_fences else ()
    inside = [match.span() for match in code]
    spans = [
        span for span in find(text) if not any(start <= span[0] < end for start, end in inside)
    ]
    if not spans:
        return text
    kept, position = [], 0
    for start, end in spans:
        if start >= position:
            kept.append(text[position:start])
            position = end
    return re.sub(r"\n{3,}", "\n\n", "".join([*kept, text[position:]])).strip()


def _matches(pattern: re.Pattern[str]) -> Callable[[str], Iterator[tuple[int, int]]]:
    return lambda text: (match.span() for match in pattern.finditer(text))


def _find_calls(text: str) -> Iterator[tuple[int, int]]:
    """Calls of tools in bare JSON."""
    decoder, position = json.JSONDecoder(), 0
    for _ in range(TRIES):
        begin = _OBJECT.search(text, position)
        if begin is None:
            return
        position = begin.start() + 1
        try:
            value, end = decoder.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            continue
        if _is_call(value):
            yield begin.start(), end
            position = end


def _is_call(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(_is_call(each) for each in value)
    if not isinstance(value, dict):
        return False
    if any(isinstance(value.get(key), dict | list) for key in _HOLDERS):
        return True
    if value.get("type") in _TYPES:
        return True
    if isinstance(value.get("function"), dict):
        return _is_call(value["function"])
    named = [key for key in _CALLED if isinstance(value.get(key), str)]
    given = [key for key in value if key in _ARGUMENTS]
    return bool(named and given) and set(value) <= {*named, *given, *_BESIDES}


_calling_fences = _matches(_CALL_FENCE)
_FINDERS = (
    _calling_fences,
    *map(_matches, (_WRAPPED, _FUNCTION, _MARKED, _PYTHON, _FRAMES, _GO)),
    _find_calls,
)

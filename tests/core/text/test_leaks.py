"""What must not reach a contact, and what only looks like it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text.leaks import without_leaks

CALL = '{"name": "send_whatsapp_message", "arguments": {"to": "+15551234567", "message": "hi"}}'
PYTHON = """\
Traceback (most recent call last):
  File "/srv/app/worker.py", line 10, in <module>
    main()
  File "/srv/app/worker.py", line 7, in main
    raise ValueError("no {key}")
ValueError: no {key}"""
CHAINED = f"""\
{PYTHON}

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/app/worker.py", line 12, in <module>
    fix()
httpx.ConnectError: [Errno 111] refused"""
JAVASCRIPT = """\
TypeError: Cannot read properties of undefined (reading 'id')
    at handle (/srv/app/index.js:10:15)
    at async /srv/app/server.js:4:3"""
JAVA = """\
java.lang.IllegalStateException: closed
\tat com.example.Main.run(Main.java:12)
\tat com.example.Main.main(Main.java:5)
Caused by: java.io.IOException: gone
\tat com.example.Io.read(Io.java:3)
\t... 2 more"""
GO = """\
panic: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.main()
\t/srv/app/main.go:8 +0x1d
exit status 2"""

LEAKS = {
    "a call": CALL,
    "a call over lines": json.dumps(json.loads(CALL), indent=2),
    "a list of calls": f"[{CALL}, {CALL}]",
    "one after the other": f"{CALL}\n{CALL}",
    "OpenAI's form": '{"tool_calls": [{"id": "1", "function": {"name": "x", "arguments": "{}"}}]}',
    "OpenAI's, one": '{"id": "1", "type": "function", "function": {"name": "x", "arguments": ""}}',
    "Anthropic's": '{"type": "tool_use", "id": "toolu_1", "name": "x", "input": {}}',
    "a result": '{"type": "tool_result", "tool_use_id": "toolu_1", "content": "secret"}',
    "with parameters": '{"name": "x", "parameters": {}}',
    "ReAct": '{"action": "search", "action_input": "weather"}',
    "tagged": f"<tool_call>\n{CALL}\n</tool_call>",
    "tagged, cut off": f"<tool_call>\n{CALL[:30]}",
    "tagged around a fence": f"<tool_call>\n```json\n{CALL}\n```\n</tool_call>",
    "another template": "<tool_call>\n<function=x>\n<parameter=to>1</function>\n</tool_call>",
    "a function": '<function=x>{"to": 1}</function>',
    "invoked": '<function_calls>\n<invoke name="x">\n</invoke>\n</function_calls>',
    "Mistral's": f"[TOOL_CALLS] [{CALL}]",
    "Llama's": f"<|python_tag|>{CALL}",
    "DeepSeek's": "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function",
    "Gemini's": "```tool_code\nprint(search('weather'))\n```",
    "Python": PYTHON,
    "Python, chained": CHAINED,
    "JavaScript": JAVASCRIPT,
    "Java": JAVA,
    "Go": GO,
}


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_nothing_is_left_of_what_is_only_a_leak(leak: str) -> None:
    assert without_leaks(leak) == ""
    assert without_leaks(f"\n{leak}\n") == ""


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS)
def test_words_before_it_stay(leak: str) -> None:
    assert without_leaks(f"One moment.\n\n{leak}") == "One moment."


OPEN_ENDED = ("tagged, cut off", "Llama's", "DeepSeek's")  # to the end, whatever comes


@pytest.mark.parametrize("name", [name for name in LEAKS if name not in OPEN_ENDED])
def test_words_around_it_stay(name: str) -> None:
    assert without_leaks(f"Before.\n\n{LEAKS[name]}\n\nAfter.") == "Before.\n\nAfter."


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  as it is  \n\n\n\n",
        f"A call looks so:\n```json\n{CALL}\n```",
        f"Your log says:\n```\n{PYTHON}\n```\nThe key is missing.",
        f"```\n{JAVASCRIPT}\n```",
        f"~~~\n{PYTHON}\n~~~",
        f"Inline `{CALL}` too.",
        "A traceback begins with `Traceback (most recent call last):`.",
        "Models write <tool_call> before a call and </tool_call> after it.",
        "Use the <function> tag here.",
        '{"name": "Alice", "age": 7}',
        '{"name": "Alice", "input": "text", "mood": "good"}',
        '{"type": "object", "properties": {"id": {"type": "string"}}}',
        '[1, 2, {"a": "b"}]',
        "Meet me\n  at the station (platform 3)\nand then we go.",
        "The ValueError means that the key is missing.",
        "ValueError: no key",
        "f(x) = {x | x > 0}, g[i] = {",
    ],
)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert without_leaks(text) == text


PIECES = st.sampled_from(
    [CALL, PYTHON, JAVA, "<tool_call>", "</tool_call>", "`", "```", "\n", "\n\n", " ", "words", "{"]
    + ['{"name":', "[TOOL_CALLS] ", "goroutine 1 [running]:\n", "  at x (y:1)\n", "~~~"]
)


@given(st.lists(PIECES, max_size=10).map("".join))
def test_it_ends_and_is_done_after_once(text: str) -> None:
    clean = without_leaks(text)
    assert len(clean) <= len(text) and without_leaks(clean) == clean


@given(st.text(), st.sampled_from([CALL, PYTHON, JAVA]), st.text())
def test_a_leak_between_any_words_is_gone(before: str, leak: str, after: str) -> None:
    plain = [text.translate({ord(mark): None for mark in "`~"}) for text in (before, after)]
    assert leak not in without_leaks(f"{plain[0]}\n\n{leak}\n\n{plain[1]}")


@given(st.text(alphabet=st.characters(exclude_characters="`{}[]<>｜\n")))
def test_ordinary_words_stay_as_they_are(text: str) -> None:
    assert without_leaks(text) == text


@given(st.sampled_from([CALL, PYTHON, JAVA, JAVASCRIPT, GO]), st.sampled_from(["", "json", "text"]))
def test_code_stays_as_it_is(shown: str, language: str) -> None:
    text = f"Here:\n```{language}\n{shown}\n```\nDo you see?"
    assert without_leaks(text) == text

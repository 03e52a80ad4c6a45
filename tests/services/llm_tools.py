"""Tools in the providers' languages, for the fake model. Which language it is can be told from the
request's own shape."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

Call = tuple[str, Mapping[str, Any]]
"""A tool's name and its arguments."""


def with_calls(answer: Any, calls: Sequence[Call], turn: int) -> Mapping[str, Any]:
    """An answer without text, made one that calls tools. `turn` keeps the calls' ids apart."""
    if "choices" in answer:
        choice = answer["choices"][0]
        choice["finish_reason"] = "tool_calls"
        choice["message"]["tool_calls"] = [
            {
                "id": f"call_{turn}_{number}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for number, (name, arguments) in enumerate(calls)
        ]
    elif "candidates" in answer:
        answer["candidates"][0]["content"]["parts"] = [
            {"functionCall": {"name": name, "args": arguments}} for name, arguments in calls
        ]
    else:
        answer["stop_reason"] = "tool_use"
        answer["content"] = [
            {"type": "tool_use", "id": f"toolu_{turn}_{number}", "name": name, "input": arguments}
            for number, (name, arguments) in enumerate(calls)
        ]
    return answer


def offered(body: Any) -> Mapping[str, Any]:
    """The tools that a request offers: names and the schemas of their arguments."""
    found: dict[str, Any] = {}
    for tool in body.get("tools", []):
        if "functionDeclarations" in tool:
            found |= {each["name"]: _schema(each) for each in tool["functionDeclarations"]}
        else:
            each = tool.get("function", tool)
            found[each["name"]] = _schema(each)
    return found


def results(body: Any) -> list[str]:
    """What the tools came to that were called so far, in order."""
    if "contents" in body:
        parts = [part for content in body["contents"] for part in content["parts"]]
        responses = [part["functionResponse"]["response"] for part in parts if _is_result(part)]
        return [str(next(iter(response.values()))) for response in responses]
    found = [m["content"] for m in body["messages"] if m["role"] == "tool"]
    blocks = [b for m in body["messages"] if isinstance(m["content"], list) for b in m["content"]]
    return found + [_text(b["content"]) for b in blocks if b.get("type") == "tool_result"]


def _is_result(part: Mapping[str, Any]) -> bool:
    return "functionResponse" in part


def _schema(declared: Mapping[str, Any]) -> Any:
    names = ("parameters", "input_schema", "parametersJsonSchema", "parameters_json_schema")
    return next((declared[name] for name in names if name in declared), {})


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content)

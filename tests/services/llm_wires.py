"""What the providers' languages look like on the wire, for the fake model: one class for each."""

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol


class Wire(Protocol):
    """`body` is a request's, as JSON."""

    def model(self, path: str, body: Any) -> str: ...

    def messages(self, body: Any) -> list[tuple[str, str]]:
        """(role, text) of all messages but the system's; the roles are user and assistant."""
        ...

    def system(self, body: Any) -> str: ...

    def answer(self, model: str, body: Any, text: str | None, reason: str) -> Mapping[str, Any]:
        """A whole answer; `reason` is why it ended, in OpenAI's words."""
        ...

    def streamed(self, answer: Mapping[str, Any]) -> bytes:
        """The same answer piece by piece, as server-sent events."""
        ...

    def error(self, status: int, message: str, code: str | None) -> Mapping[str, Any]: ...


def wire_of(path: str) -> Wire:
    if path.split("?")[0].endswith("/messages"):
        return Anthropic()
    if path.startswith("/openrouter/"):
        return OpenRouter()
    return Google() if ":generateContent" in path else OpenAI()


class OpenAI:
    """Chat completions, which Groq, Mistral, Ollama, OpenRouter and many servers speak too."""

    def model(self, path: str, body: Any) -> str:
        return str(body["model"])

    def messages(self, body: Any) -> list[tuple[str, str]]:
        return [(m["role"], m["content"]) for m in body["messages"] if m["role"] != "system"]

    def system(self, body: Any) -> str:
        return "\n".join(m["content"] for m in body["messages"] if m["role"] == "system")

    def answer(self, model: str, body: Any, text: str | None, reason: str) -> Mapping[str, Any]:
        read, written = _counted(body["messages"]), _words(text)
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": model,
            "choices": [
                {
                    "index": 0,
                    "finish_reason": reason,
                    "message": {"role": "assistant", "content": text},
                }
            ],
            "usage": {
                "prompt_tokens": read,
                "completion_tokens": written,
                "total_tokens": read + written,
            },
        }

    def streamed(self, answer: Mapping[str, Any]) -> bytes:
        [choice] = answer["choices"]
        frame = {**answer, "object": "chat.completion.chunk", "usage": None}
        pieces: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
        pieces += map(_content, _pieces(choice["message"]))
        if calls := choice["message"].get("tool_calls"):
            pieces.append({"tool_calls": [{**c, "index": n} for n, c in enumerate(calls)]})
        deltas = [{"index": 0, "delta": piece, "finish_reason": None} for piece in pieces]
        deltas.append({"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]})
        frames = [{**frame, "choices": [delta]} for delta in deltas]
        return _events([*frames, {**frame, "choices": [], "usage": answer["usage"]}, "[DONE]"])

    def error(self, status: int, message: str, code: str | None) -> Mapping[str, Any]:
        return {"error": {"message": message, "type": "error", "code": code}}


class OpenRouter(OpenAI):
    """Says also which provider it has asked."""

    def answer(self, model: str, body: Any, text: str | None, reason: str) -> Mapping[str, Any]:
        return {**super().answer(model, body, text, reason), "provider": "Fake"}


class Anthropic:
    """The Messages API."""

    reasons = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}
    errors = {
        400: "invalid_request_error",
        401: "authentication_error",
        403: "permission_error",
        404: "not_found_error",
        429: "rate_limit_error",
        529: "overloaded_error",
    }

    def model(self, path: str, body: Any) -> str:
        return str(body["model"])

    def messages(self, body: Any) -> list[tuple[str, str]]:
        return [(m["role"], self._text(m["content"])) for m in body["messages"]]

    def system(self, body: Any) -> str:
        return self._text(body.get("system", ""))

    def answer(self, model: str, body: Any, text: str | None, reason: str) -> Mapping[str, Any]:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": [{"type": "text", "text": text}] if text else [],
            "stop_reason": self.reasons[reason],
            "stop_sequence": None,
            "usage": {"input_tokens": _counted(body["messages"]), "output_tokens": _words(text)},
        }

    def streamed(self, answer: Mapping[str, Any]) -> bytes:
        """Told by the library, which streams all that it asks of Anthropic."""
        start = {**answer, "content": [], "stop_reason": None}
        events: list[dict[str, Any]] = [{"type": "message_start", "message": start}]
        for index, block in enumerate(answer["content"]):
            empty = {**block, "input": {}} if "input" in block else {**block, "text": ""}
            events += [{"type": "content_block_start", "index": index, "content_block": empty}]
            for delta in _deltas(block):
                events += [{"type": "content_block_delta", "index": index, "delta": delta}]
            events += [{"type": "content_block_stop", "index": index}]
        end = {"stop_reason": answer["stop_reason"], "stop_sequence": None}
        usage = {"output_tokens": answer["usage"]["output_tokens"]}
        events += [{"type": "message_delta", "delta": end, "usage": usage}]
        return _events([*events, {"type": "message_stop"}])

    def error(self, status: int, message: str, code: str | None) -> Mapping[str, Any]:
        kind = code or self.errors.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}}

    def _text(self, content: Any) -> str:
        if isinstance(content, str):
            return content
        return "\n".join(block.get("text", "") for block in content)


class Google:
    """The Gemini API's generateContent."""

    reasons = {"stop": "STOP", "length": "MAX_TOKENS", "content_filter": "SAFETY"}
    errors = {
        400: "INVALID_ARGUMENT",
        401: "UNAUTHENTICATED",
        403: "PERMISSION_DENIED",
        404: "NOT_FOUND",
        429: "RESOURCE_EXHAUSTED",
        503: "UNAVAILABLE",
    }

    def model(self, path: str, body: Any) -> str:
        return path.split("/models/")[1].split(":")[0]

    def messages(self, body: Any) -> list[tuple[str, str]]:
        roles = {"user": "user", "model": "assistant"}
        return [(roles[each["role"]], self._text(each)) for each in body["contents"]]

    def system(self, body: Any) -> str:
        return self._text(body.get("systemInstruction", {"parts": []}))

    def answer(self, model: str, body: Any, text: str | None, reason: str) -> Mapping[str, Any]:
        parts = [{"text": text}] if text else []
        read, written = _counted(body["contents"]), _words(text)
        return {
            "candidates": [
                {
                    "index": 0,
                    "content": {"role": "model", "parts": parts},
                    "finishReason": self.reasons[reason],
                }
            ],
            "usageMetadata": {
                "promptTokenCount": read,
                "candidatesTokenCount": written,
                "totalTokenCount": read + written,
            },
            "modelVersion": model,
        }

    def streamed(self, answer: Mapping[str, Any]) -> bytes:
        return _events([answer])

    def error(self, status: int, message: str, code: str | None) -> Mapping[str, Any]:
        error: dict[str, Any] = {"code": status, "message": message}
        if code == "API_KEY_INVALID":
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            error["details"] = [{"@type": kind, "reason": code, "domain": "googleapis.com"}]
            code = None
        return {"error": {**error, "status": code or self.errors.get(status, "INTERNAL")}}

    def _text(self, content: Any) -> str:
        return "\n".join(part.get("text", "") for part in content["parts"])


def _deltas(block: Mapping[str, Any]) -> list[dict[str, str]]:
    if "input" in block:
        return [{"type": "input_json_delta", "partial_json": json.dumps(block["input"])}]
    pieces = _pieces({"content": block["text"]})
    return [{"type": "text_delta", "text": piece} for piece in pieces]


def _content(text: str) -> dict[str, str]:
    return {"content": text}


def _pieces(message: Mapping[str, Any]) -> list[str]:
    """The words of a text, each with the space before it."""
    return re.findall(r"\s*\S+\s*$|\s*\S+", message["content"] or "")


def _events(events: list[Any]) -> bytes:
    lines = []
    for event in events:
        if isinstance(event, dict) and "type" in event:
            lines.append(f"event: {event['type']}\n")
        lines.append(f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n")
    return "".join(lines).encode()


def _counted(messages: Any) -> int:
    """Tokens, as far as the fake is concerned."""
    return len(json.dumps(messages).split())


def _words(text: str | None) -> int:
    return len((text or "").split())

"""The languages that servers speak: OpenAI completions and chat, Anthropic messages, Google Gemini.

Requests are written in the server's own; what it streams is turned into OpenAI's, so that there is one reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from string import ascii_lowercase
from typing import Any, Literal
from urllib.parse import quote

Api = Literal["completions", "chat", "messages", "gemini"]


def path(api: Api, *, model: str) -> str:
    """Return the path (and query) of streamed requests below a server's address.

    Args:
        api: the language.
        model: the model's name; only Google has it in the path.
    """
    if api == "gemini":
        return f"/v1beta/models/{quote(model, safe='')}:streamGenerateContent?alt=sse"
    return {"completions": "/v1/completions", "chat": "/v1/chat/completions", "messages": "/v1/messages"}[api]


def body(
    api: Api, *, model: str, prompt: str | Sequence[int], output_tokens: int, limit: str = "max_tokens"
) -> dict[str, Any]:
    """Return the JSON body of a streamed request.

    Args:
        api: the language.
        model: the model's name.
        prompt: text, or token ids (which only ``completions`` knows).
        output_tokens: most tokens of the answer.
        limit: OpenAI's name of that limit; its own newer models want ``max_completion_tokens``.
    """
    if api == "gemini":
        said = [{"role": "user", "parts": [{"text": prompt}]}]
        return {"contents": said, "generationConfig": {"maxOutputTokens": output_tokens}}
    if api == "completions":
        asked: dict[str, Any] = {"prompt": prompt}
    else:
        asked = {"messages": [{"role": "user", "content": prompt}]}
    return {"model": model, **asked, "max_tokens" if api == "messages" else limit: output_tokens, "stream": True}


@dataclass(frozen=True)
class Asking:
    """How the requests to one server are written; small, so that it can be handed to another process.

    Attributes:
        api: the language.
        model: the name of the model in requests.
        token_ids: whether prompts are sent as token ids.
        limit: name of the limit on output tokens.
        extra: further fields of each request's body.
    """

    api: Api
    model: str
    token_ids: bool = False
    limit: str = "max_tokens"
    extra: tuple[tuple[str, Any], ...] = ()

    def body(self, text: str, *, output_tokens: int) -> dict[str, Any]:
        """Return the JSON body of a streamed request for ``output_tokens`` tokens.

        Args:
            text: words of :mod:`kit.profiler.prompts`; where the server takes token ids, it gets those they stand for.
            output_tokens: tokens to ask for; exactly so many come only from an engine that ignores the end of text.
        """
        prompt = [_token_id(word) for word in text.split()] if self.token_ids else text
        asked = body(self.api, model=self.model, prompt=prompt, output_tokens=output_tokens, limit=self.limit)
        return asked | dict(self.extra)


@cache
def _token_id(word: str) -> int:
    """Return the token that a word of :func:`kit.profiler.prompts.word` stands for: bijective base 26."""
    index = 0
    for letter in word:
        index = 26 * index + ascii_lowercase.index(letter) + 1
    return index - 1


def as_openai(payload: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of one streamed event in the form of an OpenAI chunk; what is one already stays as it is.

    Anthropic counts input and output in different events (``message_start`` and ``message_delta``), and the input
    that was written to or read from its cache apart. Google counts thoughts apart from the answer.

    Args:
        payload: what an event said.
    """
    if "candidates" in payload or "usageMetadata" in payload:
        return _from_gemini(payload)
    kind = payload.get("type")
    if "choices" in payload or not isinstance(kind, str):
        return payload
    if kind == "content_block_delta":
        delta = _object(payload.get("delta"))
        text = next((delta[key] for key in ("text", "thinking", "partial_json") if delta.get(key)), "")
        return {"choices": [{"delta": {"content": text}}]}
    if kind in {"message_start", "message_delta"}:
        holder = _object(payload.get("message")) if kind == "message_start" else payload
        return _counts(*_anthropic_counts(_object(holder.get("usage"))))
    return payload


def _from_gemini(payload: dict[str, Any]) -> dict[str, Any]:
    candidates = payload.get("candidates")
    texts = [
        part.get("text") or part.get("functionCall")
        for candidate in (candidates if isinstance(candidates, list) else ())
        for part in _list(_object(_object(candidate).get("content")).get("parts"))
        if isinstance(part, dict)
    ]
    said = [{"delta": {"content": text}} for text in texts if text][:1]
    usage = _object(payload.get("usageMetadata"))
    output = [usage[key] for key in ("candidatesTokenCount", "thoughtsTokenCount") if _is_count(usage.get(key))]
    return {"choices": said} | _counts(usage.get("promptTokenCount"), sum(output) if output else None)


def _anthropic_counts(usage: dict[str, Any]) -> tuple[int | None, int | None]:
    keys = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    read = [usage[key] for key in keys if _is_count(usage.get(key))]
    return sum(read) if read else None, usage.get("output_tokens")


def _counts(prompt: int | None, output: int | None) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": prompt, "completion_tokens": output}}


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []

"""Clouds are asked in their own language, their latency is taken apart, and the key shows itself nowhere."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mock_engine import END, OK, Request, chunk, event, mock_engine, polite, saying

from kit.errors import EngineError, InputError
from kit.profiler.answers import Answer
from kit.profiler.cloud import CLOUDS, cloud, measure_way_there, way_there
from kit.profiler.dialects import as_openai
from kit.profiler.engines import endpoint
from kit.profiler.exchange import Exchange
from kit.profiler.keys import Secret, read_key, redacted
from kit.profiler.point import measure_point

CANARY = "sk-canary-8Jq2Lx7Vw0Zt5Rb9"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted key wherever one is looked for."""
    for known in CLOUDS.values():
        monkeypatch.setenv(known.key_variable, CANARY)
    monkeypatch.setenv("CANARY_KEY", CANARY)


def shows(text: str, *, at_most: int = 4) -> bool:
    """Whether a text holds the canary, or more than its first few characters."""
    return CANARY[: at_most + 1] in text


async def echoing(request: Request, writer: asyncio.StreamWriter) -> None:
    """A server that repeats what it was sent in its error, as some gateways do."""
    sent = next(value for value in request.headers.values() if CANARY in value)
    said = json.dumps({"error": {"message": f"Incorrect API key: {sent}"}}).encode()
    head = f"HTTP/1.1 401 Unauthorized\r\nContent-Length: {len(said)}\r\n\r\n".encode()
    writer.write(head + said)
    await writer.drain()


class TestKey:
    def test_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A variable that is not set is named."""
        monkeypatch.delenv("OPENAI_API_KEY")
        with pytest.raises(InputError, match="OPENAI_API_KEY is not set"), cloud("openai", model="m"):
            pass

    def test_key_instead_of_name(self) -> None:
        """A key that was given where the variable's name belongs is not repeated."""
        with pytest.raises(InputError, match="a key itself is never accepted") as error:
            read_key(CANARY)
        assert not shows(str(error.value))

    def test_strange(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A value that would break out of its header is refused and not repeated."""
        monkeypatch.setenv("CANARY_KEY", f"{CANARY}\r\nX-Evil: 1")
        with pytest.raises(InputError, match="CANARY_KEY holds blanks") as error:
            read_key("CANARY_KEY")
        assert not shows(str(error.value))

    def test_repr(self) -> None:
        """A secret shows itself in no repr, not even inside another object."""
        secret = Secret(f"Bearer {CANARY}")
        assert not shows(repr([("Authorization", secret)]))
        assert secret.endswith(CANARY)

    def test_server(self) -> None:
        """Neither a server nor its target shows the key."""
        with cloud("openai", model="m") as server:
            target = server.target(timeout_s=1)
            for shown in (repr(server), repr(target), str(server.engine), repr(dataclasses.asdict(server)["headers"])):
                assert not shows(shown)
            assert not shows(json.dumps(server.body("a b", output_tokens=3)))
            assert not shows(server.engine.model_dump_json())


class TestRedaction:
    @pytest.mark.parametrize(
        "text",
        [
            f"Bearer {CANARY}.",
            f"cut in the middle: {CANARY[:17]}... and more",
            f"cut at the end: {CANARY[:6]}",
            f"twice {CANARY}{CANARY}",
            "Incorrect API key provided: sk-ca*************5Rb9.",
        ],
    )
    def test_text(self, text: str) -> None:
        """A key goes out of a text, whole, cut short or masked."""
        read_key("CANARY_KEY")
        assert not shows(redacted(text), at_most=3)
        assert "5Rb9" not in redacted(text)
        assert "(key removed)" in redacted(text)

    def test_quoted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A key that was written as part of a URL goes too."""
        monkeypatch.setenv("CANARY_KEY", "ab+cd/ef==ghijkl")
        read_key("CANARY_KEY")
        assert redacted("GET /?key=ab%2Bcd%2Fef%3D%3Dghijkl") == "GET /?key=(key removed)"

    def test_rest_stays(self) -> None:
        """What is no key stays as it is."""
        read_key("CANARY_KEY")
        assert redacted('429 {"error": "slow down, 2**3 tokens"}') == '429 {"error": "slow down, 2**3 tokens"}'

    @given(before=st.text(max_size=30), after=st.text(max_size=30), cut=st.integers(0, 100))
    def test_any_text(self, before: str, after: str, cut: int) -> None:
        """Whatever stands around a key and wherever the text is cut, at most three of its characters remain."""
        read_key("CANARY_KEY")
        text = f"{before}{CANARY}{after}"
        assert not shows(redacted(text[: len(text) - min(cut, len(text))]), at_most=3)


class TestRequests:
    def test_provider(self) -> None:
        """An unknown provider is answered with the nearest one."""
        with pytest.raises(InputError, match='did you mean "anthropic"'), cloud("antropic", model="m"):
            pass

    def test_unencrypted(self) -> None:
        """A key is not sent over http to another machine."""
        with pytest.raises(InputError, match="only sent over https"), cloud("openai", model="m", base_url="http://gw"):
            pass

    @pytest.mark.parametrize(
        ("provider", "url", "header", "body"),
        [
            (
                "openai",
                "https://api.openai.com/v1/chat/completions",
                ("Authorization", f"Bearer {CANARY}"),
                {
                    "model": "m-1",
                    "messages": [{"role": "user", "content": "a b"}],
                    "max_completion_tokens": 3,
                    "stream": True,
                    "stream_options": {"include_usage": True},
                },
            ),
            (
                "anthropic",
                "https://api.anthropic.com/v1/messages",
                ("x-api-key", CANARY),
                {"model": "m-1", "messages": [{"role": "user", "content": "a b"}], "max_tokens": 3, "stream": True},
            ),
            (
                "google",
                "https://generativelanguage.googleapis.com/v1beta/models/m-1:streamGenerateContent?alt=sse",
                ("x-goog-api-key", CANARY),
                {
                    "contents": [{"role": "user", "parts": [{"text": "a b"}]}],
                    "generationConfig": {"maxOutputTokens": 3},
                },
            ),
        ],
    )
    def test_languages(self, provider: str, url: str, header: tuple[str, str], body: dict[str, Any]) -> None:
        """Each provider is asked as its documentation says, with the key in a header and never in the address."""
        with cloud(provider, model="m-1") as server:
            target = server.target(timeout_s=1)
            assert target.url == url
            assert header in target.headers
            assert server.body("a b", output_tokens=3) == body

    def test_anthropic_version(self) -> None:
        """Anthropic wants the version of its API in a header."""
        with cloud("anthropic", model="m") as server:
            assert ("anthropic-version", "2023-06-01") in server.headers

    def test_endpoint_with_key(self) -> None:
        """An endpoint gets the key of its variable as a bearer."""
        with mock_engine(polite) as engine, endpoint(engine.url, model="m", key_variable="CANARY_KEY") as server:
            measure_way_there(server, requests=1)
            assert engine.requests[0].headers["authorization"] == f"Bearer {CANARY}"


class TestAnswers:
    @pytest.mark.parametrize(
        ("said", "read"),
        [
            ({"choices": [], "usage": {"completion_tokens": 3}}, {"choices": [], "usage": {"completion_tokens": 3}}),
            (
                {"type": "message_start", "message": {"usage": {"input_tokens": 5, "cache_read_input_tokens": 7}}},
                {"usage": {"prompt_tokens": 12, "completion_tokens": None}},
            ),
            (
                {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
                {"choices": [{"delta": {"content": "Hi"}}]},
            ),
            (
                {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "x"}},
                {"choices": [{"delta": {"content": ""}}]},
            ),
            (
                {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 15}},
                {"usage": {"prompt_tokens": None, "completion_tokens": 15}},
            ),
            ({"type": "ping"}, {"type": "ping"}),
            (
                {"candidates": [{"content": {"parts": [{"text": "Hi"}]}}], "usageMetadata": {"promptTokenCount": 4}},
                {
                    "choices": [{"delta": {"content": "Hi"}}],
                    "usage": {"prompt_tokens": 4, "completion_tokens": None},
                },
            ),
            (
                {"usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 6, "thoughtsTokenCount": 10}},
                {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 16}},
            ),
        ],
    )
    def test_events(self, said: dict[str, Any], read: dict[str, Any]) -> None:
        """Events of Anthropic and Google mean what their documentation says; OpenAI's stay as they are."""
        assert as_openai(said) == read

    @given(st.dictionaries(st.sampled_from(["type", "candidates", "usageMetadata", "delta", "message"]), st.one_of(
        st.none(), st.integers(), st.sampled_from(["message_start", "content_block_delta", "message_delta"]),
        st.lists(st.one_of(st.none(), st.dictionaries(st.sampled_from(["content"]), st.integers()))),
        st.dictionaries(st.sampled_from(["usage", "text", "parts"]), st.one_of(st.none(), st.integers())),
    )))  # fmt: skip
    def test_any_event(self, said: dict[str, Any]) -> None:
        """Whatever a server says, the translation does not fail."""
        assert isinstance(as_openai(said), dict)


class TestMeasured:
    @pytest.mark.parametrize(
        ("provider", "events"),
        [
            (
                "anthropic",
                [
                    {"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1}}},
                    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
                    {"type": "ping"},
                    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
                    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": " you"}},
                    {"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 8}},
                    {"type": "message_stop"},
                ],
            ),
            (
                "google",
                [
                    {
                        "candidates": [{"content": {"parts": [{"text": "Hi"}]}}],
                        "usageMetadata": {"promptTokenCount": 5},
                    },
                    {
                        "candidates": [{"content": {"parts": [{"text": " you"}]}, "finishReason": "MAX_TOKENS"}],
                        "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 8},
                    },
                ],
            ),
        ],
    )
    def test_languages(self, provider: str, events: list[dict[str, Any]]) -> None:
        """Anthropic and Google are measured like anybody else: counts from their usage, events with output only."""
        content = OK + b"".join(chunk(event(one)) for one in events) + END
        with mock_engine(saying(content)) as engine, cloud(provider, model="m", base_url=engine.url) as server:
            one = measure_point(server, prompt_tokens=5, output_tokens=8, concurrency=1, seconds=0.5)
        assert one.point is not None, one.findings
        assert (one.point.prompt_tokens, one.point.output_tokens) == (5, 8)
        assert {len(answer.token_events_s) for run in one.runs for answer in run.answers} == {2}

    @pytest.mark.parametrize("provider", list(CLOUDS))
    def test_canary(self, provider: str) -> None:
        """A key that a server echoes, in an error or inside a 200, gets into no answer and no finding."""
        inside = OK + chunk(event({"error": {"message": f"bad key {CANARY}"}})) + END
        for behaviour in (echoing, saying(inside), saying(OK + chunk(f"data: {CANARY}\n\n".encode()) + END)):
            with mock_engine(behaviour) as engine, cloud(provider, model="m", base_url=engine.url) as server:
                one = measure_point(server, prompt_tokens=5, output_tokens=8, concurrency=1, seconds=0.2)
            assert one.point is None
            assert "(key removed)" in repr(one.findings)
            assert not shows(repr(one))


class TestWayThere:
    def test_parts(self) -> None:
        """Connect, first byte and first token are told apart: 20 + 30 + 50 ms of 100 ms, a fifth of it connecting."""
        exchange = Exchange(slot=0, ordinal=0, due_ns=0, asked_tokens=2, connected_ns=20_000_000, sent_ns=20_000_000)
        exchange.read_at_ns = [50_000_000, 100_000_000]
        answer = Answer(
            slot=0,
            ordinal=0,
            due_s=0.0,
            connected_s=0.02,
            token_events_s=(0.1,),
            finished_s=0.1,
            prompt_tokens=1,
            output_tokens=1,
            asked_tokens=1,
        )
        parts = way_there([exchange], [answer])
        means = [spread.mean for spread in (parts.connect_s, parts.first_byte_s, parts.first_token_s) if spread]
        assert means == pytest.approx([0.02, 0.03, 0.05])
        assert parts.connect_share == pytest.approx(0.2)

    def test_measured(self) -> None:
        """Over loopback the way is short, and what the server waits for before its first token is the server's."""

        async def slow(request: Request, writer: asyncio.StreamWriter) -> None:
            writer.write(OK)
            await writer.drain()
            await asyncio.sleep(0.1)  # the engine's own time to its first token
            usage = {"prompt_tokens": 3, "completion_tokens": 1}
            writer.write(chunk(event({"choices": [{"text": "a"}], "usage": usage})) + END)
            await writer.drain()

        with mock_engine(slow) as engine, endpoint(engine.url, model="m") as server:
            parts = measure_way_there(server, requests=6)
        assert parts.requests == 6
        assert parts.first_token_s is not None
        assert parts.first_token_s.p50 is not None
        assert parts.first_token_s.p50 >= 0.099
        assert parts.connect_share < 0.5

    @pytest.mark.parametrize("provider", list(CLOUDS))
    def test_canary(self, provider: str) -> None:
        """A server that echoes the key in its error does not bring it into the error of the kit."""
        with (
            mock_engine(echoing) as engine,
            cloud(provider, model="m", base_url=engine.url) as server,
            pytest.raises(EngineError, match="401") as error,
        ):
            measure_way_there(server, requests=2)
        assert any(CANARY in value for value in engine.requests[0].headers.values())  # the server did get it
        assert not shows(str(error.value))
        assert not shows("".join(traceback.format_exception(error.value)))

    def test_nothing_sent(self) -> None:
        """A server that closes at once is an EngineError."""
        with (
            mock_engine(saying(b"")) as engine,
            endpoint(engine.url, model="m") as server,
            pytest.raises(EngineError, match=r"no request to endpoint went through: 2 × connection cut"),
        ):
            measure_way_there(server, requests=2)

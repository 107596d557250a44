"""vLLM is found, started from a config.json alone, measured and stopped; whatever it dies of is told."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from fake_vllm import fake_vllm
from fake_vllm import model as model

from kit.errors import EngineError, InputError
from kit.profiler.answers import Failure
from kit.profiler.engines import Server
from kit.profiler.point import measure_point
from kit.profiler.vllm_engine import ending, find_vllm, vllm_serve
from kit.profiler.vllm_memory import LogMemory, engine_memory, read_log, read_metrics
from kit.profiler.weights import architecture_config


def seen(model: Path) -> dict[str, Any]:
    """What the fake engine was started with."""
    return json.loads((model / "seen.json").read_text())


def gone(pid: int) -> bool:
    """Whether a process has ended, within ten seconds."""
    try:
        psutil.Process(pid).wait(timeout=10)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


class TestFinding:
    @pytest.fixture(autouse=True)
    def nowhere(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("KIT_VLLM", raising=False)
        monkeypatch.setenv("PATH", str(tmp_path / "empty"))

    def test_order(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The argument comes before $KIT_VLLM, that before .venv-vllm, that before PATH."""
        places = [tmp_path / name for name in ("given", "variable", ".venv-vllm/bin", "path")]
        for place in places:
            place.mkdir(parents=True)
        given, variable, own, path = (fake_vllm(place) for place in places)
        monkeypatch.setenv("PATH", str(path.parent))
        own.rename(own.with_name("away"))
        assert find_vllm() == path
        own.with_name("away").rename(own)
        assert find_vllm() == own
        monkeypatch.setenv("KIT_VLLM", str(variable))
        assert find_vllm() == variable
        assert find_vllm(given) == given

    def test_none(self) -> None:
        """Without vLLM the error says how to get it."""
        with pytest.raises(EngineError, match=r"'make engine' puts it into \.venv-vllm"):
            find_vllm()

    def test_wrong(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An executable that is named but is not there is a mistake of the user, not a reason to take another."""
        with pytest.raises(InputError, match='the given executable "/no/vllm" is not a program'):
            find_vllm("/no/vllm")
        monkeypatch.setenv("KIT_VLLM", "/none/vllm")
        with pytest.raises(InputError, match=r'\$KIT_VLLM "/none/vllm" is not a program'):
            find_vllm()


class TestStart:
    def test_arguments(self, model: Path, tmp_path: Path) -> None:
        """Format, quantisation, GPUs, length and further arguments reach vLLM; it listens on the loopback alone."""
        with vllm_serve(
            model,
            executable=fake_vllm(tmp_path),
            dtype="float32",
            quantisation="fp8",
            tensor_parallel=2,
            max_model_len=1024,
            arguments=("--seed", "3"),
        ):
            given = seen(model)["arguments"]
        assert given[:2] == ["serve", str(model)]
        text = " ".join(given)
        for wanted in (
            "--load-format dummy",
            "--skip-tokenizer-init",
            "--dtype float32",
            "--quantization fp8",
            "--tensor-parallel-size 2",
            "--max-model-len 1024",
            "--seed 3",
            "--host 127.0.0.1",
        ):
            assert wanted in text

    def test_real_weights(self, model: Path, tmp_path: Path) -> None:
        """With real weights the load format is vLLM's own choice."""
        with vllm_serve(model, executable=fake_vllm(tmp_path), random_weights=False):
            assert "--load-format" not in seen(model)["arguments"]

    def test_environment(self, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """VLLM asks no hub, reports no usage, and inherits neither keys nor proxies."""
        monkeypatch.setenv("OPENAI_API_KEY", "canary")
        monkeypatch.setenv("VLLM_API_KEY", "canary")
        monkeypatch.setenv("HF_TOKEN", "canary")
        monkeypatch.setenv("https_proxy", "http://user:canary@proxy")
        monkeypatch.delenv("VLLM_CPU_KVCACHE_SPACE", raising=False)
        with vllm_serve(model, executable=fake_vllm(tmp_path)):
            env = seen(model)["env"]
        assert "canary" not in str(env)
        wanted = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "VLLM_CPU_KVCACHE_SPACE": "2"}
        assert wanted.items() <= env.items()

    def test_record(self, model: Path, tmp_path: Path) -> None:
        """The record tells version and command without a path or a port."""
        with vllm_serve(
            model, executable=fake_vllm(tmp_path), arguments=("--chat-template", "/home/ann/t.jinja")
        ) as one:
            assert one.engine.name == "vllm"
            assert one.engine.version == "0.32.0+cpu"
            assert one.engine.command[:4] == ("VLLM_CPU_KVCACHE_SPACE=2", "vllm", "serve", "MODEL")
            assert not {"ann", "--port", str(tmp_path)} & set(" ".join(one.engine.command).replace("/", " ").split())

    def test_memory(self, model: Path, tmp_path: Path) -> None:
        """Weights and pool come from the log; tokens (64 blocks of 128) and peak use (a quarter) from the metrics."""
        with vllm_serve(model, executable=fake_vllm(tmp_path)) as server:
            memory = server.memory()
        assert (memory.weights_gib, memory.kv_cache_gib) == (1.25, 2.0)
        assert (memory.kv_cache_tokens, memory.peak_kv_gib) == (8192, 0.5)
        assert (memory.activations_gib, memory.graphs_gib, memory.other_gib) == (None, None, None)
        assert server.kv_cache_gib == 2.0

    def test_token_ids(self, model: Path, tmp_path: Path) -> None:
        """A prompt is sent as the token ids that its words stand for, and exactly so many tokens are asked for."""
        with vllm_serve(model, executable=fake_vllm(tmp_path)) as server:
            body = server.body("a z aa ab ba", output_tokens=7)
            assert server.vocab_size == 500
        assert body["prompt"] == [0, 25, 26, 27, 52]
        assert body["max_tokens"] == 7
        assert body["ignore_eos"] is True
        assert body["return_token_ids"] is True
        assert body["stream_options"] == {"include_usage": True, "continuous_usage_stats": True}

    @pytest.mark.parametrize("argument", ["--port", "--api-key=canary", "--served_model_name"])
    def test_forbidden(self, model: Path, tmp_path: Path, argument: str) -> None:
        """What the kit itself decides cannot be given, and its value is not repeated."""
        with (
            pytest.raises(InputError, match="cannot be given to vLLM") as error,
            vllm_serve(model, executable=fake_vllm(tmp_path), arguments=(argument,)),
        ):
            pass
        assert "canary" not in str(error.value)

    @pytest.mark.parametrize(("content", "words"), [(None, "cannot be read"), ("{", "not JSON"), ("[]", "not a JSON")])
    def test_config(self, tmp_path: Path, content: str | None, words: str) -> None:
        """A folder without a proper config.json is reported before anything is started."""
        if content is not None:
            (tmp_path / "config.json").write_text(content)
        with pytest.raises(InputError, match=words), vllm_serve(tmp_path, executable=fake_vllm(tmp_path)):
            pass


class TestFailure:
    def test_exits(self, model: Path, tmp_path: Path) -> None:
        """An engine that exits at once is an EngineError with its code and its words."""
        with (
            pytest.raises(EngineError, match=r"(?s)ended with code 1 before.*unrecognized arguments: --nonsense"),
            vllm_serve(model, executable=fake_vllm(tmp_path, "exits")),
        ):
            pass

    def test_does_not_fit(self, model: Path, tmp_path: Path) -> None:
        """A model that does not fit is an EngineError whose reason is the root cause, not its aftermath."""
        with (
            pytest.raises(
                EngineError, match=r"\(memory did not suffice: ValueError: No available memory for the cache"
            ),
            vllm_serve(model, executable=fake_vllm(tmp_path, "does not fit")),
        ):
            pass

    def test_hangs(self, model: Path, tmp_path: Path) -> None:
        """An engine that never answers is given up after the deadline, with the end of its log, and stopped."""
        with (
            pytest.raises(EngineError, match=r"(?s)did not answer within 2 s.*Loading weights"),
            vllm_serve(model, executable=fake_vllm(tmp_path, "hangs"), deadline_s=2),
        ):
            pass
        assert gone(seen(model)["pid"])

    def test_dies(self, model: Path, tmp_path: Path) -> None:
        """An engine that runs out of memory in the middle of a run gives no point but a reason, and the kit goes on."""
        with vllm_serve(model, executable=fake_vllm(tmp_path, "dies")) as server:
            server.ensure_alive()
            one = measure_point(server, prompt_tokens=4, output_tokens=4, concurrency=1, seconds=0.5)
            assert one.point is None
            assert any(str(kind) in one.findings[0].evidence for kind in (Failure.CUT, Failure.REFUSED))
            with pytest.raises(EngineError, match=r"(?s)memory did not suffice: torch.OutOfMemoryError: CUDA out of"):
                server.ensure_alive()

    def test_core_dies(self, model: Path, tmp_path: Path) -> None:
        """A front end that goes on without its core counts as dead."""
        with vllm_serve(model, executable=fake_vllm(tmp_path, "core dies")) as server:
            measure_point(server, prompt_tokens=4, output_tokens=4, concurrency=1, seconds=0.3)
            process = _Running()
            port = int(server.base_url.rpartition(":")[2])
            assert "no longer answers" in str(ending(process, port=port, log=tmp_path / "none", patience_s=0.1))

    def test_interrupt(self, model: Path, tmp_path: Path) -> None:
        """An interrupt stops the engine and is passed on."""
        with pytest.raises(KeyboardInterrupt), vllm_serve(model, executable=fake_vllm(tmp_path)) as server:
            raise KeyboardInterrupt
        assert gone(server.pid or 0)


class _Running:
    """A process that does not end."""

    def poll(self) -> None:
        return None

    def wait(self, timeout: float) -> None:
        assert timeout > 0


class TestMemory:
    def test_log(self) -> None:
        """All figures of a GPU's log (0.32) are read; other = consumed 15.9 − weights 14.25."""
        log = """
        INFO 11-22 [m.py:425] Model loading took 14.25 GiB memory and 3.2 seconds
        INFO 11-22 [w.py:760] Available KV cache memory: 54.5 GiB
        INFO 11-22 [r.py:6582] Graph capturing finished in 9 secs, took 0.62 GiB
        INFO 11-22 [w.py:1040] Free memory on device (78.6/79.1 GiB) on startup. Desired GPU memory utilization is
        (0.92, 72.8 GiB). Actual usage is 15.9 GiB for consumed memory (weights + non-torch), 1.75 GiB for peak
        activation, and 0.5 GiB for CUDAGraph memory. Replace gpu_memory_utilization config with ...
        """
        memory = read_log(" ".join(log.split()))
        assert (memory.weights_gib, memory.kv_cache_gib, memory.activations_gib) == (14.25, 54.5, 1.75)
        assert memory.graphs_gib == 0.5
        assert memory.other_gib == pytest.approx(1.65)

    def test_older_log(self) -> None:
        """The words of earlier releases are read too."""
        log = (
            "the current vLLM instance can use total_gpu_memory (79.11GiB) x gpu_memory_utilization (0.90) = 71.20GiB\n"
            "model weights take 14.99GiB; non_torch_memory takes 0.16GiB; PyTorch activation peak memory takes 1.26GiB;"
            " the rest of the memory reserved for KV Cache is 54.79GiB."
        )
        assert read_log(log) == LogMemory(weights_gib=14.99, activations_gib=1.26, other_gib=0.16)
        assert read_log("Loading model weights took 512.0 MiB").weights_gib == 0.5

    def test_silence(self) -> None:
        """What is not said is None, never 0."""
        assert read_log("nothing") == LogMemory()
        assert read_metrics("").pool_tokens is None
        assert read_metrics('vllm:cache_config_info{block_size="16",num_gpu_blocks="None"} 1').pool_tokens is None

    def test_metrics(self) -> None:
        """Pools of two engines behind one address add up, usage is the fuller one's; both of its names are read."""
        text = (
            'vllm:cache_config_info{block_size="16",num_gpu_blocks="1000",engine="0"} 1.0\n'
            'vllm:cache_config_info{block_size="16",num_gpu_blocks="500",engine="1"} 1.0\n'
            'vllm:kv_cache_usage_perc{engine="0"} 0.125\nvllm:gpu_cache_usage_perc{engine="1"} 0.5\n'
        )
        assert read_metrics(text).pool_tokens == 24000
        assert read_metrics(text).usage == 0.5

    def test_whole_replica(self) -> None:
        """The log speaks of one GPU; the memory is that of all GPUs of the replica."""
        memory = engine_memory(
            LogMemory(weights_gib=10, kv_cache_gib=3), read_metrics("vllm:kv_cache_usage_perc 0.5"), gpus=4
        )
        assert (memory.weights_gib, memory.kv_cache_gib, memory.peak_kv_gib) == (40, 12, 6)


def _installed() -> bool:
    try:
        find_vllm()
    except (EngineError, InputError):
        return False
    return True


@pytest.fixture(scope="module")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real vLLM on the tiny architecture; afterwards none of its processes is left."""
    folder = tmp_path_factory.mktemp("tiny")
    config, _ = architecture_config("tiny")
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("VLLM_CPU_KVCACHE_SPACE", raising=False)
        with vllm_serve(folder, arguments=("--enforce-eager",), cpu_kv_cache_gib=1, deadline_s=300) as server:
            processes = family(server)
            yield server
    assert len(processes) > 1
    assert all(gone(process.pid) for process in processes)


def family(server: Server) -> list[psutil.Process]:
    """The engine's process and all below it."""
    front = psutil.Process(server.pid)
    return [front, *front.children(recursive=True)]


@pytest.mark.engine
@pytest.mark.skipif(not _installed(), reason="vLLM is not installed; 'make engine' puts it into .venv-vllm")
class TestRealVllm:
    def test_measured(self, real_server: Server) -> None:
        """Prompts and answers have exactly the lengths that were asked for, and nothing fails."""
        one = measure_point(real_server, prompt_tokens=24, output_tokens=8, concurrency=2, seconds=4)
        assert one.point is not None, one.findings
        assert (one.point.prompt_tokens, one.point.output_tokens, one.point.failed) == (24, 8, 0)
        real_server.ensure_alive()

    def test_its_memory(self, real_server: Server) -> None:
        """The pool is the one GiB that was asked for: 2 × 2 layers × 2 heads × 32 × 2 bytes = 512 bytes per token."""
        if real_server.engine.version is None or "cpu" not in real_server.engine.version:
            pytest.skip("on a GPU the pool is what the GPU leaves")
        memory = real_server.memory()
        assert memory.kv_cache_gib == 1.0
        assert memory.kv_cache_tokens == 2**30 // 512
        assert memory.peak_kv_gib is not None
        assert 0 <= memory.peak_kv_gib <= 1

    def test_loopback(self, real_server: Server) -> None:
        """All its processes listen on the loopback interface alone."""
        listening = [
            one for process in family(real_server) for one in process.net_connections() if one.status == "LISTEN"
        ]
        assert listening
        assert {one.laddr.ip for one in listening} == {"127.0.0.1"}

    def test_own_group(self, real_server: Server) -> None:
        """Its processes are in one group that is not the kit's."""
        assert {os.getpgid(process.pid) for process in family(real_server)} == {real_server.pid}

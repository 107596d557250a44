"""A model folder with random weights: the real architecture, a generated tokenizer, no hub.

Speed and memory depend on the architecture alone, so a site without internet can be measured without the weights.
What the model answers is noise.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from kit.errors import InputError, did_you_mean, one_of
from kit.profiler.prompts import word
from kit.record import sha256_of, write_atomically

_RECIPE = 1
"""Goes up whenever folders written earlier would differ, so that a cached one is not mistaken for a new one."""

_TEMPLATE = "{% for message in messages %}{{ message['content'] }}{% if not loop.last %} {% endif %}{% endfor %}"


@dataclass(frozen=True)
class ModelFolder:
    """A folder that an engine can serve.

    Attributes:
        path: the folder.
        architecture: the kit's name of the architecture.
        config: the contents of its config.json.
        config_sha256: hash of the architecture's config file.
        weights_bytes: size of the weights on disk, which is their size in memory.
    """

    path: Path
    architecture: str
    config: dict[str, Any]
    config_sha256: str
    weights_bytes: int

    @property
    def vocab_size(self) -> int:
        """Number of tokens that the tokenizer knows."""
        return int(self.config["vocab_size"])

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes of KV cache per token of plain or grouped-query attention at 16 bits.

        2 (key and value) × layers × KV heads × head dimension × 2 bytes.
        """
        heads = int(self.config["num_key_value_heads"])
        return 2 * int(self.config["num_hidden_layers"]) * heads * int(self.config["head_dim"]) * 2


def architectures() -> tuple[str, ...]:
    """Return the names of the architectures that come with the kit."""
    folder = files("kit.profiler").joinpath("architectures")
    return tuple(sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json")))


def architecture_config(architecture: str) -> tuple[dict[str, Any], str]:
    """Return an architecture's config.json and the SHA-256 of its bytes.

    Args:
        architecture: one of :func:`architectures`, or the path of a config.json.

    Raises:
        InputError: there is no such architecture, or the file is no config.json.
    """
    if architecture.endswith(".json"):
        return _config_file(Path(architecture))
    known = architectures()
    if architecture not in known:
        raise InputError(
            f'no architecture "{architecture}"{did_you_mean(architecture, known)}; there is {one_of(known)}'
        )
    content = files("kit.profiler").joinpath("architectures", f"{architecture}.json").read_bytes()
    config: dict[str, Any] = json.loads(content)
    return config, sha256_of(content)


def _config_file(path: Path) -> tuple[dict[str, Any], str]:
    try:
        content = path.read_bytes()
        config = json.loads(content)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a config.json ({error})") from None
    missing = {"model_type", "vocab_size", "num_hidden_layers"} - set(config if isinstance(config, dict) else ())
    if missing:
        raise InputError(f"{path}: not the config.json of a language model; it lacks {', '.join(sorted(missing))}")
    return config, sha256_of(content)


def write_random_model(architecture: str, *, weights_dir: Path, seed: int = 0) -> ModelFolder:
    """Give the folder of a model with random weights, writing it if it is not there yet.

    The folder appears under its final name only when it is complete, so a killed run leaves nothing broken.

    Args:
        architecture: one of :func:`architectures`.
        weights_dir: where such folders are kept.
        seed: seed of the weights.

    Raises:
        InputError: there is no such architecture, or the folder cannot be written.
    """
    config, digest = architecture_config(architecture)
    name = public_name(architecture)
    path = weights_dir / f"{name}-{digest[:8]}-{seed}-{_RECIPE}"
    if not path.is_dir():
        temporary = weights_dir / f".{path.name}.{os.getpid()}.tmp"
        try:
            temporary.mkdir(parents=True)
            (temporary / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
            generation = {"do_sample": False, "eos_token_id": None, "pad_token_id": None}
            (temporary / "generation_config.json").write_text(json.dumps(generation), encoding="utf-8")
            _write_tokenizer(temporary, int(config["vocab_size"]), int(config["max_position_embeddings"]))
            _write_weights(temporary / "model.safetensors", config, seed)
            _publish(temporary, path)
        except OSError as error:
            raise InputError(f"{weights_dir}: the random model cannot be written ({error.strerror or error})") from None
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    size = (path / "model.safetensors").stat().st_size
    return ModelFolder(path=path, architecture=name, config=config, config_sha256=digest, weights_bytes=size)


def write_config(architecture: str, *, weights_dir: Path) -> ModelFolder:
    """Give a folder that holds an architecture's config.json and nothing else, for an engine that makes its weights.

    Args:
        architecture: one of :func:`architectures`, or the path of a config.json.
        weights_dir: where such folders are kept.

    Raises:
        InputError: there is no such architecture, or the folder cannot be written.
    """
    config, digest = architecture_config(architecture)
    name = public_name(architecture)
    path = weights_dir / f"{name}-{digest[:8]}-config"
    try:
        write_atomically(path / "config.json", json.dumps(config, indent=1).encode())
    except OSError as error:
        raise InputError(f"{weights_dir}: the config cannot be written ({error.strerror or error})") from None
    return ModelFolder(path=path, architecture=name, config=config, config_sha256=digest, weights_bytes=0)


def public_name(architecture: str) -> str:
    """Return how an architecture is called in a record: its own name, or that of its config's folder or file."""
    if not architecture.endswith(".json"):
        return architecture.replace("/", "-")
    path = Path(architecture)
    return (path.absolute().parent.name if path.name == "config.json" else path.stem).lower()


def _publish(temporary: Path, path: Path) -> None:
    """Rename ``temporary`` to ``path``; where another run was faster, its folder stands."""
    try:
        temporary.rename(path)
    except OSError:
        if not path.is_dir():
            raise


def _write_tokenizer(folder: Path, vocab_size: int, max_tokens: int) -> None:
    """Write a tokenizer in which every token id is one whitespace-separated word."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    # A word for every id, and none marked special: each generated token must come out as text, or it goes uncounted.
    vocabulary = {word(index): index for index in range(vocab_size)}
    tokenizer = Tokenizer(models.WordLevel(vocab=vocabulary, unk_token=word(0)))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.Fuse()
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_tokens,
        "clean_up_tokenization_spaces": False,
        "chat_template": _TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")


def _write_weights(path: Path, config: dict[str, Any], seed: int) -> None:
    """Write random bfloat16 weights with the names and shapes that transformers expects of ``config``."""
    import torch
    from safetensors.torch import save_file
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**config))
    generator = torch.Generator().manual_seed(seed)
    scale = float(config.get("initializer_range", 0.02))
    # Drawing every weight would take most of ten seconds. One block of normals, read again and again, costs the
    # engine's matrix products just as much.
    block = torch.empty(1 << 24, dtype=torch.bfloat16).normal_(std=scale, generator=generator)
    tied = set(model.all_tied_weights_keys) if config.get("tie_word_embeddings") else set()
    tensors: dict[str, Any] = {}
    start = 0
    for name, shaped in model.state_dict().items():
        if name in tied:
            continue
        if shaped.dim() == 1:
            tensors[name] = torch.full(shaped.shape, 0.0 if name.endswith("bias") else 1.0, dtype=torch.bfloat16)
            continue
        count = shaped.numel()
        rows = -(-(start + count) // block.numel())
        tensors[name] = block.repeat(rows)[start : start + count].reshape(shaped.shape).contiguous().clone()
        start = (start + count) % block.numel()
    save_file(tensors, str(path), metadata={"format": "pt"})

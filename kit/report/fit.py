"""What the terminal shows when it is asked whether a model fits."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from kit.facts.architectures import Architecture, architecture
from kit.facts.config_json import from_config
from kit.facts.gpus import accelerator, accelerators
from kit.facts.parameters import parameters
from kit.hardware.memory import Fit, fewest_gpus, fit

_COLOURS = {"fits": "green", "measure it": "yellow", "does not fit": "red"}


def show_fit(
    model: str,
    *,
    gpu: str | None,
    gpus: int | None,
    dtype: str | None,
    quantisation: str | None,
    kv_dtype: str,
    context: int | None,
    concurrency: int,
    as_json: bool,
) -> tuple[Fit, ...]:
    """Print whether a model fits: on one kind of GPU, or on each of the catalogue.

    Args:
        model: a name of the catalogue, the path of a ``config.json``, or of the folder it lies in.
        gpu: name of an accelerator; all of them unless told.
        gpus: GPUs of the tensor-parallel group; 1 for a named GPU, the fewest that fit over the catalogue unless told.
        dtype: of what is not quantised; the published one unless told.
        quantisation: of the weights; the publisher's unless told.
        kv_dtype: of the cache.
        context: tokens of prompt and output of one request; 8192 unless told.
        concurrency: requests at the same time.
        as_json: print JSON instead: one record for a named GPU, a list of them over the catalogue.

    Raises:
        InputError: something is not known or out of bounds.
    """
    if gpu is not None:
        accelerator(gpu)
    known = read_model(model)
    names = tuple(accelerators()) if gpu is None else (gpu,)
    answers = tuple(
        fewest_gpus(
            known,
            name,
            dtype=dtype,
            quantisation=quantisation,
            kv_dtype=kv_dtype,
            context_tokens=context,
            concurrency=concurrency,
        )
        if gpu is None and gpus is None
        else fit(
            known,
            name,
            gpus=1 if gpus is None else gpus,
            dtype=dtype,
            quantisation=quantisation,
            kv_dtype=kv_dtype,
            context_tokens=context,
            concurrency=concurrency,
        )
        for name in names
    )
    if as_json:
        found = [answer.model_dump(mode="json") for answer in answers]
        print(json.dumps(found if gpu is None else found[0], indent=1))  # noqa: T201
    else:
        _print(known, answers, one=gpu is not None)
    return answers


def read_model(model: str) -> Architecture:
    """Return the architecture of a name of the catalogue, or of a ``config.json`` on the disk.

    Args:
        model: the name or the path.

    Raises:
        InputError: there is no such model, or the file makes no sense.
    """
    path = Path(model)
    if path.suffix == ".json" or path.is_dir():
        return from_config(path)
    return architecture(model)


def _print(known: Architecture, answers: tuple[Fit, ...], *, one: bool) -> None:
    console = Console(highlight=False)
    first = answers[0]
    weights = first.dtype if first.quantisation == "none" else f"{first.quantisation}, the rest {first.dtype}"
    size = parameters(known).total / 1e9
    console.print(
        f"{known.name}: {size:.4g} × 10⁹ parameters, weights in {weights}, KV cache in "
        f"{known.dtype if first.kv_dtype == 'auto' else first.kv_dtype}",
        style="bold",
        markup=False,
    )
    requests = "1 request" if first.concurrency == 1 else f"{first.concurrency} requests at a time"
    console.print(f"{requests} of {first.context_tokens} tokens, prompt and output together", markup=False)
    console.print(_parts(first) if one else _catalogue(answers))
    if other := [one.accelerator for one in answers if one.dtype == "bfloat16" and _lacks_bf16(one.accelerator)]:
        console.print(
            f"No BF16 arithmetic: {', '.join(other)}; --dtype float16 takes the same memory there.",
            style="dim",
            markup=False,
        )
    console.print(
        'Memory is per GPU. "measure it": within 8 % of what is available. '
        "Activations, runtime and graphs are an allowance: kit/facts/tables/engine_memory.csv.",
        style="dim",
        markup=False,
    )


def _lacks_bf16(name: str) -> bool:
    """Tell whether a card has FP16 and no BF16; where the table has neither, nothing is known."""
    card = accelerator(name)
    return card.bf16_tflops is None and card.fp16_tflops is not None


def _parts(answer: Fit) -> Table:
    group = answer.accelerator if answer.gpus == 1 else f"{answer.gpus} × {answer.accelerator}"
    table = Table(title=f"{group}: [{_COLOURS[answer.verdict]}]{answer.verdict}[/]", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for label, value in (
        ("weights", answer.weights_gib),
        ("KV cache", answer.kv_cache_gib),
        ("activations", answer.activations_gib),
        ("runtime", answer.runtime_gib),
        ("CUDA graphs", answer.graphs_gib),
    ):
        table.add_row(label, f"{value:.2f} GiB")
    table.add_section()
    table.add_row("needed", f"{answer.needed_gib:.2f} GiB", style="bold")
    share = answer.available_gib / answer.usable_gib
    table.add_row(f"available ({share:.0%} of {answer.usable_gib:.2f} GiB)", f"{answer.available_gib:.2f} GiB")
    table.add_section()
    table.add_row("KV cache per token", f"{answer.kv_bytes_per_token / 1024:.4g} KiB")
    table.add_row(f"most requests of {answer.context_tokens} tokens", f"{answer.most_concurrent}")
    table.add_row(f"longest context at {answer.concurrency} at a time", f"{answer.longest_context_tokens} tokens")
    return table


def _catalogue(answers: tuple[Fit, ...]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("accelerator", no_wrap=True)
    for column in ("GPUs", "weights\nGiB", "KV\nGiB", "needed /\navailable"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for column in ("most\nrequests", "longest\ncontext"):
        table.add_column(column, justify="right", no_wrap=True)
    for answer in answers:
        table.add_row(
            answer.accelerator,
            f"{answer.gpus}",
            f"{answer.weights_gib:.1f}",
            f"{answer.kv_cache_gib:.1f}",
            f"{answer.needed_gib:.1f} / {answer.available_gib:.1f}",
            f"[{_COLOURS[answer.verdict]}]{answer.verdict}[/]",
            f"{answer.most_concurrent}",
            f"{answer.longest_context_tokens}",
        )
    return table

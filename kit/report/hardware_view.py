"""What is in this machine, in the terminal: what decides what a GPU can give, and what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kit.hardware.accelerators import accelerator_name
from kit.hardware.gpu import Gpu
from kit.hardware.health import findings
from kit.hardware.inventory import Inventory

_LABELS_WIDTH, _GPU_WIDTH = 26, 27
"""Columns of the terminal that the labels take, and that a GPU wants; alike GPUs share theirs."""

_LINK = re.compile(r"GPU (\d+) and (\d+): (.*)")
_NOTE = re.compile(r"(?:GPU (?P<index>\d+)|NVML): (?P<reason>.*): (?P<whats>[^:]*)")

_HIDDEN = re.compile(r"\d+ of its processes")


class _Row(NamedTuple):
    """A row of the GPUs' table.

    Attributes:
        label: what it is called.
        asked: what the inventory's notes call the figures without which it cannot be written.
        write: writes it; ``None`` if it is not known.
    """

    label: str
    asked: tuple[str, ...]
    write: Callable[[Gpu], str | None]


def print_hardware(inventory: Inventory, console: Console) -> None:
    """Print the machine, its GPUs, how they are joined, and what would spoil a measurement.

    Args:
        inventory: the machine.
        console: where to print.
    """
    console.print(_machine(inventory))
    reasons = _reasons(inventory.notes)
    columns = _columns(inventory.gpus, reasons)
    abreast = max(1, (console.width - _LABELS_WIDTH) // _GPU_WIDTH)
    for start in range(0, len(columns), abreast):
        console.print(_gpus(columns[start : start + abreast]))
    for note in inventory.notes:
        if not _shown(note, inventory.gpus):
            console.print(f"Note: {note}", markup=False)
    found = findings(inventory)
    for finding in found:
        console.print(f"! {finding.what} ({finding.evidence})", markup=False, style="yellow")
    if inventory.gpus and not found:
        console.print("At rest nothing was found that would spoil a measurement.", style="green")


def _machine(inventory: Inventory) -> Table:
    table = Table(show_header=False, title="This machine", title_justify="left")
    table.add_row("processor", escape(f"{inventory.cpu.model}, {inventory.cpu.cores} cores"))
    table.add_row("instruction sets", ", ".join(inventory.cpu.instruction_sets) or "–")
    table.add_row("frequency governor", ", ".join(inventory.cpu.governors) or "– (the system does not say)")
    table.add_row("memory", f"{inventory.memory_gib:.1f} GiB")
    table.add_row("system", escape(inventory.system))
    if inventory.gpus:
        first = inventory.gpus[0]
        table.add_row("driver", f"{first.driver or '–'}, CUDA up to {first.cuda or '–'}")
        for line in _joined(inventory.joined):
            table.add_row("GPUs joined by", line)
    return table


def _joined(joined: Sequence[str]) -> Iterator[str]:
    """Yield what joins the GPUs, each kind of path once."""
    paths: dict[str, list[str]] = {}
    for text in joined:
        match = _LINK.fullmatch(text)
        path, pair = (match[3], f"{match[1]}–{match[2]}") if match else (text, "")
        paths.setdefault(path, []).append(pair)
    for path, pairs in paths.items():
        yield f"{path} (each pair)" if len(paths) == 1 and len(pairs) > 1 else f"{path} ({', '.join(pairs)})"


def _reasons(notes: Sequence[str]) -> Mapping[tuple[int | None, str], str]:
    """Return why a figure of a GPU, or of all of them, is not known."""
    found: dict[tuple[int | None, str], str] = {}
    for note in notes:
        if match := _NOTE.fullmatch(note):
            index = None if match["index"] is None else int(match["index"])
            found.update({(index, what): match["reason"] for what in match["whats"].split(", ")})
    return found


def _shown(note: str, gpus: Sequence[Gpu]) -> bool:
    """Return whether a note is told in the table: the reasons of figures that a GPU has a row for."""
    match = _NOTE.fullmatch(note)
    if match is None or not gpus:
        return False
    told = {what for row in _ROWS for what in row.asked}
    known = match["index"] is None or int(match["index"]) in {gpu.index for gpu in gpus}
    return known and all(what in told or _HIDDEN.fullmatch(what) for what in match["whats"].split(", "))


def _columns(
    gpus: Sequence[Gpu], reasons: Mapping[tuple[int | None, str], str]
) -> list[tuple[tuple[int, ...], tuple[str, ...]]]:
    """Return the numbers of GPUs that look the same, and what they look like."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for gpu in gpus:
        cells = tuple(_cell(row, gpu, reasons) for row in _ROWS)
        alike.setdefault(cells, []).append(gpu.index)
    return [(tuple(indices), cells) for cells, indices in alike.items()]


def _cell(row: _Row, gpu: Gpu, reasons: Mapping[tuple[int | None, str], str]) -> str:
    shown = row.write(gpu)
    if shown is not None:
        return shown
    why = (reasons.get((index, what)) for what in row.asked for index in (gpu.index, None))
    # "not supported by this card" in most rows of a small card is noise.
    reason = next((words for words in why if words), "the driver does not say").removesuffix(" by this card")
    return f"[dim]– ({escape(reason)})[/]"


def _gpus(columns: Sequence[tuple[tuple[int, ...], tuple[str, ...]]]) -> Table:
    table = Table("", *(_numbers(indices) for indices, _ in columns))
    for number, row in enumerate(_ROWS):
        table.add_row(row.label, *(cells[number] for _, cells in columns))
    return table


def _numbers(indices: Sequence[int]) -> str:
    """Return ``GPU 0``, ``GPUs 0, 2`` or ``GPUs 0–7``."""
    if len(indices) == 1:
        return f"GPU {indices[0]}"
    in_a_row = len(indices) > 2 and indices[-1] - indices[0] == len(indices) - 1
    return f"GPUs {indices[0]}–{indices[-1]}" if in_a_row else f"GPUs {', '.join(map(str, indices))}"


def _warn(text: str, odd: object) -> str:
    return f"[yellow]{text}[/]" if odd else text


def _name(gpu: Gpu) -> str:
    name = accelerator_name(gpu)
    return escape(gpu.name if name in gpu.name else f"{gpu.name} ({name})")


def _memory(gpu: Gpu) -> str | None:
    used = None if gpu.memory_used_gib is None else f"{gpu.memory_used_gib:.1f}"
    if gpu.unified_memory:
        return "the machine's" + ("" if used is None else f", {used} GiB in use")
    if gpu.memory_gib is None:
        return None
    return f"{gpu.memory_gib:.4g} GiB" + ("" if used is None else f", {used} in use")


def _power(gpu: Gpu) -> str | None:
    limit, default = gpu.power_limit_w, gpu.power_default_w
    if limit is None:
        return None
    if default is None:
        return f"{limit:g} W"
    if limit == default:
        return f"{limit:g} W, the default"
    return _warn(f"{limit:g} W, default {default:g} W", limit < default)


def _clock(gpu: Gpu) -> str | None:
    now, most = gpu.sm_clock_mhz, gpu.sm_clock_max_mhz
    if now is None:
        return None if most is None else f"{most} MHz at most"
    return f"{now} MHz now" if most is None else f"{now} of {most} MHz"


def _memory_clock(gpu: Gpu) -> str | None:
    return None if gpu.memory_clock_max_mhz is None else f"{gpu.memory_clock_max_mhz} MHz at most"


def _bus(gpu: Gpu) -> str | None:
    figures = (gpu.pcie_generation, gpu.pcie_width, gpu.pcie_generation_max, gpu.pcie_width_max)
    if not any(figures):
        return None
    generation, width, generation_max, width_max = ("–" if figure is None else figure for figure in figures)
    narrow = gpu.pcie_width and gpu.pcie_width_max and gpu.pcie_width < gpu.pcie_width_max
    return _warn(f"gen {generation} x{width} of gen {generation_max} x{width_max}", narrow)


def _nvlinks(gpu: Gpu) -> str | None:
    if gpu.nvlinks is None:
        return None
    return f"{gpu.nvlinks} active" if gpu.nvlinks else "none active"


def _mig(gpu: Gpu) -> str | None:
    if gpu.mig is None:
        return None
    if not gpu.mig:
        return "off"
    instances = (name.partition(" MIG ")[2] or name for name in gpu.mig_instances)
    return _warn(f"on: {escape(', '.join(instances)) or 'no instance'}", True)


def _ecc(gpu: Gpu) -> str | None:
    if not gpu.ecc:
        return None if gpu.ecc is None else "off"
    if gpu.ecc_uncorrected is None:
        return "on"
    return _warn(f"on, {gpu.ecc_uncorrected} uncorrected", gpu.ecc_uncorrected)


def _repairs(gpu: Gpu) -> str | None:
    if gpu.remapped_rows is not None:
        pending = ", more at the next reset" if gpu.remap_pending else ""
        failed = ", one could not be" if gpu.remap_failed else ""
        return _warn(f"rows remapped: {gpu.remapped_rows}{pending}{failed}", pending or failed)
    return None if gpu.retired_pages is None else f"pages retired: {gpu.retired_pages}"


def _switch(value: bool | None) -> str | None:
    return None if value is None else "on" if value else "off"


def _others(gpu: Gpu) -> str | None:
    if gpu.others is None and not gpu.hidden:
        return None
    parts = []
    if gpu.others:
        held = f", {gpu.others_gib:.1f} GiB" if gpu.others_gib else ""
        parts.append(f"{gpu.others} process{'' if gpu.others == 1 else 'es'}{held}")
    if gpu.hidden:
        parts.append(f"{gpu.hidden} hidden from here")
    return _warn("; ".join(parts), True) if parts else "nobody"


_ROWS = (
    _Row("card", ("name",), _name),
    _Row("memory", ("memory",), _memory),
    _Row("power limit", ("power limit", "default power limit"), _power),
    _Row("SM clock", ("clock", "highest clock"), _clock),
    _Row("memory clock", ("highest memory clock",), _memory_clock),
    _Row("PCIe", ("PCIe generation", "highest PCIe generation", "PCIe width", "highest PCIe width"), _bus),
    _Row("NVLink", ("NVLink",), _nvlinks),
    _Row("MIG", ("MIG mode",), _mig),
    _Row("ECC", ("ECC mode", "uncorrected ECC errors"), _ecc),
    _Row("memory repairs", ("remapped rows", "retired pages"), _repairs),
    _Row("compute mode", ("compute mode",), lambda gpu: gpu.compute_mode),
    _Row("persistence", ("persistence mode",), lambda gpu: _switch(gpu.persistence)),
    _Row("confidential computing", ("confidential computing",), lambda gpu: _switch(gpu.confidential_computing)),
    _Row("others on it", ("processes",), _others),
)

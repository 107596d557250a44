"""The NVIDIA GPUs of this machine, as NVML describes them; nothing in it identifies a card or a person."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from kit.hardware.nvml import Nvml, Refused, open_nvml, shadowed
from kit.hardware.processes import holders, occupants, this_run
from kit.record import Part

_SM_CLOCK, _MEMORY_CLOCK = 1, 2  # nvmlClockType_t
_UNCORRECTED, _VOLATILE = 1, 0  # nvmlMemoryErrorType_t, nvmlEccCounterType_t
_RETIREMENT_CAUSES = (0, 1)  # nvmlPageRetirementCause_t: several single-bit errors, one double-bit error
_P2P_NVLINK = 2  # nvmlGpuP2PCapsIndex_t
_MOST_LINKS = 36
_COMPUTE_MODES = ("default", "exclusive thread", "prohibited", "exclusive process")
_PATHS = {0: "one board", 10: "one PCIe switch", 20: "several PCIe switches", 30: "a PCIe host bridge",
          40: "one NUMA node", 50: "the link between sockets"}  # fmt: skip
"""Words for ``nvmlGpuTopologyLevel_t``, nearest first."""


class Gpu(Part):
    """One GPU. ``None`` means that the card or the driver does not say; a note of the inventory says why.

    Attributes:
        name: NVML's name for it.
        index: NVML's number for it; one that could not be read leaves a gap.
        memory_gib: the card's memory; ``None`` where it shares the machine's.
        memory_used_gib: in use when it was looked at; the sum of its processes where memory is shared.
        unified_memory: whether processor and GPU share one memory, as in GB10.
        driver: version of the driver.
        cuda: newest CUDA that the driver serves.
        power_limit_w: the limit in force.
        power_default_w: the limit that the card boots with.
        sm_clock_mhz: clock of the multiprocessors when it was looked at; low on an idle card.
        sm_clock_max_mhz: the highest.
        memory_clock_max_mhz: the memory's highest clock.
        pcie_generation: in use; an idle card lowers it.
        pcie_generation_max: what the card can do.
        pcie_width: lanes in use.
        pcie_width_max: lanes that card and slot can do.
        nvlinks: active NVLinks.
        mig: whether the card is cut into instances.
        mig_instances: NVML's names of the instances.
        ecc: whether errors of memory are corrected.
        ecc_uncorrected: uncorrected errors since the driver was loaded.
        remapped_rows: rows of memory that were replaced, for either kind of error.
        remap_pending: a replacement waits for a reset.
        remap_failed: a row could not be replaced.
        retired_pages: pages taken out of use, on cards that do not remap rows.
        compute_mode: who may use it: default, exclusive process or prohibited.
        persistence: whether the driver stays loaded without a client.
        confidential_computing: whether memory and bus are encrypted.
        others: processes on it that are not of this run.
        others_gib: what those hold.
        hidden: processes on it that cannot be told apart from here, as in a container.
    """

    name: str
    index: int = 0
    memory_gib: float | None = None
    memory_used_gib: float | None = None
    unified_memory: bool | None = None
    driver: str | None = None
    cuda: str | None = None
    power_limit_w: float | None = None
    power_default_w: float | None = None
    sm_clock_mhz: int | None = None
    sm_clock_max_mhz: int | None = None
    memory_clock_max_mhz: int | None = None
    pcie_generation: int | None = None
    pcie_generation_max: int | None = None
    pcie_width: int | None = None
    pcie_width_max: int | None = None
    nvlinks: int | None = None
    mig: bool | None = None
    mig_instances: tuple[str, ...] = ()
    ecc: bool | None = None
    ecc_uncorrected: int | None = None
    remapped_rows: int | None = None
    remap_pending: bool | None = None
    remap_failed: bool | None = None
    retired_pages: int | None = None
    compute_mode: str | None = None
    persistence: bool | None = None
    confidential_computing: bool | None = None
    others: int | None = None
    others_gib: float | None = None
    hidden: int | None = None


class Asker:
    """Asks NVML about one subject, turns refusals into ``None``, and keeps their reasons for one note each.

    Args:
        nvml: open NVML.
        subject: what the notes begin with, e.g. ``GPU 0``.
    """

    def __init__(self, nvml: Nvml, subject: str) -> None:
        self.nvml = nvml
        self.lost = False
        self._subject = subject
        self._refused: dict[str, list[str]] = {}

    def __call__(self, what: str, names: str, *arguments: Any) -> Any:
        """Return the answer of the first function known, or ``None``.

        Args:
            what: what is asked for, in the reader's words.
            names: as in :meth:`Nvml.ask`.
            arguments: what the function is given.
        """
        return self.attempt(what, lambda: self.nvml.ask(names, *arguments))

    def attempt(self, what: str, question: Callable[[], Any]) -> Any:
        """Return the answer to a question, or ``None`` where NVML refused it. A lost card is asked no more."""
        if self.lost:
            return None
        try:
            return question()
        except Refused as refused:
            self.lost = refused.lost
            self.refused(what, refused.reason)
            return None

    def refused(self, what: str, reason: str) -> None:
        """Keep a reason for the notes."""
        whats = self._refused.setdefault(reason, [])
        if what not in whats:
            whats.append(what)

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be read, one note for each reason."""
        return tuple(f"{self._subject}: {reason}: {', '.join(whats)}" for reason, whats in self._refused.items())


class Gpus(NamedTuple):
    """What NVML says of all GPUs.

    Attributes:
        gpus: in NVML's order.
        joined: for each pair, by what it is joined.
        notes: what could not be read, and why.
    """

    gpus: tuple[Gpu, ...]
    joined: tuple[str, ...]
    notes: tuple[str, ...]


def read_gpus(library: Any = None, *, own_pids: Collection[int] = (), root: Path = Path("/")) -> Gpus:
    """Read the NVIDIA GPUs. Nothing is raised: what cannot be read is ``None`` or missing, with a note.

    Args:
        library: a module with the interface of ``pynvml``; another one in tests.
        own_pids: processes of this run besides this one; their descendants count as well.
        root: where ``proc`` is; another folder in tests.
    """
    notes: list[str] = []
    try:
        with open_nvml(library) as nvml:
            gpus, joined = _read_all(nvml, notes, this_run(own_pids), root)
            return Gpus(gpus, joined, tuple(notes))
    except Refused as refused:
        return Gpus((), (), (f"no NVIDIA GPU: {refused.reason}",))


def _read_all(
    nvml: Nvml, notes: list[str], own: Collection[int], root: Path
) -> tuple[tuple[Gpu, ...], tuple[str, ...]]:
    hint = shadowed(nvml.library)
    notes.extend([hint] if hint else [])
    ask = Asker(nvml, "NVML")
    cuda = ask("CUDA version", "SystemGetCudaDriverVersion_v2 SystemGetCudaDriverVersion")
    state = ask("confidential computing", "SystemGetConfComputeState")
    common = {
        "driver": _string(ask("driver version", "SystemGetDriverVersion")),
        "cuda": None if cuda is None else f"{cuda // 1000}.{cuda % 1000 // 10}",
        "confidential_computing": None if state is None else bool(state.ccFeature),
    }
    count = ask("number of GPUs", "DeviceGetCount")
    notes.extend(ask.notes)
    if count == 0:
        notes.append("no NVIDIA GPU: the driver is there, and sees none")
    found: dict[int, tuple[Any, Gpu]] = {}
    for index in range(count or 0):
        ask = Asker(nvml, f"GPU {index}")
        handle = ask("the card", "DeviceGetHandleByIndex", index)
        if handle is not None:
            found[index] = (handle, _read_one(ask, handle, common | {"index": index}, own, root))
        notes.extend(ask.notes)
    joined = [
        f"GPU {one} and {other}: {_path(nvml, found[one], found[other])}" for one, other in combinations(found, 2)
    ]
    return tuple(gpu for _, gpu in found.values()), tuple(joined)


def _read_one(ask: Asker, handle: Any, common: dict[str, Any], own: Collection[int], root: Path) -> Gpu:
    limit_mw = ask("power limit", "DeviceGetEnforcedPowerLimit DeviceGetPowerManagementLimit", handle)
    default_mw = ask("default power limit", "DeviceGetPowerManagementDefaultLimit", handle)
    mode = ask("compute mode", "DeviceGetComputeMode", handle)
    return Gpu(
        name=_string(ask("name", "DeviceGetName", handle)) or "unknown NVIDIA GPU",
        power_limit_w=None if limit_mw is None else limit_mw / 1000,
        power_default_w=None if default_mw is None else default_mw / 1000,
        sm_clock_mhz=ask("clock", "DeviceGetClockInfo", handle, _SM_CLOCK),
        sm_clock_max_mhz=ask("highest clock", "DeviceGetMaxClockInfo", handle, _SM_CLOCK),
        memory_clock_max_mhz=ask("highest memory clock", "DeviceGetMaxClockInfo", handle, _MEMORY_CLOCK),
        pcie_generation=ask("PCIe generation", "DeviceGetCurrPcieLinkGeneration", handle),
        pcie_generation_max=ask(
            "highest PCIe generation", "DeviceGetGpuMaxPcieLinkGeneration DeviceGetMaxPcieLinkGeneration", handle
        ),
        pcie_width=ask("PCIe width", "DeviceGetCurrPcieLinkWidth", handle),
        pcie_width_max=ask("highest PCIe width", "DeviceGetMaxPcieLinkWidth", handle),
        nvlinks=ask.attempt("NVLink", lambda: _nvlinks(ask.nvml, handle)),
        compute_mode=None if mode is None else _COMPUTE_MODES[mode],
        persistence=_flag(ask("persistence mode", "DeviceGetPersistenceMode", handle)),
        **_memory(ask, handle, own, root),
        **_mig(ask, handle),
        **_reliability(ask, handle),
        **common,
    )


def _memory(ask: Asker, handle: Any, own: Collection[int], root: Path) -> dict[str, Any]:
    """Read the memory and who holds it; where a card has none of its own, the sum of its processes is in use."""
    held = ask.attempt("processes", lambda: holders(ask.nvml, handle))
    people = None if held is None else occupants(held, own=own, root=root)
    found: dict[str, Any] = {}
    if people is not None:
        found = {"others": people.others, "others_gib": gib(people.others_bytes), "hidden": people.hidden}
        if people.hidden:
            ask.refused(f"{people.hidden} of its processes", "this run's or others', which a container cannot tell")
    try:
        memory = memory_info(ask.nvml, handle)
    except Refused as refused:
        ask.lost = ask.lost or refused.lost
        ask.refused("memory", refused.reason)
        if refused.lost or not refused.unsupported:
            return found
        used = None if people is None else gib(people.memory_bytes)
        return found | {"unified_memory": True, "memory_used_gib": used}
    return found | {"unified_memory": False, "memory_gib": gib(memory.total), "memory_used_gib": gib(memory.used)}


def memory_info(nvml: Nvml, handle: Any) -> Any:
    """Return NVML's account of a card's memory; the second version does not count what the driver keeps as used.

    Raises:
        Refused: the card does not say; it has no memory of its own, for one.
    """
    second = getattr(nvml.library, "nvmlMemory_v2", None)
    if second is not None:
        try:
            return nvml.ask("DeviceGetMemoryInfo", handle, second)
        except Refused as refused:
            if refused.lost:
                raise
    return nvml.ask("DeviceGetMemoryInfo", handle)


def _mig(ask: Asker, handle: Any) -> dict[str, Any]:
    mode = ask("MIG mode", "DeviceGetMigMode", handle)
    if not mode or not mode[0]:
        return {"mig": None if mode is None else False}
    names: list[str] = []
    for index in range(ask("MIG instances", "DeviceGetMaxMigDeviceCount", handle) or 0):
        try:
            name = ask.nvml.ask("DeviceGetName", ask.nvml.ask("DeviceGetMigDeviceHandleByIndex", handle, index))
        except Refused:  # a place without an instance
            continue
        names.append(_string(name) or "unknown instance")
    return {"mig": True, "mig_instances": tuple(names)}


def _reliability(ask: Asker, handle: Any) -> dict[str, Any]:
    ecc = ask("ECC mode", "DeviceGetEccMode", handle)
    rows = ask("remapped rows", "DeviceGetRemappedRows", handle)
    found: dict[str, Any] = {"ecc": None if ecc is None else bool(ecc[0])}
    if found["ecc"]:
        found["ecc_uncorrected"] = ask(
            "uncorrected ECC errors", "DeviceGetTotalEccErrors", handle, _UNCORRECTED, _VOLATILE
        )
    if rows is not None:
        corrected, uncorrected, pending, failed = rows
        return found | {
            "remapped_rows": corrected + uncorrected,
            "remap_pending": bool(pending),
            "remap_failed": bool(failed),
        }
    pages = [ask("retired pages", "DeviceGetRetiredPages", handle, cause) for cause in _RETIREMENT_CAUSES]
    return found | {"retired_pages": None if None in pages else sum(len(of_cause) for of_cause in pages)}


def _nvlinks(nvml: Nvml, handle: Any) -> int:
    """Count the active links; the first refusal after the last link ends the count."""
    active = 0
    for link in range(_MOST_LINKS):
        try:
            active += nvml.ask("DeviceGetNvLinkState", handle, link)
        except Refused:
            if link == 0:
                raise
            break
    return active


def _path(nvml: Nvml, one: tuple[Any, Gpu], other: tuple[Any, Gpu]) -> str:
    """Say by what two cards are joined: NVLink if they can copy over it, else their nearest common ancestor."""
    try:
        if nvml.ask("DeviceGetP2PStatus", one[0], other[0], _P2P_NVLINK) == 0:
            return f"{one[1].nvlinks} NVLinks" if one[1].nvlinks else "NVLink"
    except Refused:
        pass
    try:
        return _PATHS.get(nvml.ask("DeviceGetTopologyCommonAncestor", one[0], other[0]), "unknown")
    except Refused as refused:
        return f"unknown ({refused.reason})"


def gib(size_bytes: int | None) -> float | None:
    """Return bytes in GiB to two places, and ``None`` for ``None``."""
    return None if size_bytes is None else round(size_bytes / 2**30, 2)


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def _string(value: object) -> str | None:
    """Return text; releases of nvidia-ml-py before 11.515 gave bytes."""
    if value is None:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

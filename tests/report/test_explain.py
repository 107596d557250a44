"""Specification of what the terminal shows when it is asked how a verdict comes about."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from kit.errors import InputError
from kit.report.explain import clean, explain, show_explanation, verdict_file


def shown(verdict, workload=None, *, width=80) -> str:
    """Return what is printed."""
    console = Console(file=io.StringIO(), width=width, highlight=False)
    for part in explain(verdict, workload):
        console.print(part)
    return console.file.getvalue()


def flat(text: str) -> str:
    """Return a text without guides and line breaks."""
    return " ".join(text.translate(dict.fromkeys(map(ord, "│├└─"), " ")).split())


def test_the_verdict_is_explained_down_to_its_inputs(insurer_verdict):
    """Cost, saving, pools and people stand there with formulas, numbers and the origin of each input."""
    text = flat(shown(insurer_verdict))
    first = insurer_verdict.strategies[0]
    for words in (
        insurer_verdict.sentence,
        f"{first.label}: cost per month",
        "net present value",
        "= fte × salary ÷ 12",
        "what Hybrid saves against",
        "[money.pue]",
        "engagement.yaml (the client's statement) [money.staff_cost_per_year]",
        "use of the planned capacity in the busiest hour",
    ):
        assert words in text, words
    assert "(see above)" in text
    assert "which the verdict does not hold" not in text


def test_what_was_shown_once_is_referred_to(insurer_verdict):
    """The origin of an input is printed once."""
    text = flat(shown(insurer_verdict, width=400))
    assert text.count("[money.discount_rate]") == 1
    assert text.count("= k × price × (1 + overhead)") == len(insurer_verdict.pools)


@pytest.mark.parametrize("width", [80, 200])
def test_no_line_is_wider_than_the_terminal(insurer_verdict, width):
    """Long sources and formulas are broken, not cut."""
    for workload in (None, "Customer chat"):
        text = shown(insurer_verdict, workload, width=width)
        assert max(map(len, text.splitlines())) <= width
        assert "…" not in text


def test_every_workload_is_explained(insurer_verdict):
    """Where it goes and why, what is out with who could lift it, and its figures, all of them its own."""
    for placement in insurer_verdict.placements:
        text = flat(shown(insurer_verdict, placement.workload.upper()))
        assert f"Goes to {placement.goes_to[0]}" in text
        for reason in placement.because:
            assert flat(reason) in text
        for option in placement.options:
            for strike in option.strikes:
                assert flat(strike.reason) in text
                assert flat(strike.lift) in text
        assert "tokens, prompt and output, mean of the week" in text
        for other in insurer_verdict.placements:
            if other is not placement:
                assert f"{other.workload}: tokens, prompt" not in text


def test_names_of_the_client_are_neither_markup_nor_commands(insurer_verdict):
    """Brackets in names are printed as they are, and what would steer the terminal is not printed."""
    verdict = insurer_verdict.model_copy(update={"client": "[bold]A[/bold] \x1b[31mB [/] C"})
    text = shown(verdict)
    assert "[bold]A[/bold]" in text
    assert "[/] C" in text
    assert "\x1b" not in text
    assert clean("a\x1b\x07b\nc") == "a��b\nc"


def test_a_workload_whose_name_begins_another_keeps_to_itself(insurer_verdict):
    """The figures of "Chat.x" are not those of "Chat"."""
    first, second, *_ = insurer_verdict.placements
    renamed = {first.workload: "Chat", second.workload: "Chat.x"}
    text = insurer_verdict.to_json()
    for old, new in renamed.items():
        text = text.replace(old, new)
    verdict = type(insurer_verdict).model_validate_json(text)
    assert "Chat.x: tokens" not in shown(verdict, "Chat")
    assert "Chat.x: tokens" in shown(verdict, "Chat.x")


def test_an_unknown_workload_names_the_nearest(insurer_verdict):
    """A misspelt name, or a part of one, is answered with what there is."""
    for given in ("Custmer chat", "chat"):
        with pytest.raises(InputError, match='did you mean "Customer chat"'):
            explain(insurer_verdict, given)


def test_a_verdict_is_found_by_file_folder_and_name(insurer_verdict, tmp_path, capsys, monkeypatch):
    """The file, its folder and the name of an audit mean the same; anything else is answered with what there is."""
    path = insurer_verdict.write(tmp_path / "out" / "insurer" / "verdict.json")
    for given in (str(path), str(path.parent), "insurer"):
        assert verdict_file(given, tmp_path / "out") == path
    with pytest.raises(InputError, match='did you mean "insurer"'):
        verdict_file("insurar", tmp_path / "out")
    monkeypatch.setenv("COLUMNS", "80")
    show_explanation("insurer", "Customer chat", out=tmp_path / "out")
    assert "Customer chat" in capsys.readouterr().out


def test_a_file_that_is_no_verdict_is_named(tmp_path):
    """Another file is refused with its name."""
    path = tmp_path / "prices.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="not a verdict"):
        show_explanation(str(path), None, out=tmp_path)

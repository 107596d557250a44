"""The command ``kit``: thin, every command calls one function of the floors below."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from kit.errors import EngineError, KitError

app = typer.Typer(
    help="Measure what the machines do, and decide for each AI workload: cloud API, rented GPU or own GPU.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

OutOption = Annotated[Path, typer.Option("--out", help="Folder of all audits.")]
EngagementArgument = Annotated[
    str, typer.Argument(help="engagement.yaml, its folder, or the name of an example (insurer).")
]


class Schema(StrEnum):
    """The records that have a published schema."""

    ENGAGEMENT = "engagement"
    PROFILE = "profile"
    PRICES = "prices"
    DEMAND = "demand"
    VERDICT = "verdict"


def _version(wanted: bool) -> None:
    if wanted:
        from kit import __version__

        typer.echo(f"kit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")] = False,
) -> None:
    pass


@app.command()
def verdict(
    engagement: EngagementArgument,
    out: OutOption = Path("out"),
    measure: Annotated[
        bool,
        typer.Option("--measure/--no-measure", help="Measure this machine first, or take profiles that are there."),
    ] = True,
    seconds: Annotated[float, typer.Option(min=20, max=3600, help="Time for measuring this machine.")] = 120,
    notebooks: Annotated[bool, typer.Option("--notebooks/--no-notebooks", help="Execute the notebooks too.")] = True,
) -> None:
    """Write the verdict of an engagement: JSON, HTML, PDF and the executed notebooks."""
    from kit.report.console import run_verdict

    run_verdict(engagement, out=out, seconds=seconds if measure else None, notebooks=notebooks)


@app.command()
def profile(
    architecture: Annotated[str, typer.Argument(help="Architecture to serve with random weights.")] = "qwen3-0.6b",
    out: Annotated[Path, typer.Option("--out", help="The profile's file.")] = Path("out/profile.json"),
    seconds: Annotated[float, typer.Option(min=20, max=86400, help="Time budget.")] = 120,
    concurrency: Annotated[str, typer.Option(help="Requests in flight, e.g. 1,2,4,8.")] = "1,2,4,8",
) -> None:
    """Measure what this machine does with a model, and write its hardware profile."""
    from kit.report.console import run_profile

    run_profile(architecture, out=out, seconds=seconds, concurrency=concurrency)


@app.command()
def hardware(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show what is in this machine."""
    from kit.report.console import show_hardware

    show_hardware(as_json=as_json)


@app.command()
def schema(record: Annotated[Schema, typer.Argument(help="Which record.")]) -> None:
    """Print the JSON Schema of a record."""
    import json

    from kit.report.schemas import record_type

    typer.echo(json.dumps(record_type(record.value).json_schema(), indent=1))


def main() -> None:
    """Run the command; a mistake of the user's ends in one message and exit code 2."""
    try:
        app()
    except EngineError as error:
        print(f"kit: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None
    except KitError as error:
        print(f"kit: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("kit: stopped", file=sys.stderr)  # noqa: T201
        raise SystemExit(130) from None

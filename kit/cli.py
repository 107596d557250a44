"""The command ``kit``: thin, every command calls one function of the floors below."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from kit.errors import EngineError, InputError, KitError, did_you_mean

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


class _Run(TyperGroup):
    """A group that does its main work when no other of its commands is named."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = ["run", *self.run_args(args)]
        return super().parse_args(ctx, args)

    def run_args(self, args: list[str]) -> list[str]:
        """Return the arguments of the main work."""
        return args


class _Verdict(_Run):
    """``kit verdict ENGAGEMENT`` writes it; ``explain`` reads one."""

    def run_args(self, args: list[str]) -> list[str]:
        """Return the arguments; a first word that is nearly a command and no engagement is taken for a slip.

        Raises:
            InputError: it is; names the command.
        """
        from kit.data import folder

        word, others = args[0], [name for name in self.commands if name != "run"]
        near = "" if word.startswith("-") else did_you_mean(word, others)
        if near and not Path(word).exists() and not (folder("examples") / word).exists():
            raise InputError(f"{word}: neither a command of kit verdict nor an engagement{near}")
        return args


verdict_app = typer.Typer(
    cls=_Verdict,
    no_args_is_help=True,
    help="Write the verdict of an engagement: kit verdict ENGAGEMENT [OPTIONS]; kit verdict run --help. Explain one.",
)
app.add_typer(verdict_app, name="verdict")


@verdict_app.command("run")
def verdict_run(
    engagement: EngagementArgument,
    out: OutOption = Path("out"),
    measure: Annotated[
        bool,
        typer.Option("--measure/--no-measure", help="Measure this machine first, or take profiles that are there."),
    ] = True,
    seconds: Annotated[float, typer.Option(min=20, max=3600, help="Time for measuring this machine.")] = 120,
    notebooks: Annotated[bool, typer.Option("--notebooks/--no-notebooks", help="Execute the notebooks too.")] = True,
) -> None:
    """Write JSON, HTML, PDF, DOCX and the executed notebooks. `kit verdict ENGAGEMENT` is the same."""
    from kit.report.console import run_verdict

    run_verdict(engagement, out=out, seconds=seconds if measure else None, notebooks=notebooks)


@verdict_app.command("explain")
def verdict_explain(
    verdict: Annotated[str, typer.Argument(help="A verdict.json, its folder, or the name of an audit (insurer).")],
    workload: Annotated[str | None, typer.Argument(help="Where this one goes and why; else the whole.")] = None,
    out: OutOption = Path("out"),
) -> None:
    """Retrace the figures of a verdict to its inputs, with formulas, sources and dates."""
    from kit.report.explain import show_explanation

    show_explanation(verdict, workload, out=out)


@app.command()
def report(
    verdict: Annotated[str, typer.Argument(help="A verdict.json, its folder, or the name of an audit (insurer).")],
    formats: Annotated[
        str, typer.Option("--format", help="Which documents: html, pdf, docx, or several with commas.")
    ] = "html,pdf,docx",
    language: Annotated[str | None, typer.Option("--lang", help="en or de; the letterhead's unless given.")] = None,
    paper: Annotated[str | None, typer.Option("--paper", help="a4 or letter; the letterhead's unless given.")] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder to write into; beside the verdict unless given.")
    ] = None,
) -> None:
    """Write the documents of a verdict that is there: HTML, PDF and DOCX, in English or German."""
    from kit.report.paper import write_report

    for path in write_report(verdict, formats, language=language, paper=paper, out=out):
        typer.echo(path)


@app.command()
def explore(
    engagement: Annotated[
        str | None,
        typer.Argument(help="engagement.yaml, its folder, or an example; insurer, or with --lab the kit's notebooks."),
    ] = None,
    lab: Annotated[bool, typer.Option("--lab", help="In JupyterLab, where the notebook can be changed.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port; the next free one if it is taken.")] = 8866,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
    out: OutOption = Path("out"),
) -> None:
    """Open an engagement in the browser, on this machine only: as a page with sliders, or in JupyterLab."""
    from kit.report.screen.serving import serve

    serve(engagement, out=out, lab=lab, port=port, browser=browser)


class _Profile(_Run):
    """``kit profile MODEL...`` measures; ``show``, ``compare`` and ``check`` read what was measured."""


profile_app = typer.Typer(
    cls=_Profile,
    no_args_is_help=True,
    help="Measure what this machine does with a model: kit profile MODEL... [OPTIONS]; kit profile run --help.",
)
app.add_typer(profile_app, name="profile")


@profile_app.command("run")
def profile_run(
    models: Annotated[list[str], typer.Argument(help="Architectures of the kit, or paths of a config.json.")],
    engine: Annotated[
        str,
        typer.Option(help="transformers, vllm, openai, anthropic, google, or the address of a running server."),
    ] = "transformers",
    shape: Annotated[str, typer.Option(help="Prompt x output tokens, e.g. 512x128,2048x256.")] = "64x16",
    concurrency: Annotated[str, typer.Option(help="Requests in flight, e.g. 1,2,4,8,16,32.")] = "1,2,4,8",
    rate: Annotated[str | None, typer.Option(help="Open loop: requests per second, e.g. 0.5,1,2.")] = None,
    arrivals: Annotated[str, typer.Option(help="Of --rate: poisson or constant.")] = "poisson",
    trace: Annotated[Path | None, typer.Option(help="Replay a trace: CSV or JSON lines of times and lengths.")] = None,
    speed: Annotated[float, typer.Option(min=0.001, max=1e6, help="Of --trace: 2 replays it in half the time.")] = 1.0,
    goodput: Annotated[
        str | None, typer.Option(help='Search the highest load within limits: "ttft_p95<0.5s, tpot_p95<50ms".')
    ] = None,
    minutes: Annotated[float, typer.Option(min=0.3, max=1440, help="Time budget for each model.")] = 10.0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")] = False,
    out: Annotated[Path, typer.Option("--out", help="The file, or a folder for several models.")] = Path(
        "out/profiles"
    ),
    weights: Annotated[Path | None, typer.Option(help="Real weights instead of random ones (vllm).")] = None,
    executable: Annotated[str | None, typer.Option(help="vLLM's executable.")] = None,
    dtype: Annotated[str | None, typer.Option(help="Number format (vllm).")] = None,
    quantisation: Annotated[str | None, typer.Option(help="e.g. fp8 (vllm).")] = None,
    tensor_parallel: Annotated[int, typer.Option(min=1, help="GPUs that share the model (vllm).")] = 1,
    max_model_len: Annotated[int | None, typer.Option(min=1, help="Longest request in tokens (vllm).")] = None,
    argument: Annotated[list[str] | None, typer.Option(help="Further argument of vllm serve; repeatable.")] = None,
    served_model: Annotated[str | None, typer.Option(help="Model name in requests, if not MODEL (server).")] = None,
    api: Annotated[str, typer.Option(help="chat or completions (address).")] = "completions",
    field: Annotated[
        list[str] | None, typer.Option(help="Further field of each request: ignore_eos=true (address); repeatable.")
    ] = None,
    key_variable: Annotated[str | None, typer.Option(help="Environment variable with the key (server).")] = None,
    proxy: Annotated[str | None, typer.Option(help="HTTP proxy on the way; else the environment's (server).")] = None,
    ca_file: Annotated[str | None, typer.Option(help="Certificates to trust instead (server).")] = None,
    accelerator: Annotated[str | None, typer.Option(help="What it runs on, e.g. 'H100 SXM' (server).")] = None,
    accelerators: Annotated[int, typer.Option(min=1, help="How many of them (server).")] = 1,
) -> None:
    """Measure, and write a hardware profile for each model. `kit profile MODEL` is the same."""
    from kit.profiler.choice import EngineOptions
    from kit.report.profiles import LoadOptions, run_profiles

    options = EngineOptions(
        name=engine,
        served_model=served_model,
        api=api,
        key_variable=key_variable,
        fields=tuple(field or ()),
        proxy=proxy,
        ca_file=ca_file,
        accelerator=accelerator,
        accelerators=accelerators,
        executable=executable,
        weights=weights,
        dtype=dtype,
        quantisation=quantisation,
        tensor_parallel=tensor_parallel,
        max_model_len=max_model_len,
        arguments=tuple(argument or ()),
    )
    load = LoadOptions(
        shape=shape,
        concurrency=concurrency,
        rate=rate,
        arrivals=arrivals,
        trace=trace,
        speed=speed,
        goodput=goodput,
    )
    run_profiles(models, options, load=load, seconds=60 * minutes, resume=resume, out=out)


@profile_app.command("show")
def profile_show(file: Annotated[Path, typer.Argument(help="A hardware profile.")]) -> None:
    """Show a profile: conditions, service curve, memory, what spoilt it."""
    from kit.report.profiles import show_profile

    show_profile(file)


@profile_app.command("compare")
def profile_compare(
    before: Annotated[Path, typer.Argument(help="A hardware profile.")],
    after: Annotated[Path, typer.Argument(help="Another one.")],
) -> None:
    """Compare two profiles: what differs in conditions, and which differences are larger than the noise."""
    from kit.report.profiles import compare_profiles

    compare_profiles(before, after)


@profile_app.command("check")
def profile_check(file: Annotated[Path, typer.Argument(help="A hardware profile.")]) -> None:
    """Check a profile: is it consistent, plausible, and free of what gives the machine away? Exit code 2 if not."""
    from kit.report.profiles import check_file

    check_file(file)


@app.command()
def fit(
    model: Annotated[str, typer.Argument(help="Name of the catalogue, or the path of a config.json.")],
    gpu: Annotated[str | None, typer.Option(help="Accelerator, e.g. 'H100 SXM'; all of them unless given.")] = None,
    gpus: Annotated[
        int | None, typer.Option(min=1, max=64, help="GPUs per replica; 1, or the fewest that fit.")
    ] = None,
    dtype: Annotated[str | None, typer.Option(help="bfloat16, float16 or float32; as published unless given.")] = None,
    quantisation: Annotated[
        str | None, typer.Option(help="none, fp8, int8, gptq-int4, awq-int4, mxfp4, ...; as published unless given.")
    ] = None,
    kv_dtype: Annotated[str, typer.Option(help="Of the KV cache: auto, fp8, bfloat16, ...")] = "auto",
    context: Annotated[
        int | None, typer.Option(help="Tokens of prompt and output per request; 8192 unless given.")
    ] = None,
    concurrency: Annotated[int, typer.Option(help="Requests at the same time.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say whether a model fits: weights, KV cache and what the engine needs, against the GPUs' memory."""
    from kit.report.fit import show_fit

    show_fit(
        model,
        gpu=gpu,
        gpus=gpus,
        dtype=dtype,
        quantisation=quantisation,
        kv_dtype=kv_dtype,
        context=context,
        concurrency=concurrency,
        as_json=as_json,
    )


prices_app = typer.Typer(no_args_is_help=True, help="Show, refresh, check and carry prices.")
app.add_typer(prices_app, name="prices")


@prices_app.command("show")
def prices_show(
    models: Annotated[list[str] | None, typer.Argument(help="gpt-4o, groq/llama-3.3-70b-versatile, ...")] = None,
    prompt_tokens: Annotated[int | None, typer.Option(min=0, help="Price a request with that many in.")] = None,
    output_tokens: Annotated[int, typer.Option(min=0, help="Tokens of its answer.")] = 0,
    cached_tokens: Annotated[int, typer.Option(min=0, help="Tokens of its prompt that are cached.")] = 0,
    batch: Annotated[bool, typer.Option("--batch", help="Through the batch interface.")] = False,
    date: Annotated[str | None, typer.Option(help="Day for which prices hold, e.g. 2026-11-22; today.")] = None,
    closest: Annotated[bool, typer.Option("--closest", help="Take what the price list takes for a name.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show list prices of models, their date and source, and what a request costs."""
    from kit.report.prices import Asked, show_prices

    asked = Asked(prompt_tokens, output_tokens, cached_tokens, batch)
    show_prices(models or [], asked=asked, date=date, as_json=as_json, closest=closest)


@prices_app.command("refresh")
def prices_refresh(
    sources: Annotated[
        list[str], typer.Argument(help="URLs or files; genai-prices, litellm and openrouter name their own URL.")
    ],
    form: Annotated[
        str | None, typer.Option("--format", help="genai-prices, litellm, openrouter or gpuhunt; by the content.")
    ] = None,
    store: Annotated[Path | None, typer.Option(help="Folder of price lists; $KIT_DATA/prices.")] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Though prices jump 100 times or half are lost.")] = False,
) -> None:
    """Put newer price lists in place, once they are found sound, and show what they change."""
    from kit.report.price_books import refresh_prices

    refresh_prices(sources, form=form, store=store, accept=accept)


@prices_app.command("check")
def prices_check(
    book: Annotated[Path | None, typer.Argument(help="A price book; today's prices unless given.")] = None,
    against: Annotated[
        str, typer.Option(help="A price list of LiteLLM or OpenRouter: a file, litellm or openrouter.")
    ] = "litellm",
    models: Annotated[str | None, typer.Option(help="Only these: openai/gpt-4o,mistral/...")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 if a price is disputed.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """List every price on which a second list disagrees by more than 1 %."""
    from kit.report.price_books import check_prices

    named = [name.strip() for name in models.split(",")] if models else []
    if check_prices(book, against=against, models=named, as_json=as_json) and strict:
        raise typer.Exit(1)


@prices_app.command("export")
def prices_export(
    out: Annotated[Path, typer.Option("--out", help="The file.")] = Path("prices.json"),
    engagement: Annotated[str | None, typer.Option(help="All prices that this engagement considers.")] = None,
    models: Annotated[str | None, typer.Option(help="Or of these models: openai/gpt-4o,mistral/...")] = None,
    against: Annotated[str | None, typer.Option(help="Put in what this second list disputes.")] = None,
) -> None:
    """Write a price book that can be carried, edited and compared."""
    from kit.report.price_books import export_prices

    named = [name.strip() for name in models.split(",")] if models else []
    export_prices(out, engagement=engagement, models=named, against=against)


@app.command()
def hardware(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show what is in this machine."""
    from kit.report.console import show_hardware

    show_hardware(as_json=as_json)


demand_app = typer.Typer(
    no_args_is_help=True, help="What has to be served: import logs, describe it in words, show it, compare it."
)
app.add_typer(demand_app, name="demand")
DemandOut = Annotated[Path, typer.Option("--out", help="The record.")]


@demand_app.command("import")
def demand_import(
    files: Annotated[list[str], typer.Argument(help="Exports, gzip too; postgresql://... reads LiteLLM's database.")],
    out: DemandOut = Path("demand.parquet"),
    format_: Annotated[str, typer.Option("--format", help="auto, or the name of a format.")] = "auto",
    workload: Annotated[
        list[str] | None,
        typer.Option(help="NAME=RULE: which rows are whose, e.g. 'Chat=model:gpt-4o*,path:chat'; repeatable."),
    ] = None,
    timezone: Annotated[str, typer.Option(help="The client's zone, e.g. Europe/Vienna.")] = "UTC",
    option: Annotated[
        list[str] | None, typer.Option(help="name=value for a format, e.g. at=created_on for a plain CSV; repeatable.")
    ] = None,
    kind: Annotated[
        str | None, typer.Option(help="Whose lengths to take where the export has means only: conversation, code, ...")
    ] = None,
    most_bad: Annotated[float, typer.Option(min=0, max=1, help="Share of bad rows above which it stops.")] = 0.05,
) -> None:
    """Read exports of usage into the typical week of each workload. Texts, names and keys are not read."""
    from kit.report.demand import import_demand

    import_demand(
        files,
        out=out,
        format=format_,
        rules=workload or (),
        timezone=timezone,
        options=option or (),
        kind=kind,
        most_bad_share=most_bad,
    )


@demand_app.command("describe")
def demand_describe(
    phrase: Annotated[
        list[str], typer.Argument(help="'Chat: chat, 5000 requests a day, office hours, bursty, growing 50 % a year'.")
    ],
    out: DemandOut = Path("demand.parquet"),
) -> None:
    """Make the record from a few words, for a client without logs; every figure is assumed and says from what."""
    from kit.report.demand import describe_demand

    describe_demand(phrase, out=out)


@demand_app.command("show")
def demand_show(file: Annotated[Path, typer.Argument(help="A record of demand.")]) -> None:
    """Show a record of demand."""
    from kit.report.demand import show_demand

    show_demand(file)


@demand_app.command("compare")
def demand_compare(
    before: Annotated[Path, typer.Argument(help="A record of demand.")],
    after: Annotated[Path, typer.Argument(help="Another one.")],
) -> None:
    """Compare two records of demand."""
    from kit.report.demand import compare_demands

    compare_demands(before, after)


facts_app = typer.Typer(
    no_args_is_help=True, help="The kit's tables of facts: what they say, who says so, how old it is."
)
app.add_typer(facts_app, name="facts")


@facts_app.command("list")
def facts_list(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List all tables with their rows, sources and age."""
    from kit.report.facts import list_facts

    list_facts(as_json=as_json)


@facts_app.command("show")
def facts_show(
    name: Annotated[str, typer.Argument(help="A table, or a row of any table: 'H100 SXM', 'openai', 'DE'.")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show a table, or one row, with source and age of everything in it."""
    from kit.report.facts import show_facts

    show_facts(name, as_json=as_json)


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

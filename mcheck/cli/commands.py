"""The commands. What takes time to import is imported by those that need it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from mcheck.cli.program import BOUNDED, HOLDS, USAGE, VIOLATED, Program
from mcheck.report.console import (
    NARROWEST,
    WIDTH,
    Format,
    complain,
    line_width,
    say,
)

if TYPE_CHECKING:
    from mcheck.explorer.limits import Progress
    from mcheck.explorer.result import Result
    from mcheck.lang.contract import Executable
    from mcheck.loading import Job

app = typer.Typer(
    name="mcheck",
    cls=Program,
    help="Model-checks how Linux migrates physical pages while CPUs keep using them.",
    epilog="Exit codes: 0 holds, 1 violated, 2 wrong input, 3 bounded, 4 internal error.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # the plain help is shown ten times faster
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Targets = Annotated[
    list[str],
    typer.Argument(metavar="TARGET", help="A scenario's name, path.py, path.py:NAME, module:NAME."),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a constant; may be repeated."),
]
Properties = Annotated[
    list[str] | None,
    typer.Option("--property", metavar="NAME", help="Judge only this property; may be repeated."),
]
Format_ = Annotated[
    Format, typer.Option("--format", help="A table, a line an event, JSON, or for a commit log.")
]
Width = Annotated[
    int | None, typer.Option(min=NARROWEST, help=f"Characters a line; {WIDTH} unless told.")
]


def _version(wanted: bool) -> None:
    if wanted:
        from mcheck import __version__

        say(f"mcheck {__version__}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command()
def check(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="TARGET", help="Scenarios or models; see mcheck list."),
    ] = None,
    *,
    edition: Annotated[
        str | None, typer.Option(metavar="NAME", help="The scenarios of this edition.")
    ] = None,
    variant: Annotated[
        str | None, typer.Option(metavar="NAME", help="With this bug of the kernel's history.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="default|ci|deep", help="The scenarios of this size.")
    ] = None,
    properties: Properties = None,
    constants: Settings = None,
    max_states: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    max_seconds: Annotated[float | None, typer.Option(min=0, help="Stop after so long.")] = None,
    max_memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Stop at this size, as in 4G or 500M.")
    ] = None,
    jobs: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Processes; one a core unless told.")
    ] = None,
    engine: Annotated[
        str,
        typer.Option(metavar="auto|native|reference|z3", help="Machine code, plain Python, or z3."),
    ] = "auto",
    workers: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Threads of a native search.")
    ] = None,
    depth: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="With z3: paths of up to N steps.")
    ] = None,
    induction: Annotated[
        bool, typer.Option("--induction", help="With z3: prove the properties, if that succeeds.")
    ] = False,
    form: Format_ = Format.text,
    width: Width = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Be silent.")] = False,
) -> int:
    """Search all states, and show the shortest race that breaks a promise.

    Without a target: all scenarios of the size and edition.
    """
    from mcheck.cli.answers import show, size_in_bytes
    from mcheck.explorer.limits import Limits
    from mcheck.loading import Wanted, chosen, prepared
    from mcheck.loading.asked import engine_called
    from mcheck.loading.depth import consistent, provable
    from mcheck.loading.workers import How, check_all, processes

    limits = Limits(
        max_states, max_seconds, None if max_memory is None else size_in_bytes(max_memory)
    )
    how = How(limits, engine_called(engine), workers, depth, induction)
    consistent(how)
    found = chosen(Wanted(targets or (), edition, variant, size), properties or ())
    ready = prepared(found, constants or (), properties or ())
    if induction:
        provable(ready)
    count = processes(ready, jobs)
    outcomes = check_all(ready, how, count, visible=not no_progress)
    return show(ready, outcomes, form, line_width(width))


@app.command("list")
def list_(
    targets: Annotated[
        list[str] | None,
        typer.Argument(metavar="TARGET", help="Scenarios or models; all scenarios unless told."),
    ] = None,
    *,
    matrix: Annotated[
        bool, typer.Option("--matrix", help="Show who meets a migrator on which pages.")
    ] = False,
    constants: Settings = None,
    width: Width = None,
) -> int:
    """Show what can be checked; of a target its constants, processes, properties, procedures."""
    if targets and not matrix:
        return _list_models(targets, constants or (), line_width(width))
    from mcheck.loading import UsageError
    from mcheck.loading.catalogue import catalogue
    from mcheck.loading.overview import meetings, overview

    if targets or constants:
        option = "--matrix" if matrix else "--set"
        raise UsageError(f"{option} goes {'without targets' if matrix else 'with a target'}")
    say((meetings if matrix else overview)(catalogue(), line_width(width)))
    return HOLDS


def _list_models(targets: Sequence[str], constants: Sequence[str], width: int) -> int:
    from mcheck.lang.errors import ModelError
    from mcheck.loading import loaded, prepared
    from mcheck.loading.overview import procedures
    from mcheck.report.listing import listing

    good: list[Executable] = []
    details: list[str] = []
    problems: list[str] = []
    for job in prepared(loaded(targets), constants):
        try:
            good.append(job.executable)
            details.append(procedures(job, width))
        except ModelError as error:
            problems.append(f"{job.model.name}: {error}")
    if good:
        say("\n\n".join((listing(good, width), *details)))
    for problem in problems:
        complain(problem)
    return USAGE if problems else HOLDS


@app.command()
def replay(
    recording: Annotated[
        str, typer.Argument(metavar="TOKEN", help="What check has printed, or a file.")
    ],
    target: Annotated[
        str | None, typer.Option(help="Where the model is now, if it has been moved.")
    ] = None,
) -> int:
    """Run a violation again, step by step, in plain Python: in a debugger, for instance."""
    from mcheck.cli.answers import recordings
    from mcheck.explorer.recording import RecordingError, load
    from mcheck.explorer.replay import replay as run
    from mcheck.lang.errors import ModelError
    from mcheck.loading import UsageError, only
    from mcheck.report.text import event_line

    try:
        recorded = load(recording, recordings())
    except RecordingError as error:
        raise UsageError(f"{error}; give the token that check has printed, or a file") from error
    try:
        model = only(target or recorded.model)
        numbers = itertools.count(1)
        say(f"replaying {recorded.violated} in {model.name}, {len(recorded.steps)} steps")
        replayed = run(model, recorded, watch=lambda event: say(event_line(next(numbers), event)))
    except ModelError as error:
        raise UsageError(str(error)) from error
    say(str(replayed))
    return VIOLATED if replayed.reproduced else USAGE


@app.command()
def simulate(
    targets: Targets,
    *,
    constants: Settings = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Repeat the walks of a run.")] = None,
    walks: Annotated[int, typer.Option(min=1, help="How many walks.")] = 100,
    steps: Annotated[int, typer.Option(min=1, help="How many steps each walk has.")] = 1000,
    form: Format_ = Format.text,
    width: Width = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Be silent.")] = False,
) -> int:
    """Walk at random, by direct execution. This finds, but it never proves."""
    from mcheck.cli.answers import show
    from mcheck.explorer.simulate import simulate as run
    from mcheck.loading import loaded, prepared
    from mcheck.loading.workers import one_by_one
    from mcheck.report.progress import ticking

    def walk(job: Job, progress: Progress | None) -> Result:
        del progress
        with ticking(f"{job.model.name}: {walks:,} random walks", wanted=not no_progress):
            return run(job.model, seed=seed, walks=walks, steps=steps)

    jobs = prepared(loaded(targets), constants or ())
    return show(jobs, one_by_one(jobs, walk, visible=False), form, line_width(width))


@app.command()
def export(
    target: Annotated[str, typer.Argument(metavar="TARGET", help="One scenario or model.")],
    *,
    to: Annotated[str, typer.Option(metavar="promela|murphi", help="For SPIN, or for Rumur.")],
    constants: Settings = None,
    output: Annotated[
        str | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write it.")
    ] = None,
) -> int:
    """Write a model for another checker, which can confirm what mcheck says of it."""
    from mcheck.loading.export import export as written

    text = written(target, to, output, constants or ())
    if text is not None:
        say(text.rstrip("\n"))
    return HOLDS


@app.command()
def cache(
    *, clear: Annotated[bool, typer.Option("--clear", help="Delete the compiled models.")] = False
) -> int:
    """Show, or clear, the models that are kept in compiled form."""
    from mcheck.explorer.native import cache as kept
    from mcheck.report.listing import compiled

    try:
        said = f"{kept.clear()} compiled models deleted" if clear else compiled(kept.kept())
    except OSError as error:
        complain(f"the cache cannot be cleared: {error}")
        return USAGE
    say(f"{said}\nin {kept.folder() / 'models'}")
    return HOLDS


@app.command()
def refs(
    name: Annotated[
        str, typer.Argument(metavar="EDITION|VARIANT", help="Such as folio, or a bug.")
    ] = "folio",
    replacement: Annotated[
        str, typer.Option("--with", metavar="FILE.py:NAME", help="A procedure to have instead.")
    ] = "",
) -> int:
    """Show who holds which references, by equations that any number of CPUs satisfies."""
    from mcheck.loading.refs import refs as run

    text, good, complete = run(name, replacement)
    say(text)
    return VIOLATED if not good else HOLDS if complete else BOUNDED

"""The command line. What takes time to import is imported by the commands that need it."""

from __future__ import annotations

import bdb
import io
import itertools
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from mcheck.report.console import (
    NARROWEST,
    WIDTH,
    Entry,
    Format,
    Output,
    complain,
    line_width,
    say,
)

if TYPE_CHECKING:
    from mcheck.explorer.limits import Progress
    from mcheck.explorer.result import Result
    from mcheck.lang.contract import Executable
    from mcheck.loading import Job, Target
    from mcheck.loading.outcomes import Outcome

HOLDS, VIOLATED, USAGE, BOUNDED, INTERNAL = range(5)
"""The exit codes."""
WORST_FIRST = (INTERNAL, USAGE, VIOLATED, BOUNDED, HOLDS)
INTERRUPTED = 130
"""The exit code after Ctrl-C outside of a search, as shells count it."""


class Program(TyperGroup):
    """All commands. Whatever goes wrong in them is told in a line, with the exit code for it."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run a command and leave with its exit code."""
        options["standalone_mode"] = False
        try:
            code = super().main(*args, **options)
        except (typer.Abort, KeyboardInterrupt, bdb.BdbQuit):
            complain("interrupted")
            code = INTERRUPTED
        except Exception as error:
            code = self._explain(error)
        sys.exit(code)

    def _explain(self, error: Exception) -> int:
        from mcheck.loading.errors import UsageError

        if isinstance(error, UsageError):
            complain(str(error))
            return USAGE
        # The errors of the command line's own parser have no common public class.
        message: Callable[[], str] | None = getattr(error, "format_message", None)
        if message is not None:
            self._tell(message(), error)
            return USAGE
        if os.environ.get("MCHECK_DEBUG"):
            traceback.print_exception(error)
        what = " ".join(f"{type(error).__name__}: {error}".split())
        complain(f"internal error: {what} (set MCHECK_DEBUG=1 for the traceback)")
        return INTERNAL

    def _tell(self, message: str, error: Exception) -> None:
        """Say what the parser has against the command line, and what it would take."""
        if "\n" in message:  # the help, where there are no arguments at all
            print(message, file=sys.stderr)
            return
        text = message.replace("Value error, ", "")
        if not text.endswith((".", "?")):
            text += "."
        if text.startswith("No such command"):
            complain(f"{text} The commands are {', '.join(self.commands)}.")
        else:
            command = getattr(getattr(error, "ctx", None), "command_path", "mcheck")
            complain(f"{text} See {command} --help")


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
    form: Format_ = Format.text,
    width: Width = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Be silent.")] = False,
) -> int:
    """Search all states, and show the shortest race that breaks a promise.

    Without a target: all scenarios of the size and edition.
    """
    from mcheck.explorer.limits import Limits
    from mcheck.loading import Wanted, chosen, prepared
    from mcheck.loading.workers import check_all, processes

    limits = Limits(max_states, max_seconds, None if max_memory is None else _bytes(max_memory))
    found = chosen(Wanted(targets or (), edition, variant, size), properties or ())
    ready = prepared(found, constants or (), properties or ())
    count = processes(ready, jobs)
    outcomes = check_all(ready, limits, count, visible=not no_progress)
    return _show(ready, outcomes, form, line_width(width))


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
    """Show what can be checked; of a target, its constants, processes and properties."""
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
    from mcheck.report.listing import listing

    good: list[Executable] = []
    problems: list[str] = []
    for job in prepared(loaded(targets), constants):
        try:
            good.append(job.executable)
        except ModelError as error:
            problems.append(f"{job.model.name}: {error}")
    if good:
        say(listing(good, width))
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
    from mcheck.explorer.recording import RecordingError, load
    from mcheck.explorer.replay import replay as run
    from mcheck.lang.errors import ModelError
    from mcheck.loading import UsageError, only
    from mcheck.report.text import event_line

    try:
        recorded = load(recording, _recordings())
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
) -> int:
    """Walk at random, by direct execution. This finds, but it never proves."""
    from mcheck.explorer.simulate import simulate as run
    from mcheck.loading import loaded, prepared
    from mcheck.loading.workers import one_by_one

    def walk(job: Job, progress: Progress | None) -> Result:
        del progress
        return run(job.model, seed=seed, walks=walks, steps=steps)

    jobs = prepared(loaded(targets), constants or ())
    return _show(jobs, one_by_one(jobs, walk, visible=False), form, line_width(width))


def main() -> None:
    """The command `mcheck`."""
    for stream in (sys.stdout, sys.stderr):
        # A model may have names that the terminal cannot show.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="mcheck")
    except KeyboardInterrupt:  # before there is a command
        complain("interrupted")
        sys.exit(INTERRUPTED)


_UNITS = ("", "K", "M", "G", "T")


def _bytes(text: str) -> int:
    """A size such as 4G, 500M or 1.5GiB, in bytes."""
    from mcheck.loading import UsageError

    digits = text.strip().upper().removesuffix("B").removesuffix("I")
    unit = digits[-1:] if digits[-1:] in _UNITS else ""
    try:
        size = float(digits.removesuffix(unit)) * 1024 ** _UNITS.index(unit)
        if size >= 1:
            return int(size)
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"--max-memory {text}: write a size such as 4G, 500M or 1.5G")


def _show(
    jobs: Sequence[Job], outcomes: Iterable[tuple[Job, Outcome]], form: Format, width: int
) -> int:
    """Print what comes of the jobs, and tell the worst exit code."""
    output = Output(form, width, several=len(jobs) > 1)
    codes: set[int] = set()
    left = list(jobs)
    for job, outcome in outcomes:
        left.remove(job)
        codes.add(INTERNAL if outcome.internal else outcome.result.verdict.exit_code)
        token = _recorded(job.target, outcome.result)
        output.show(Entry(outcome.result, token, job.target.about))
    output.finish()
    if not codes:
        raise KeyboardInterrupt
    if left:
        complain(f"interrupted; not checked: {', '.join(job.model.name for job in left)}")
        codes.add(BOUNDED)
    return next(code for code in WORST_FIRST if code in codes)


def _recordings() -> Path:
    """Where recordings are kept."""
    chosen = os.environ.get("MCHECK_CACHE_DIR")
    if chosen:
        return Path(chosen) / "recordings"
    from platformdirs import user_cache_path

    return user_cache_path("mcheck") / "recordings"


def _recorded(target: Target, result: Result) -> str | None:
    """The token of the recorded violation; None if there is nothing to record."""
    from mcheck.explorer.recording import record, save

    if result.trace is None or result.verdict.exit_code != VIOLATED:
        return None
    recording = record(result, target.reference)
    try:
        save(recording, _recordings())
    except OSError as error:
        complain(f"not recorded for replay: {error}")
        return None
    return recording.token

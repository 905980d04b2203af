"""The command line. What takes time to import is imported by the commands that need it."""

from __future__ import annotations

import bdb
import contextlib
import io
import itertools
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from mcheck.report.console import NARROWEST, WIDTH, Format, Output, complain, line_width, say

if TYPE_CHECKING:
    from mcheck.explorer.limits import Progress
    from mcheck.explorer.result import Result
    from mcheck.loading import Job, Target

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
    list[str], typer.Argument(metavar="TARGET...", help="path.py, path.py:NAME or module:NAME.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Set a constant; may be repeated."),
]
Properties = Annotated[
    list[str] | None,
    typer.Option("--property", metavar="NAME", help="Judge only this property; may be repeated."),
]
Format_ = Annotated[Format, typer.Option("--format", help="A table, a line an event, or JSON.")]
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
    targets: Targets,
    *,
    properties: Properties = None,
    constants: Settings = None,
    max_states: Annotated[int | None, typer.Option(min=1, help="Stop after so many.")] = None,
    max_seconds: Annotated[float | None, typer.Option(min=0, help="Stop after so long.")] = None,
    max_memory: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Stop at this size, as in 4G or 500M.")
    ] = None,
    form: Format_ = Format.text,
    width: Width = None,
    no_progress: Annotated[bool, typer.Option("--no-progress", help="Be silent.")] = False,
) -> int:
    """Search all states of each model, and show the shortest race that breaks a promise."""
    from mcheck.explorer import reference
    from mcheck.explorer.limits import Limits
    from mcheck.loading import compiled

    limits = Limits(max_states, max_seconds, None if max_memory is None else _bytes(max_memory))

    def run(job: Job, progress: Progress | None) -> Result:
        return reference.check(job.executable, limits=limits, progress=progress)

    jobs = compiled(targets, constants or [], properties or [])
    return _run_all(jobs, run, Output(form, line_width(width)), visible=not no_progress)


@app.command("list")
def list_(targets: Targets, constants: Settings = None, width: Width = None) -> int:
    """Show the models: their constants, processes and properties."""
    from mcheck.loading import compiled
    from mcheck.report.listing import listing

    jobs = compiled(targets, constants or [], [])
    good = [job.executable for job in jobs if job.problem is None]
    if good:
        say(listing(good, line_width(width)))
    for job in jobs:
        if job.problem is not None:
            complain(f"{job.model.name}: {job.problem}")
    return HOLDS if len(good) == len(jobs) else USAGE


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
    from mcheck.loading import compiled

    def walk(job: Job, progress: Progress | None) -> Result:
        del progress
        return run(job.model, seed=seed, walks=walks, steps=steps)

    return _run_all(compiled(targets, constants or [], []), walk, Output(form, line_width(width)))


def main() -> None:
    """The command `mcheck`."""
    for stream in (sys.stdout, sys.stderr):
        # A model may have names that the terminal cannot show.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    app(prog_name="mcheck")


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


def _run_all(
    jobs: Sequence[Job],
    run: Callable[[Job, Progress | None], Result],
    output: Output,
    *,
    visible: bool = False,
) -> int:
    """Run the jobs one after the other, print the results, and tell the worst exit code."""
    results: list[Result] = []
    for position, job in enumerate(jobs):
        result = _result(job, run, visible=visible)
        results.append(result)
        output.show(result, _recorded(job.target, result))
        left = [other.model.name for other in jobs[position + 1 :]]
        if left and _interrupted(result):
            complain(f"interrupted; not checked: {', '.join(left)}")
            break
    output.finish(results)
    codes = {result.verdict.exit_code for result in results}
    return next(code for code in WORST_FIRST if code in codes)


def _result(job: Job, run: Callable[[Job, Progress | None], Result], *, visible: bool) -> Result:
    """The result of one job, with what the engine does not know."""
    from dataclasses import replace

    from mcheck.explorer.result import Result, Verdict
    from mcheck.lang.errors import ModelError
    from mcheck.report.progress import progress

    model = job.model
    try:
        if job.problem is not None:
            raise ModelError(job.problem)
        # A model that prints must not spoil what programs read.
        with contextlib.redirect_stdout(sys.stderr), progress(model.name, wanted=visible) as shown:
            result = run(job, shown)
        left_out = tuple(f"{name} (left out)" for name in job.executable.left_out)
    except ModelError as error:
        result = Result(
            model.name, Verdict.ERROR, "none", 0, 0, 0, 0.0, model.constants, why=str(error)
        )
        left_out = ()
    return replace(
        result,
        edition=model.edition,
        variant=model.variant,
        undecided=(*result.undecided, *left_out),
    )


def _interrupted(result: Result) -> bool:
    from mcheck.report.phrases import stopped_by

    return result.verdict.exit_code == BOUNDED and "interrupt" in stopped_by(result)


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

"""Running several jobs, built-in scenarios in processes of their own.

Each scenario has a process for itself, so that one that dies takes nothing with it, and that a
limit of memory means the same for any number of processes. A process is sent names, not models.

Ctrl-C reaches every process of a terminal, but the workers do not hear it: the main process ends
them by SIGTERM, which they take as an interrupt, and reads what they had found by then.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, Pipe, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any, cast

from mcheck.explorer.engines import Engine, check
from mcheck.explorer.limits import UNLIMITED, Limits, Progress
from mcheck.explorer.machine import usable_cores
from mcheck.explorer.result import Result
from mcheck.loading import catalogue
from mcheck.loading.jobs import Job, prepared
from mcheck.loading.outcomes import Outcome, Runs, attempt, failed, internal_error
from mcheck.loading.targets import load
from mcheck.report.progress import tally


@dataclass(frozen=True)
class How:
    """How jobs are searched: see `engines.check`. workers: threads; as many as fit, if None.

    depth, induction: of a search by z3, and only of that.
    """

    limits: Limits = UNLIMITED
    engine: Engine = "auto"
    workers: int | None = None
    depth: int | None = None
    induction: bool = False


def processes(jobs: Sequence[Job], wanted: int | None) -> int:
    """How many processes the jobs are run in: 1 means no other than this one.

    wanted: what the command line says; otherwise there are as many as processors, but none under
        a debugger, which sees only this process.
    """
    builtin = sum(job.target.builtin for job in jobs)
    if wanted is None:
        wanted = 1 if _debugged() or builtin < 2 else usable_cores()
    return max(1, min(wanted, builtin))


def _debugged() -> bool:
    monitoring: Any = getattr(sys, "monitoring", None)
    watched = monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None
    return watched or sys.gettrace() is not None or bool(os.environ.get("MCHECK_DEBUG"))


def searched(job: Job, how: How, progress: Progress | None, *, share: int = 1) -> Result:
    """Search all states of a job's model; share: how many jobs are searched at the same time."""
    return check(
        job.executable,
        engine=how.engine,
        workers=how.workers or max(1, usable_cores() // share),
        share=share,
        depth=how.depth,
        induction=how.induction,
        limits=how.limits,
        progress=progress,
    )


def check_all(
    jobs: Sequence[Job], how: How, count: int, *, visible: bool
) -> Iterator[tuple[Job, Outcome]]:
    """Check the jobs in `count` processes, and yield what comes of them in their own order.

    After an interrupt no more jobs are begun, and those without an outcome are passed over.
    """

    def engine(job: Job, progress: Progress | None) -> Result:
        return searched(job, how, progress)

    if count == 1:
        return one_by_one(jobs, engine, visible=visible)
    return _in_order(jobs, _at_once(jobs, how, count, engine, visible=visible))


def one_by_one(
    jobs: Sequence[Job], engine: Runs, *, visible: bool
) -> Iterator[tuple[Job, Outcome]]:
    """Run the jobs one after the other in this process, until one is interrupted."""
    for job in jobs:
        try:
            outcome = attempt(job, engine, visible=visible)
        except KeyboardInterrupt:
            return
        yield job, outcome
        if outcome.interrupted:
            return


def _in_order(
    jobs: Sequence[Job], outcomes: Iterator[tuple[Job, Outcome]]
) -> Iterator[tuple[Job, Outcome]]:
    """The outcomes in the order of their jobs, each as soon as all before it are there."""
    done: dict[int, Outcome] = {}
    left = list(jobs)
    for job, outcome in outcomes:
        done[id(job)] = outcome
        while left and id(left[0]) in done:
            first = left.pop(0)
            yield first, done[id(first)]
    yield from ((job, done[id(job)]) for job in left if id(job) in done)


def _at_once(
    jobs: Sequence[Job], how: How, count: int, engine: Runs, *, visible: bool
) -> Iterator[tuple[Job, Outcome]]:
    """The scenarios in processes of their own, then all other jobs in this one."""
    builtin = [job for job in jobs if job.target.builtin]
    crew = _Crew(builtin, how, count)
    with tally(len(builtin), wanted=visible) as report:
        yield from crew.work(report)
    if not crew.interrupted:
        others = [job for job in jobs if not job.target.builtin]
        yield from one_by_one(others, engine, visible=visible)


@dataclass(frozen=True)
class _Order:
    """A job in words that another process understands."""

    source: Callable[[], catalogue.Catalogue]
    reference: str
    constants: tuple[str, ...]
    properties: tuple[str, ...]
    how: How
    share: int


@dataclass(frozen=True)
class _Worker:
    """A process that runs one job, and the end of the pipe from which its outcome is read."""

    job: Job
    process: ForkServerProcess
    pipe: Connection

    def outcome(self) -> Outcome | None:
        """What it has sent; None if it has ended without a word."""
        try:
            sent: Outcome | str = self.pipe.recv()
        except (EOFError, OSError):  # nothing, or not all of it
            return None
        finally:
            self.pipe.close()
            self.process.join()
        return self._internal(sent) if isinstance(sent, str) else sent

    def died(self) -> Outcome:
        """What is said of a worker that has ended without a word."""
        code = self.process.exitcode or 0
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        hint = "; if memory is short: --jobs 1, --max-memory" if code == -signal.SIGKILL else ""
        return self._internal(f"internal error: the process that checked it has died: {how}{hint}")

    def _internal(self, why: str) -> Outcome:
        return Outcome(failed(self.job, why), internal=True)


class _Crew:
    """The workers, of which `count` are there at a time.

    interrupted: somebody has pressed Ctrl-C, and nothing more is begun.
    """

    def __init__(self, jobs: Sequence[Job], how: How, count: int) -> None:
        self._waiting = list(jobs)
        self._how = how
        self._count = count
        self._busy: list[_Worker] = []
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        # All workers are forked from a process that has imported what they need.
        kernel = {job.model.state.__module__ for job in jobs}
        self._context.set_forkserver_preload([__name__, *sorted(kernel)])
        self.interrupted = False

    def work(self, report: Callable[[int, Sequence[str]], None]) -> Iterator[tuple[Job, Outcome]]:
        """Run all jobs; report is told how many are done, and the names of those under way."""
        done = 0
        try:
            while self._waiting or self._busy:
                try:
                    self._engage()
                    report(done, [worker.job.model.name for worker in self._busy])
                    wait([worker.pipe for worker in self._busy])
                except KeyboardInterrupt:
                    self._interrupt()
                for worker in [worker for worker in self._busy if worker.pipe.poll()]:
                    self._busy.remove(worker)
                    outcome = worker.outcome()
                    done += 1
                    if outcome is not None:
                        yield worker.job, outcome
                    elif not self.interrupted:
                        yield worker.job, worker.died()
        finally:
            for worker in self._busy:
                worker.process.kill()

    def _engage(self) -> None:
        while self._waiting and len(self._busy) < self._count:
            with _deaf_to_interrupts():
                self._busy.append(self._start(self._waiting.pop(0)))

    def _start(self, job: Job) -> _Worker:
        ours, theirs = cast("tuple[Connection, Connection]", Pipe(duplex=False))
        order = _Order(
            catalogue.source,
            job.target.reference,
            job.constants,
            job.properties,
            self._how,
            self._count,
        )
        process = self._context.Process(target=_run, args=(order, theirs), daemon=True)
        process.start()
        theirs.close()  # so that the pipe ends when the worker does
        return _Worker(job, process, ours)

    def _interrupt(self) -> None:
        """End all workers: the first time they may say what they have found so far."""
        for worker in self._busy:
            if self.interrupted:
                worker.process.kill()
            else:
                worker.process.terminate()
        self.interrupted = True
        self._waiting.clear()


@contextlib.contextmanager
def _deaf_to_interrupts() -> Generator[None]:
    """What is started meanwhile never hears Ctrl-C; to this process it comes a little later."""
    resource_tracker.ensure_running()  # its own start would lift the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _run(order: _Order, pipe: Connection) -> None:
    """What a worker does."""
    threading.Thread(target=_end_with_the_main_process, daemon=True).start()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Interrupted before the search has begun: there is nothing to tell.
    with contextlib.suppress(KeyboardInterrupt):
        told = _followed(order)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        pipe.send(told)


def _followed(order: _Order) -> Outcome | str:
    """The outcome, or what has gone wrong before there was a job to be run."""
    catalogue.source = order.source
    try:
        (job,) = prepared(load(order.reference), order.constants, order.properties)
    except Exception as error:
        return internal_error(error)
    return attempt(job, lambda job, progress: searched(job, order.how, progress, share=order.share))


def _end_with_the_main_process() -> None:
    main = multiprocessing.parent_process()
    assert main is not None
    wait([main.sentinel])
    os._exit(1)

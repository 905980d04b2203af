"""A pytest plugin: a test names a scenario and what it expects of it.

    def test_an_anonymous_page_moves(mcheck: Mcheck) -> None:
        mcheck("anon-fault").holds(states=41_144, transitions=123_742, depth=411)

    def test_the_flush_is_needed(mcheck: Mcheck) -> None:
        mcheck("flush-left-out").violates("tlbs_are_flushed", depth=33)

Where something else comes out, pytest shows the race, and no Python traceback. Nothing of mcheck is
imported before a test asks for it.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mcheck.explorer.limits import Limits
    from mcheck.explorer.result import Result
    from mcheck.lang.model import Model
    from mcheck.lang.procedures import Procedure

_ALWAYS_JUDGED = (
    *("deadlock", "hang", "leak", "lock", "assert"),
    *("bounds", "local", "index", "null", "divide", "choose"),
)
"""What a check can violate beside the model's own properties."""


@dataclass(frozen=True)
class _Search:
    """All that the outcome of a search depends on. Equal searches have equal results."""

    model: Model[Any]
    properties: tuple[str, ...]
    limits: Limits | None


_done = pytest.StashKey[list[tuple[_Search, "Result"]]]()
_asked = pytest.StashKey[list["Check"]]()


@dataclass(frozen=True)
class Mcheck:
    """What the fixture `mcheck` gives to a test: call it with what is to be checked.

    done: the searches that the session has made; asked: the checks that the test has asked for.
    """

    done: list[tuple[_Search, Result]]
    asked: list[Check]

    def __call__(
        self,
        what: str | Model[Any],
        *,
        constants: Mapping[str, int] | None = None,
        replace: Mapping[str, Procedure[Any, Any]] | None = None,
        properties: Sequence[str] = (),
        limits: Limits | None = None,
    ) -> Check:
        """Ask for a check; the methods of what is returned say what must come of it.

        A search that another test of the session has asked for as well is made once.

        Args:
            what: a model, or what `mcheck check` takes: a scenario's name, that of a bug of the
                zoo, "SCENARIO+BUG", "path.py:NAME", "module:NAME".
            constants: those that have other values than in the scenario.
            replace: procedures to be put in the place of those with the names.
            properties: the names of the properties to be judged; all where none is named.
            limits: where the search gives up. A search that did never holds.
        """
        with _told():
            model = _model(what, constants or {}, replace or {}, properties)
        # By hand the same can be had only of what the command line knows by name.
        by_hand = isinstance(what, str) and not replace and limits is None
        command = _command(what, constants or {}, properties) if by_hand else ""
        check = Check(_Search(model, tuple(properties), limits), command, self.done)
        self.asked.append(check)
        return check


@dataclass
class Check:
    """A model that is to be checked: `holds`, `violates` or `bounded` says what must come of it.

    Counts are compared where they are given. They are the same on every run.

    command: how to make the check by hand, if there is a way; expected: whether the test has said
    what must come of it.
    """

    search: _Search
    command: str
    done: list[tuple[_Search, Result]]
    expected: bool = False

    def holds(
        self, *, states: int | None = None, transitions: int | None = None, depth: int | None = None
    ) -> Result:
        """Expect that all states are searched and nothing is wrong in any of them.

        depth: the greatest distance of a state from the initial ones.
        """
        result = self._result("HOLDS")
        self._compare(result, "holds()", states=states, transitions=transitions, depth=depth)
        return result

    def violates(
        self,
        name: str,
        *,
        states: int | None = None,
        transitions: int | None = None,
        depth: int | None = None,
        ends: Sequence[str] | None = None,
    ) -> Result:
        """Expect that this is violated.

        Args:
            name: a property; or "deadlock", "hang", "leak", "assert" or another kind of failure;
                or "cover NAME", "unreached PROCEDURE.LABEL".
            states: how many are found when the search ends.
            transitions: the same.
            depth: how many steps the race has.
            ends: the last of them, as in "CPU1 folio_put.put_page_testzero".
        """
        with _told():
            _make_sure_it_can_be_violated(self.search.model, name)
        result = self._result("VIOLATED", name)
        pins = {"states": states, "transitions": transitions, "depth": depth}
        last = None if ends is None else list(ends)
        self._compare(result, f"violates({name!r})", **pins, ends=last)
        return result

    def bounded(
        self, *, states: int | None = None, transitions: int | None = None, depth: int | None = None
    ) -> Result:
        """Expect that nothing is wrong in what a limit lets be searched, and that there is more.

        depth: up to where all states are found.
        """
        result = self._result("BOUNDED")
        self._compare(result, "bounded()", states=states, transitions=transitions, depth=depth)
        return result

    def _result(self, verdict: str, name: str | None = None) -> Result:
        """The result of the search, which must have this verdict, on that property."""
        self.expected = True
        result = self._found()
        found = result.verdict.value
        if found == verdict and name in (None, result.property):
            return result
        wanted = f"{verdict} {name or ''}".strip()
        pytest.fail("\n".join(self._surprise(result, wanted)), pytrace=False)

    def _found(self) -> Result:
        """What comes of the search, or came of it when it was asked for before."""
        for search, result in self.done:
            if search == self.search:
                return result
        result = _searched(self.search)
        self.done.append((self.search, result))
        return result

    def _compare(self, result: Result, call: str, **pins: int | list[str] | None) -> None:
        """Compare what the test pins with what was found."""
        expected = {pin: value for pin, value in pins.items() if value is not None}
        found = {pin: _measured(result, pin, value) for pin, value in expected.items()}
        if found == expected:
            return
        comma = "" if call.endswith("()") else ", "
        lines = [
            f"{result.verdict.value} {result.scenario}, but not as it is pinned",
            f"expected {_written(expected)}",
            f"found    {_written(found)}",
            f"if that is right, pin it: .{call.removesuffix(')')}{comma}{_written(found)})",
            *(["", *self._race(result)] if result.trace is not None else []),
        ]
        pytest.fail("\n".join(lines), pytrace=False)

    def _surprise(self, result: Result, wanted: str) -> list[str]:
        """What is shown of a result that is not wanted; a race as `mcheck check` shows it."""
        from mcheck.report.summary import verdict_line

        if result.verdict.value == "ERROR":
            return [f"ERROR {result.scenario}: {result.why}"]
        head = [f"expected {wanted}, found {verdict_line(result)}"]
        if result.verdict.value == "VIOLATED":
            # A test that wants no race at all need not be told so.
            return [*(head if wanted.startswith("VIOLATED") else []), *self._race(result)]
        return [*head, *filter(None, [result.why, self.command])]

    def _race(self, result: Result) -> list[str]:
        from mcheck.report.race import race_table

        return [race_table(result), *filter(None, [self.command])]


def _model(
    what: str | Model[Any],
    constants: Mapping[str, int],
    replaced: Mapping[str, Procedure[Any, Any]],
    properties: Sequence[str],
) -> Model[Any]:
    """The model that is meant. A UsageError or ModelError says what is wrong with the wish."""
    from mcheck.loading.asked import configured, judged
    from mcheck.loading.errors import UsageError
    from mcheck.loading.jobs import only
    from mcheck.loading.replaced import idle

    model = configured(only(what) if isinstance(what, str) else what, dict(constants))
    judged(model, properties)
    if not replaced:
        return model
    changed = model.replace(**replaced)
    for sentence in idle(changed):
        raise UsageError(f"{model.name}: {sentence}")
    return changed


def _make_sure_it_can_be_violated(model: Model[Any], name: str) -> None:
    """Raise a UsageError if no violation of the model can have the name."""
    from mcheck.loading.errors import known

    if not name.startswith("unreached "):
        own = [f"cover {c.name}" if c.kind == "cover" else c.name for c in model.claims]
        known("property", name, [*own, *_ALWAYS_JUDGED])


def _searched(search: _Search) -> Result:
    """Search all states. What is wrong with the model is an ERROR."""
    from mcheck.explorer.engines import check
    from mcheck.explorer.limits import Limits
    from mcheck.loading.jobs import Job
    from mcheck.loading.outcomes import attempt
    from mcheck.loading.targets import Target

    limits = search.limits or Limits()
    job = Job(Target(search.model, search.model.name), properties=search.properties)
    outcome = attempt(job, lambda job, _: check(job.executable, limits=limits))
    if outcome.interrupted:
        raise KeyboardInterrupt
    return outcome.result


def _measured(result: Result, pin: str, expected: int | list[str]) -> int | list[str]:
    """What a result has of what is pinned; of a race, as many steps as are pinned."""
    from mcheck.report.phrases import qualified

    events = result.trace.events if result.trace is not None else ()
    if isinstance(expected, list):
        last = events[max(len(events) - len(expected), 0) :]
        return [f"{event.process} {qualified(event)}" for event in last]
    if pin == "depth" and result.trace is not None:
        return len(events)
    return {"states": result.states, "transitions": result.transitions, "depth": result.depth}[pin]


def _written(pins: Mapping[str, int | list[str]]) -> str:
    """Counts as they are written in a test: "states=41_144, depth=411"."""
    return ", ".join(f"{p}={v}" if isinstance(v, list) else f"{p}={v:_}" for p, v in pins.items())


def _command(what: object, constants: Mapping[str, int], properties: Sequence[str]) -> str:
    settings = [f"--set={name}={value}" for name, value in constants.items()]
    judged = [f"--property={name}" for name in properties]
    return f"by hand: {shlex.join(['mcheck', 'check', str(what), *settings, *judged])}"


@contextlib.contextmanager
def _told() -> Generator[None]:
    """Let the test fail with what is wrong with what it asks for, and nothing else."""
    from mcheck.lang.errors import ModelError
    from mcheck.loading.errors import UsageError

    try:
        yield
    except (UsageError, ModelError) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


@pytest.fixture(name="mcheck")
def _mcheck(request: pytest.FixtureRequest) -> Mcheck:
    """Model-check: mcheck("scenario").holds(), .violates("property") or .bounded()."""
    done = request.config.stash.setdefault(_done, [])
    return Mcheck(done, request.node.stash.setdefault(_asked, []))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    """A test that asks for a check and expects nothing of it has shown nothing."""
    result = yield
    for check in item.stash.get(_asked, ()):
        if not check.expected:
            name = check.search.model.name
            pytest.fail(f"nothing is expected of {name}: say .holds(), or what else", pytrace=False)
    return result

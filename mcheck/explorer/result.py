"""The answer of an engine. It never claims more than was searched."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from mcheck.explorer.trace import Trace


class Verdict(enum.Enum):
    """HOLDS: the state space is exhausted, or what was asked for is proved.

    BOUNDED: nothing is found in the part that was searched.
    """

    HOLDS = "HOLDS"
    VIOLATED = "VIOLATED"
    BOUNDED = "BOUNDED"
    ERROR = "ERROR"

    @property
    def exit_code(self) -> int:
        """0 holds, 1 violated, 2 input or usage, 3 bounded (4 is kept for internal errors)."""
        return {"HOLDS": 0, "VIOLATED": 1, "ERROR": 2, "BOUNDED": 3}[self.value]


@dataclass(frozen=True)
class Result:
    """One check.

    property: what was violated: a property's name, "deadlock", "hang", "cover NAME",
        "unreached LABEL", or a failure's kind ("assert", "bounds", "leak", ...). With ERROR: the
        property that could not be evaluated. None otherwise.
    why: one sentence (VIOLATED: what is wrong; BOUNDED: what stopped the search; ERROR: what is
        wrong with the input).
    offenders: what breaks the property, in the model's names.
    trace: how to get there from an initial state. None for a cover or a label that was not
        reached, and if building the trace was interrupted.
    states, transitions: distinct states found, transitions taken; a step that fails is none.
    counted: they are counted; an engine that does not look at states one by one has 0 there.
    proof: with HOLDS by an engine that does not look at all states: what is proved, and how.
    depth: the greatest distance from the initial states up to which all states are found, or are
        judged without being found; -1 if not even the initial ones are.
    labels: how many transitions each label had.
    unreached, uncovered: labels that never ran, covers not hit, in what was searched. Both are
        empty if a violation broke the search off: they would mean nothing.
    undecided: claims that a bounded search could not decide: "deadlock", "hang" (if the model
        asks for it), "cover NAME", "unreached labels".
    scope: the scenario's constants.
    seed: of a simulation; the same seed gives the same walks.
    bits: size of a packed state.
    peak_bytes: largest resident set of the whole process that was seen during the search.
    reductions: what the engine left out because it is equivalent to something it did search.
    note: what is to be said of the search itself; empty if nothing is.
    figures: what the native engine measured: workers, engine_bytes (of the states and their index),
        search_seconds and search_user_seconds (of the search alone), compile_seconds (all that
        comes before it).
    """

    scenario: str
    verdict: Verdict
    engine: str
    states: int
    transitions: int
    depth: int
    seconds: float
    scope: dict[str, int | bool]
    property: str | None = None
    why: str = ""
    offenders: tuple[str, ...] = ()
    trace: Trace | None = None
    labels: dict[str, int] = field(default_factory=dict[str, int])
    unreached: tuple[str, ...] = ()
    uncovered: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()
    edition: str | None = None
    variant: str | None = None
    seed: int | None = None
    bits: int = 0
    peak_bytes: int = 0
    reductions: tuple[str, ...] = ()
    note: str = ""
    counted: bool = True
    proof: str = ""
    figures: dict[str, float] = field(default_factory=dict[str, float])

    def judged(self) -> bool:
        """All states up to some depth are judged: it was not refused, or stopped, before that."""
        refused = self.verdict is Verdict.ERROR and self.counted and not self.states
        return self.depth >= 0 and not refused

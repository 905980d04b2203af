"""Runs a model directly and in its lowered form, side by side, and compares whatever shows.

The lowered steps tell what may happen; one of it is picked, direct execution is made to do the
same, and both must end in the same state, or fail in the same way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, cast

from mcheck.lang import Model, ModelError, State
from mcheck.lang.contract import Choices, Failure
from mcheck.lang.declare.containers import Sequence_
from mcheck.lang.declare.fields import show
from mcheck.lang.direct import Direct
from mcheck.lang.emit.python import PythonProgram
from mcheck.lang.errors import StepFailed

Number = Callable[[int, int], int]
"""Draws a number lo..hi, both included."""

AT_THE_END = frozenset({"leak", "local"})
"""Kinds that direct execution only finds at the end of a step: it names no line, and if the step
fails in yet another way after the leak, it tells of that."""


class Disagreement(Exception):
    """The two forms of a model do not mean the same.

    No AssertionError: direct execution would take that for one of the model's own.
    """


@dataclass(frozen=True)
class Moves:
    """What one process may do in one state, as its lowered step says."""

    actor: int
    successors: list[tuple[int, Choices]]
    failures: list[Failure]

    @property
    def all(self) -> list[tuple[int | Failure, Choices]]:
        """Every transition: where it leads to, or how it fails."""
        failed = [(f, f.choices) for f in self.failures]
        return [*self.successors, *failed]


@dataclass
class Tally:
    """What happened while the two forms ran side by side.

    watching: entered around each step that is run directly.
    """

    steps: int = 0
    walks: int = 0
    failures: Counter[str] = field(default_factory=Counter[str])
    watching: AbstractContextManager[object] = field(default_factory=nullcontext[None])


def insist(truth: bool, what: str, *details: object) -> None:
    """Raise Disagreement unless it is true."""
    if not truth:
        raise Disagreement("\n".join([what, *map(str, details)]))


def moves(compiled: PythonProgram, state: int) -> list[Moves]:
    """What the lowered form offers in a state; both forms of each step must offer the same."""
    found: list[Moves] = []
    for i, actor in enumerate(compiled.actors):
        at = state >> actor.pc_shift & actor.pc_mask
        traced: list[tuple[int, Choices]] = []
        plain: list[int] = []
        bad: list[Failure] = []
        also_bad: list[Failure] = []
        try:
            actor.traced[at](state, traced, bad)
            actor.steps[at](state, plain, also_bad)
        except Exception as e:
            raise Disagreement(f"the lowered step of {actor.labels[at].qualified} crashes") from e
        insist([s for s, _ in traced] == plain, "traced and plain steps differ", traced, plain)
        kinds = [[(f.kind, f.source) for f in fs] for fs in (bad, also_bad)]
        insist(kinds[0] == kinds[1], "traced and plain steps fail differently", *kinds)
        if traced or bad:
            found.append(Moves(i, traced, bad))
    return found


def offered(found: Moves, before: Choices) -> Counter[str]:
    """The values that may be chosen after those chosen before, with how many ways lead on."""
    n = len(before)
    return Counter(c[n][1] for _, c in found.all if c[:n] == before and len(c) > n)


def same_domain(options: list[str], expected: Counter[str], *, last: bool) -> bool:
    """Whether a choice is made from the values that the lowered form lists.

    What stands n times in the domain leads on in n times as many ways, if it is chosen last.
    """
    shown = Counter(options)
    ways = {expected[value] / shown[value] for value in shown}
    return set(shown) == set(expected) and (not last or len(ways) <= 1)


class Pair:
    """One model in both forms, in the same state."""

    def __init__(
        self, model: Model[Any], compiled: PythonProgram, initial: int, tally: Tally
    ) -> None:
        """Begin in the initial state with that number."""
        self.model, self.compiled, self.tally = model, compiled, tally
        with tally.watching:
            self.direct = Direct(model, initial, compiled)
        self.state = compiled.initial[initial]
        self.dead = False
        tally.walks += 1
        self.compare("initially")

    def compare(self, when: str) -> None:
        """The packed states, and all that is read off them, agree."""
        packed = self.direct.state()
        if packed != self.state:
            both = [f"direct  {self._shown(packed)}", f"lowered {self._shown(self.state)}"]
            insist(False, f"the states differ {when}", *both)
        self.world = self.compiled.unpack(self.state)
        mine, its = fields(self.direct.k), fields(self.world)
        insist(mine == its, f"the fields differ {when}", mine, its)
        described = self.compiled.describe(self.state)
        for name, value in described.items():
            insist(mine[name] == value, f"{name} is described as {value}", mine[name])

    def _shown(self, state: int) -> str:
        """A packed state for a message; one of the two may be none that can be read."""
        try:
            return f"{state:#x} {self.compiled.describe(state)}"
        except IndexError:
            return f"{state:#x}"

    def enabled(self) -> list[Moves]:
        """What may happen now, which must be the same in both forms."""
        found = moves(self.compiled, self.state)
        lowered, directly = [m.actor for m in found], self.direct.enabled()
        insist(lowered == directly, "other processes are enabled", lowered, directly)
        return found

    def move(self, found: Moves, number: int) -> None:
        """Make one of the transitions in both forms."""
        target, choices = found.all[number]
        actor = self.compiled.actors[found.actor]
        label = actor.labels[self.state >> actor.pc_shift & actor.pc_mask]
        chosen: list[tuple[str, str]] = []

        def pick(name: str, options: list[str]) -> int:
            expected = offered(found, tuple(chosen))
            insist(len(chosen) < len(choices), "direct execution chooses once more", name)
            last = all(len(c) == len(chosen) + 1 for _, c in found.all)
            same = same_domain(options, expected, last=last)
            insist(same, f"{name} is chosen from other values", options, expected)
            insist(name == choices[len(chosen)][0], "the choices have other names", name, choices)
            chosen.append(choices[len(chosen)])
            return options.index(chosen[-1][1])

        with self.tally.watching:
            move = self.direct.step(found.actor, pick)
        self.tally.steps += 1
        where = f"after {actor.name} {label.qualified} {choices}"
        insist(move.label == label.qualified, f"the labels differ {where}", move.label)
        insist(move.choices == choices, f"the choices differ {where}", move.choices)
        if isinstance(target, Failure):
            self._same_failure(target, move.failure, where)
        else:
            insist(move.failure is None, f"only direct execution fails {where}", move.failure)
            before, self.state = (self.state, self.world), target
            self.compare(where)
            self._same_verdicts(*before)

    def _same_failure(self, lowered: Failure, direct: Failure | None, where: str) -> None:
        self.dead = True
        self.tally.failures[lowered.kind] += 1
        if direct is None:
            raise Disagreement(f"only the lowered step fails {where}\n{lowered}")
        late = lowered.kind in AT_THE_END
        same = lowered.kind == direct.kind and lowered.source == direct.source
        insist(same or late, f"it fails differently {where}", lowered, direct)

    def _same_verdicts(self, before: int, world: State) -> None:
        """The lowered properties and the properties' own functions say the same."""
        for compiled, claim in zip(self.compiled.properties, self.model.claims, strict=True):
            step = claim.kind == "step"
            worlds = [world, self.world] if step else [self.world]
            with self.tally.watching:
                mine = verdict(claim.function, *worlds)
            its = judged(compiled.holds, before if step else self.state, self.state)
            insist(mine == its, f"{claim.name} is judged differently", mine, its)


def verdict(function: Callable[..., Any], *worlds: object) -> bool | None:
    """What a property says as plain Python; None where it fails."""
    try:
        found = function(*worlds)
    except (StepFailed, ZeroDivisionError, AssertionError):
        return None
    return not found if isinstance(found, list) else bool(found)


def judged(holds: Callable[[int, int], bool], before: int, after: int) -> bool | None:
    """What the lowered property says; None where it fails."""
    try:
        return holds(before, after)
    except ModelError:
        return None


def fields(world: Any) -> dict[str, str]:
    """Every value of a state, by the name of its place, found without any help of the lowering."""
    found: dict[str, str] = {}
    for struct in world.elements_.order:
        for element in world.elements_.instances(struct):
            for name, value in element.values_.items():
                place = f"{element.name_}.{name}".removeprefix("state.").removesuffix(".holder")
                if isinstance(value, Sequence_):
                    several = cast("Sequence_[Any]", value)
                    for i, item in enumerate(several.items):
                        found[place + several.declared.index_name(i, world)] = show(item)
                else:
                    found[place] = show(value)
    return found


def walk(pair: Pair, number: Number, steps: int) -> None:
    """Go on at random until the step limit, a failure, or a state that nothing leaves.

    Failures end a walk, and daemons can go on for ever: so what does not fail, and is no daemon,
    is preferred where there is any.
    """
    for _ in range(steps):
        found = pair.enabled()
        if not found:
            return
        others = [m for m in found if not pair.compiled.actors[m.actor].daemon]
        found = others if others and number(0, 3) > 0 else found
        mover = found[number(0, len(found) - 1)]
        every = len(mover.all)
        good = len(mover.successors)
        careful = good and number(0, 3) > 0
        pair.move(mover, number(0, (good if careful else every) - 1))
        if pair.dead:
            return


@dataclass(frozen=True)
class Reached:
    """How the breadth-first search came to a state: the transition's place in `Moves.all`."""

    parent: int | None
    actor: int
    number: int


def explore(compiled: PythonProgram, limit: int) -> tuple[dict[int, Reached], list[int]]:
    """The first states that the lowered form reaches, breadth first, and the order of finding."""
    found: dict[int, Reached] = {s: Reached(None, 0, 0) for s in compiled.initial}
    order = list(found)
    for state in order:
        for move in moves(compiled, state):
            for n, (after, _) in enumerate(move.successors):
                if after not in found and len(found) < limit:
                    found[after] = Reached(state, move.actor, n)
                    order.append(after)
    return found, order


def repeat(
    model: Model[Any],
    compiled: PythonProgram,
    reached: dict[int, Reached],
    state: int,
    tally: Tally,
) -> None:
    """Go the found way to a state in direct execution."""
    path: list[Reached] = []
    while (how := reached[state]).parent is not None:
        path.append(how)
        state = how.parent
    pair = Pair(model, compiled, compiled.initial.index(state), tally)
    for how in reversed(path):
        mover = next(m for m in pair.enabled() if m.actor == how.actor)
        pair.move(mover, how.number)


def sample(states: Sequence[int], number: Number, count: int) -> list[int]:
    """Some of the states, of those found last rather than first."""
    later = states[len(states) // 2 :]
    return [later[number(0, len(later) - 1)] for _ in range(min(count, len(later)))]

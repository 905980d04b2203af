"""Protection: which accesses others may get in between, and which steps are therefore too coarse.

The rule is Lipton's: a step may take locks, then touch one thing that others may touch at the
same time, then give locks back. What is touched under a lock that everybody respects, or what
belongs to the process alone, does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcheck.lang.declare.fields import Hardware, Owner
from mcheck.lang.errors import Refused
from mcheck.lang.program import Access, Process, Program, Step


@dataclass(frozen=True)
class Toucher:
    """An access, and who makes it at which step."""

    process: Process
    step: Step
    access: Access

    @property
    def text(self) -> str:
        """Who does what where."""
        verb = "writes" if self.access.write else "reads"
        who = self.process.name.replace("{}", "")
        return f"{who} {verb} it at {self.step.procedure}.{self.step.label}"


class Judge:
    """Knows every access of a program."""

    def __init__(self, program: Program) -> None:
        """Collect who touches each cell."""
        self.program = program
        self.touchers: dict[str, list[Toucher]] = {}
        for process in program.processes:
            for step in process.steps:
                for access in dict.fromkeys(a for path in step.paths for a in path):
                    toucher = Toucher(process, step, access)
                    self.touchers.setdefault(access.cell, []).append(toucher)
        self.lookers = [
            Toucher(process, step, event[0])
            for process in program.processes
            for step in process.steps
            for path in step.paths
            for event in self.events(path, step)
            if event[0].cell == "Lock.holder" and not event[-1].lock
        ]

    def others(self, process: Process, access: Access) -> Iterator[Toucher]:
        """The accesses that other processes may make of the same cell, and that matter to it."""
        for other in self.touchers[access.cell]:
            if other.process is process and len(process.instances) < 2:
                continue
            if access.own and other.access.own and _apart(process, other.process):
                continue  # each its own element
            if access.write or other.access.write:
                yield other

    def contested(self, process: Process, access: Access) -> list[Toucher]:
        """Who may touch the same thing in the middle of the step that makes this access."""
        others = list(self.others(process, access))
        if access.held:
            return [o for o in others if not o.access.held]
        return others

    def seen(self, process: Process, event: list[Access]) -> bool:
        """Whether another process may look whether a lock is held, and not just wait for it.

        Then taking it and giving it back are events of their own, which others can tell apart
        from what is done under it.
        """
        names = event[-1].names
        return any(
            (other.process is not process or len(other.process.instances) > 1)
            and (None in names or None in looked.names or bool(names & looked.names))
            for other in self.lookers
            for looked in [other.access]
        )

    def unprotected(self, process: Process, access: Access) -> None:
        """Refuse an access that goes without the protection that the field declares."""
        by = self.program.cells[access.cell].field.by
        others = list(self.others(process, access))
        if not others:
            return
        if isinstance(by, str) and not access.held and (access.write or not access.racy):
            verb = "written" if access.write else "read"
            raise Refused(
                access.source,
                f"{access.cell} is {verb} without its lock {by}; {_named(others)}",
                f"hold {by} here" + ("" if access.write else ", or racy(...) in a step of its own"),
            )
        if isinstance(by, Owner) and not access.own:
            raise Refused(
                access.source,
                f"{access.cell} belongs to one process, and this is another; {_named(others)}",
                "by=atomic or a lock, if several processes touch it",
            )

    def events(self, path: Iterable[Access], step: Step) -> list[list[Access]]:
        """The accesses of a way, those that are one atomic operation together.

        What the hardware does in a step that names its primitive is part of the primitive.
        """
        events: list[list[Access]] = []
        for access in path:
            if step.atomic and self._hardware(access):
                continue
            if events and self._one(events[-1], access, step):
                events[-1].append(access)
            else:
                events.append([access])
        return events

    def _one(self, event: list[Access], access: Access, step: Step) -> bool:
        """Whether an access that follows an event belongs to it."""
        before = event[-1]
        if before.lock and before.write:
            return False
        if access.key is None or access.key != before.key:
            return False
        if self._place(access) != self._place(before):
            return False
        if step.atomic or access.cell == "Lock.holder":
            return True
        together = access.write == before.write and not access.update and not before.update
        return self._word(access) and together

    def _place(self, access: Access) -> object:
        """What is loaded or stored as a whole, over all elements: a cell, or the struct's word."""
        return self.program.cells[access.cell].struct if self._word(access) else access.cell

    def _word(self, access: Access) -> bool:
        return self.program.cells[access.cell].struct.word_

    def _hardware(self, access: Access) -> bool:
        return isinstance(self.program.cells[access.cell].field.by, Hardware)

    def coarse(self, process: Process, step: Step, path: tuple[Access, ...]) -> None:
        """Refuse a way through a step that touches two things which others may touch meanwhile."""
        events = self.events([a for a in path if self.contested(process, a)], step)
        waits = [e for e in events if e[-1].lock == "acquire"]
        if events and events[0][-1].lock == "acquire" and not self.seen(process, events[0]):
            events.pop(0)
        while events and events[-1][-1].lock == "release" and not self.seen(process, events[-1]):
            events.pop()
        if len(waits) > 1:
            events = [*waits[:1], *(e for e in events if e is not waits[0])]
        if len(events) < 2:
            return
        lines: dict[str, int] = {}
        for e in events:
            others = _named(self.contested(process, e[0]))
            line = f"      {e[0].cell} at line {e[0].source.line}: {others}"
            lines[line] = lines.get(line, 0) + 1
        told = [line + (f" ({n} times)" if n > 1 else "") for line, n in lines.items()]
        raise Refused(
            events[1][0].source,
            f"the step {step.procedure}.{step.label} is too coarse: it touches more than one "
            f"thing that others may touch meanwhile\n" + "\n".join(told),
            self._instead(events, step),
        )

    def _instead(self, events: list[list[Access]], step: Step) -> str:
        """What to write instead of a step that is too coarse."""
        if not step.atomic and any(self._hardware(e[0]) for e in events):
            return (
                "a yield between them; or, for what the hardware does together with accesses of "
                'one cell or word, the primitive: at(..., atomic="page walk")'
            )
        what = "word" if any(self._word(e[0]) for e in events) else "cell"
        return (
            f"a yield between them; or, for several accesses of one {what}, the primitive that "
            f'makes them atomic: at(..., atomic="cmpxchg")'
        )


def judge(program: Program) -> None:
    """Check every access of a program against what its field declares.

    Raises:
        Refused: an access goes without its lock, or a step is too coarse.
    """
    judged = Judge(program)
    ways = [(p, s, path) for p in program.processes for s in p.steps for path in s.paths]
    for process, _, path in ways:
        for access in path:
            judged.unprotected(process, access)
    for process, step, path in ways:
        judged.coarse(process, step, path)


def _apart(a: Process, b: Process) -> bool:
    """Whether the elements that two processes are given as their own are different ones."""
    if a is b:
        return True
    mine, its = {i.me for i in a.instances}, {i.me for i in b.instances}
    return a.of is not b.of or not mine & its


def _named(others: list[Toucher]) -> str:
    names = list(dict.fromkeys(o.text for o in others))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return "; ".join(names[:3]) + more

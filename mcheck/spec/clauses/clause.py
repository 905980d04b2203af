"""A clause: one obligation of a seed document, and what in the model it comes to."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace


class Kind(enum.Enum):
    """What sort of sentence a clause is, and so what it has to point at."""

    STEP = "step"
    """Something the kernel does. Labels of the model realise it."""
    CONTRACT = "contract"
    """What a caller has to bring, or may read off: arguments, return values, counters."""
    DRIVER_RULE = "driver rule"
    """What the owner of movable pages has to do."""
    PROMISE = "promise"
    """What holds for everybody else meanwhile or afterwards. Properties check it."""
    INTENT = "intent"
    """No obligation: why something is done, or where to read on."""
    NO_CODE = "no code"
    """A step that an edition of the kernel does not have."""


BINDING = frozenset({Kind.STEP, Kind.CONTRACT, Kind.DRIVER_RULE, Kind.PROMISE})
"""The kinds that have to point at something in the model."""

REASONS = frozenset({"motivation", "pointer", "scope"})
"""Why an INTENT binds nobody: it says what for, it refers elsewhere, it says what is not meant."""


@dataclass(frozen=True)
class Clause:
    """One row of the table.

    id: seed, then the document's own numbering, then a letter where one sentence obliges to
    several things ("s004/4.a"). text: what it says, in our words.

    steps: what realises it, each a procedure or "procedure.label" of the model. properties:
    the names of the properties that check it, or would be pointless without it. unmodelled:
    the reason why there is neither yet.

    reason: of an INTENT, one of REASONS. edition, evidence: of a NO_CODE, where there is no
    code and what shows it. differs: what Linux 6.1 does otherwise than the document says.
    """

    id: str
    kind: Kind
    text: str
    steps: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    differs: str = ""
    unmodelled: str = ""
    reason: str = ""
    edition: str = ""
    evidence: str = ""

    @property
    def seed(self) -> str:
        """The document it stands in, "s004"."""
        return self.id.partition("/")[0]

    @property
    def number(self) -> str:
        """The document's own number, without the letter: "s004/4" of "s004/4.a"."""
        head, dot, last = self.id.rpartition(".")
        return head if dot and len(last) == 1 and last.isalpha() else self.id

    def answers_to(self, name: str) -> bool:
        """Whether the name means this row: its id, or its number for all its letters."""
        return name in (self.id, self.number)

    def again(self, id: str, *, text: str = "", differs: str | None = None) -> Clause:
        """The same clause as another document has it: realised and checked by the same.

        Args:
            id: its place in the other document.
            text: what the other document says, where the words matter.
            differs: what 6.1 does otherwise; as here where it is left out.
        """
        return replace(
            self,
            id=id,
            text=text or self.text,
            differs=self.differs if differs is None else differs,
        )

"""One-line changes of how a procedure counts references: what a mutant is, as text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PUTS = {
    "folio_put": "Held[Folio]",
    "put_anon_vma": "Held[AnonVma]",
    "gup_put_folio": "Pinned[Folio]",
}
"""Procedures that are called to give up a reference, and what they are given."""
LISTS = ("from_list", "ret_list")


@dataclass(frozen=True)
class Mutant:
    """One change: which kind, where it is in the source, and the text with it.

    changed: the lines of that text at which something is not as it was.
    """

    kind: str
    procedure: str
    file: str
    line: int
    text: str
    changed: frozenset[int]

    @property
    def place(self) -> str:
        """Where the change is, for people."""
        return f"{self.procedure} ({Path(self.file).name}:{self.line})"


class Edit:
    """Changes to the lines of a file, by their old numbers."""

    def __init__(self, lines: tuple[str, ...]) -> None:
        """Begin with nothing changed."""
        self.lines = lines
        self.new: dict[int, list[str]] = {}

    def put(self, line: int, *texts: str) -> None:
        """Have other text instead of a line, as far in as that is."""
        old = self.lines[line - 1]
        pad = old[: len(old) - len(old.lstrip())]
        self.new[line] = [pad + text for text in texts]

    def said(self, line: int) -> str:
        """What a line says, with what has been changed there."""
        return "\n".join(self.new.get(line, [self.lines[line - 1]]))

    def result(self) -> tuple[str, frozenset[int]]:
        """The text, and the lines that are new in it."""
        text: list[str] = []
        changed: set[int] = set()
        for i, old in enumerate(self.lines, 1):
            lines = self.new.get(i)
            if lines is None:
                text.append(old)
                continue
            if not any(line.rstrip().endswith(":") for line in lines):
                pad = old[: len(old) - len(old.lstrip())]
                lines = [pad + "; ".join(line.strip() for line in lines)]  # numbers stay
            changed.update(range(len(text) + 1, len(text) + len(lines) + 1))
            text += lines
        return "\n".join(text) + "\n", frozenset(changed)


@dataclass(frozen=True)
class Place:
    """A statement: the blocks that it is in, outermost first, and its number in each."""

    blocks: tuple[tuple[list[ast.stmt], int], ...]

    @property
    def statement(self) -> ast.stmt:
        """The statement itself."""
        block, i = self.blocks[-1]
        return block[i]

    def following(self) -> list[ast.stmt]:
        """What comes behind it in its block."""
        block, i = self.blocks[-1]
        return block[i + 1 :]

    def points_before(self) -> Iterator[ast.stmt]:
        """The statements before it, here or further out, in which others may run; nearest first."""
        for block, i in reversed(self.blocks):
            yield from (s for s in reversed(block[:i]) if _yields(s))


def mutants(procedure: str, file: str) -> Iterator[Mutant]:
    """All mutants of a procedure."""
    lines = tuple(Path(file).read_text(encoding="utf-8").splitlines())
    for node in ast.parse("\n".join(lines)).body:
        if isinstance(node, ast.FunctionDef) and node.name == procedure:
            for place in _places(node.body, ()):
                for kind, edit in _edits(lines, place):
                    text, changed = edit.result()
                    line = place.statement.lineno
                    yield Mutant(kind, procedure, file, line, text, changed)


def _places(
    block: list[ast.stmt], outer: tuple[tuple[list[ast.stmt], int], ...]
) -> Iterator[Place]:
    for i, s in enumerate(block):
        here = (*outer, (block, i))
        yield Place(here)
        for part in ("body", "orelse"):
            inner = getattr(s, part, None)
            if isinstance(inner, list) and not isinstance(s, ast.FunctionDef):
                yield from _places(inner, here)  # pyright: ignore[reportUnknownArgumentType]


def _yields(s: ast.stmt) -> bool:
    return any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(s))


def _edits(lines: tuple[str, ...], place: Place) -> Iterator[tuple[str, Edit]]:
    s = place.statement
    match s:
        case ast.AugAssign(target=ast.Attribute(attr="refcount"), op=ast.Add()):
            yield "get dropped", _dropped(lines, s)
            yield "get late", _late(lines, place)
        case ast.AugAssign(target=ast.Attribute(attr="refcount"), op=ast.Sub()):
            yield "put dropped", _dropped(lines, s)
            twice = Edit(lines)
            twice.put(s.lineno, *[ast.unparse(s)] * 2)
            yield "put doubled", twice
            yield from _count_early(lines, place)
        case ast.Assign(targets=[ast.Attribute(attr="refcount")], value=ast.Constant(value=n)):
            yield "get dropped" if n else "put dropped", _dropped(lines, s)
            if n:
                yield "get late", _late(lines, place)
        case ast.Expr(value=ast.YieldFrom(value=ast.Call(func=ast.Name(id=called), args=args))):
            if called in PUTS:
                what = ast.unparse(args[-1])
                yield "put dropped", _dropped(lines, s, f"release({what})")
                yield "put doubled", _doubled(lines, s, called, what)
                yield from _early(lines, place, called, what)
        case ast.Assign(targets=[target], value=value):
            yield from _handed_over(lines, place, target, value)
        case _:
            pass


def _dropped(lines: tuple[str, ...], s: ast.stmt, instead: str = "pass") -> Edit:
    edit = Edit(lines)
    edit.put(s.lineno, instead)
    return edit


def _late(lines: tuple[str, ...], place: Place) -> Edit:
    """A get behind the next point at which others may run, and behind the hold."""
    s = place.statement
    said = ast.unparse(s)
    edit = _dropped(lines, s)
    last = s
    for after in place.following():
        if isinstance(after, ast.Return):
            assert after.value is not None
            held = f"late: Held[Folio] = {ast.unparse(after.value)}"
            edit.put(after.lineno, held, 'yield at("get late")', said, "return late")
            return edit
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Yield):
            edit.put(after.lineno, ast.unparse(after), said)
            return edit
        if not isinstance(after, ast.AnnAssign | ast.Assign):
            break
        match after:
            case ast.AnnAssign(target=ast.Name(id=new), value=ast.Name(id=old)):
                said = re.sub(rf"\b{old}\b", new, said)  # the hold has another name by now
            case _:
                pass
        last = after
    text = "pass" if last is s else ast.unparse(last)
    edit.put(last.lineno, text, 'yield at("get late")', said)
    return edit


def _doubled(lines: tuple[str, ...], s: ast.stmt, called: str, what: str) -> Edit:
    edit = Edit(lines)
    edit.put(
        s.lineno,
        f"both = {what}",
        ast.unparse(s),
        f"again: {PUTS[called]} = hold(both)",
        f"yield from {called}(k, again)",
    )
    return edit


def _count_early(lines: tuple[str, ...], place: Place) -> Iterator[tuple[str, Edit]]:
    """A count that goes down one step before it should."""
    s, point = place.statement, next(place.points_before(), None)
    if point is None:
        return
    said = ast.unparse(s)
    for before in place.blocks[-1][0][: place.blocks[-1][1]]:
        match before:
            case ast.Assign(targets=[ast.Name(id=new)], value=ast.Name(id=old)):
                said = re.sub(rf"\b{new}\b", old, said)
            case _:
                pass
    edit = _dropped(lines, s)
    edit.put(point.lineno, 'yield at("put early")', said, lines[point.lineno - 1].strip())
    yield "put early", edit


def _early(
    lines: tuple[str, ...], place: Place, called: str, what: str
) -> Iterator[tuple[str, Edit]]:
    """A put before a point at which others may run; what follows goes on as if it were not.

    Before the last use of what is put; where there is none, before the last such point.
    """
    s = place.statement
    points: list[ast.stmt] = []
    for point in place.points_before():
        if _assigns(point, what):
            break
        points.append(point)
    if not points:
        return
    between = (p for p in points if _uses(lines[p.lineno - 1 : s.lineno - 1], what))
    point = next(between, None)
    kind = "put early" if point is not None else "put early, behind the last use"
    point = point or points[0]
    edit = _dropped(lines, s, f"release({what})")
    moved = [f"early = {what}", f"yield from {called}(k, {what})", f"{what} = hold(early)"]
    if isinstance(point, ast.If | ast.For | ast.While):
        moved.append('yield at("put early")')  # what they look at is a step of its own
    edit.put(point.lineno, *moved, lines[point.lineno - 1].strip())
    yield kind, edit


def _uses(lines: tuple[str, ...], name: str) -> bool:
    return any(re.search(rf"(?<![\w.]){re.escape(name)}\b(?!:)", line) for line in lines)


def _assigns(s: ast.stmt, name: str) -> bool:
    """Whether a name gets its value in a statement."""
    return any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
        for n in ast.walk(s)
    )


def _handed_over(
    lines: tuple[str, ...], place: Place, target: ast.expr, value: ast.expr
) -> Iterator[tuple[str, Edit]]:
    """References that go into a field or a list, or out of it."""
    s = place.statement
    match target, value:
        case ast.Attribute(), ast.Call(func=ast.Name(id="release")):
            yield "give dropped", _dropped(lines, s, ast.unparse(value))
        case ast.Attribute(attr=("folio" | "fbatch"), value=owner), ast.Name(id="null"):
            if ast.unparse(owner) != "tlb":
                edit = _dropped(lines, s)
                before = place.blocks[-1][0][place.blocks[-1][1] - 1]
                if ast.unparse(before).endswith(".kind = Entry.NONE"):
                    edit.put(before.lineno, "pass")
                yield "take dropped", edit
        case ast.Subscript(value=ast.Attribute(attr=name)), ast.Constant(value=bool() as into):
            if name in LISTS:
                yield "give dropped" if into else "take dropped", _dropped(lines, s)
        case _:
            pass

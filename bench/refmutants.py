"""Mutants of an edition's reference counting, and what refutes each of them.

One at a time: a get dropped, a put dropped, a put doubled, a get one step later, a put one step
earlier. `python -m bench.refmutants [SCENARIO ...]` prints the table; without a name, for all
processes of the folio edition.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from tabulate import tabulate

from mcheck.lang.errors import ModelError
from mcheck.lang.model import Model
from mcheck.lang.procedures import Procedure, as_procedure
from mcheck.loading.refs import edition_model
from mcheck.refs.analysis import analyse
from mcheck.refs.variant import Judgement, judge
from mcheck.refs.whole import joined
from mcheck.scenarios import SCENARIOS

PUTS = ("folio_put", "put_anon_vma", "gup_put_folio")
"""Procedures that are called to give up a reference."""


@dataclass(frozen=True)
class Mutant:
    """One change of one line: which kind, where, and the lines as they are then."""

    kind: str
    procedure: str
    file: str
    line: int
    lines: tuple[str, ...]

    @property
    def place(self) -> str:
        """Where the change is, for people."""
        return f"{self.procedure} ({Path(self.file).name}:{self.line})"


def mutants(model: Model[Any]) -> Iterator[Mutant]:
    """All mutants of the procedures of a model."""
    for name, procedure in model.procedures().items():
        file = inspect.getsourcefile(procedure.function)
        assert file is not None
        text = tuple(Path(file).read_text(encoding="utf-8").splitlines())
        tree = ast.parse("\n".join(text))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                yield from _of(name, file, text, node)


def _of(name: str, file: str, text: tuple[str, ...], function: ast.FunctionDef) -> Iterator[Mutant]:
    for block in _blocks(function):
        for i, s in enumerate(block):
            moved = _moves(s)
            if moved is None:
                continue
            kind, what = moved
            line = s.lineno

            def changed(new: str, at: int = line) -> tuple[str, ...]:
                old = text[at - 1]
                pad = old[: len(old) - len(old.lstrip())]
                return (*text[: at - 1], pad + new, *text[at:])

            said = text[line - 1].strip()
            if kind == "get":
                yield Mutant("get dropped", name, file, line, changed("pass"))
                later = _later(block, i)
                if later is not None:
                    at = later.lineno
                    lines = list(changed("pass"))
                    lines[at - 1] = f"{lines[at - 1]}; {said}"
                    yield Mutant("get late", name, file, line, tuple(lines))
                continue
            call = said.startswith("yield from")
            dropped = f"release({what})" if call else "pass"
            yield Mutant("put dropped", name, file, line, changed(dropped))
            twice = f"{said}; {said}"
            if call:
                of = "AnonVma" if "anon_vma" in said else "Folio"
                mark = "Pinned" if "gup_put" in said else "Held"
                again = said.replace(f", {what})", ", again)")
                twice = f"both = {what}; {said}; again: {mark}[{of}] = hold(both); {again}"
            yield Mutant("put doubled", name, file, line, changed(twice))
            earlier = _earlier(block, i)
            if call and earlier is not None:
                lines = list(changed("pass"))
                old = lines[earlier.lineno - 1]
                pad = old[: len(old) - len(old.lstrip())]
                first = f'early = {what}; yield at("put early"); {said}'
                lines[earlier.lineno - 1] = f"{pad}{first}; {old.strip()}"
                yield Mutant("put early", name, file, line, tuple(lines))


def _earlier(block: list[ast.stmt], i: int) -> ast.stmt | None:
    """The point at which others may run before a statement, in the same block."""
    for s in reversed(block[:i]):
        if isinstance(s, ast.Expr) and isinstance(s.value, ast.Yield):
            return s if s.lineno == s.end_lineno else None
        if isinstance(s, ast.Expr) and isinstance(s.value, ast.YieldFrom):
            return s if s.lineno == s.end_lineno else None
        if not isinstance(s, ast.AnnAssign | ast.Assign | ast.AugAssign | ast.Expr):
            return None
    return None


def _blocks(function: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(function):
        for part in ("body", "orelse"):
            block = getattr(node, part, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


def _moves(s: ast.stmt) -> tuple[str, str] | None:
    """Whether a statement takes or gives a reference, and of what."""
    match s:
        case ast.AugAssign(target=ast.Attribute(attr="refcount"), op=op):
            return ("get" if isinstance(op, ast.Add) else "put"), ast.unparse(s.target)
        case ast.Expr(value=ast.YieldFrom(value=ast.Call(func=ast.Name(id=called), args=args))):
            return ("put", ast.unparse(args[-1])) if called in PUTS else None
        case _:
            return None


def _later(block: list[ast.stmt], i: int) -> ast.stmt | None:
    """The next point at which others may run, in the same block."""
    for s in block[i + 1 :]:
        if isinstance(s, ast.Expr) and isinstance(s.value, ast.Yield):
            return s if s.lineno == s.end_lineno else None
        if not isinstance(s, ast.AnnAssign | ast.Assign | ast.AugAssign | ast.Expr):
            return None
    return None


def planted(model: Model[Any], mutant: Mutant, directory: Path) -> Model[Any]:
    """The model with a mutant in it."""
    lines = list(mutant.lines)
    at = next(i for i, old in enumerate(lines) if old.startswith("from mcheck.lang import"))
    lines[at] = f"from mcheck.lang import Held, Pinned, hold, release; {lines[at]}"
    module = _loaded("\n".join(lines) + "\n", directory, Path(mutant.file).name)
    procedure: Procedure[Any, Any] | None = as_procedure(getattr(module, mutant.procedure))
    assert procedure is not None
    for name, known in model.procedures().items():
        if name != mutant.procedure and hasattr(module, name):
            setattr(module, name, known)  # the copy's own procedures are strangers to the model
    running = [
        run
        for run in model.processes
        if mutant.procedure in replace(model, processes=[run]).procedures()
    ]
    table = {**model.table, mutant.procedure: procedure}
    return replace(model, processes=running, table=table)


_count = iter(range(10**6))


def _loaded(text: str, directory: Path, name: str) -> ModuleType:
    path = directory / f"m{next(_count)}_{name}"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def main(*names: str) -> None:
    """Judge all mutants of the procedures that some scenarios run; of all, without a name.

    A name of several words is a kind of mutant: then only those are judged.
    """
    scenarios = [name for name in names if " " not in name]
    wanted = {name for name in names if " " in name}
    model = edition_model("folio")
    if scenarios:
        model = joined([SCENARIOS[name].model for name in scenarios], " ".join(scenarios))
    unmodified = analyse(model)
    rows: list[tuple[str, str, str, str, str]] = []
    by: Counter[tuple[str, str]] = Counter()
    with tempfile.TemporaryDirectory() as temporary:
        for mutant in mutants(model):
            if wanted and mutant.kind not in wanted:
                continue
            if mutant.procedure not in unmodified.whole.program.procedures:
                continue  # nobody runs it here
            try:
                found = judge(unmodified, planted(model, mutant, Path(temporary)))
            except ModelError as error:
                found = Judgement("language", (str(error),))
            named = "yes" if mutant.procedure in found.procedures else "no"
            if found.by == "language" and "after its reference" not in found.says[0]:
                found = Judgement("no program", found.says)
            if found.by in ("", "language", "no program"):
                named = "-"
            says = found.says[0].splitlines()[0][:90] if found.says else ""
            rows.append((mutant.kind, mutant.place, found.by or "NOT REFUTED", named, says))
            by[mutant.kind, found.by or "not refuted"] += 1
            print(*rows[-1], sep=" | ", flush=True)
    print(tabulate(rows, headers=("mutant", "where", "refuted by", "named", "says")))
    ways_ = sorted({how for _, how in by})
    kinds_ = list(dict.fromkeys(kind for kind, _ in by))
    print(tabulate([(k, *(by[k, h] for h in ways_)) for k in kinds_], headers=("mutant", *ways_)))


if __name__ == "__main__":
    main(*sys.argv[1:])

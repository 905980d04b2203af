"""`mcheck refs`: the reference counts of an edition."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcheck.loading.catalogue import catalogue
from mcheck.loading.errors import UsageError, known, meant
from mcheck.loading.modules import from_file

if TYPE_CHECKING:
    from mcheck.lang.model import Model
    from mcheck.lang.procedures import Procedure
    from mcheck.refs.analysis import Ledger
    from mcheck.refs.examined import Examined
    from mcheck.refs.inference import Reasons


def edition_model(edition: str) -> Model[Any]:
    """All processes of an edition's scenarios as one model.

    Raises:
        UsageError: there is no such edition.
    """
    from mcheck.refs.whole import joined

    found = catalogue()
    name = known("edition", edition, found.editions)
    models = [s.model for s in found.scenarios.values() if s.edition == name]
    return joined(models, name, _places)


def _places(largest: Mapping[str, int]) -> Mapping[str, int]:
    """There is a location for every page of every address space."""
    if not {"mms", "pages", "locations"} <= largest.keys():
        return {}
    return {"locations": max(largest["locations"], largest["mms"] * largest["pages"])}


def refs(name: str, replacement: str = "") -> tuple[str, bool, bool]:
    """The report on an edition, or on a variant of one.

    name: of an edition, or of a bug, which is judged in the edition that it belongs to.
    replacement: "path.py:NAME", a procedure to have in the edition instead of its namesake.

    Returns:
        the text; whether nothing is wrong; whether all of it is proved.

    Raises:
        UsageError: there is no such edition, bug, file or procedure.
    """
    there = catalogue()
    edition = known("edition or variant", name, [*there.editions, *there.bugs])
    bug = there.bugs.get(edition) if edition not in there.editions else None
    if bug is not None:
        if replacement:
            raise UsageError(f"{name} is a variant already: give --with to an edition")
        model = edition_model(bug.scenario.edition)
        return _judged(model, _with(model, bug.replaced), bug.name)
    if replacement:
        procedure = _procedure(replacement)
        model = edition_model(edition)
        if procedure.__name__ not in model.procedures():
            near = meant(procedure.__name__, list(model.procedures()))
            raise UsageError(f"{edition} has no procedure {procedure.__name__!r}{near} to replace")
        refused = _refused(edition, procedure)
        if refused:
            return f"{replacement} is refuted by the rules of the language\n{refused}", False, True
        return _judged(model, _with(model, {procedure.__name__: procedure}), replacement)
    return _edition(edition)


def _refused(edition: str, procedure: Procedure[Any, Any]) -> str:
    """Why the first scenario that runs a procedure refuses it; empty if it does not.

    The model of all processes does not judge whether a step touches more than it may at once.
    """
    from mcheck.lang.errors import ModelError

    name = procedure.__name__
    for scenario in catalogue().scenarios.values():
        if scenario.edition == edition and name in scenario.model.procedures():
            try:
                scenario.model.replace(**{name: procedure}).lower()
            except ModelError as error:
                return str(error)
            break
    return ""


def _edition(edition: str) -> tuple[str, bool, bool]:
    from mcheck.refs.analysis import analyse
    from mcheck.refs.examined import examine
    from mcheck.refs.text import complete, report
    from mcheck.spec.unheld import ASSUMED, UNHELD

    found = analyse(edition_model(edition), UNHELD)
    more = examine(found)
    why = {**UNHELD, **ASSUMED}
    good = all(_good(ledger, more, why) for ledger in found.ledgers)
    text = _short(report(found, more, why))
    return text, good, complete(found, more)


def _good(ledger: Ledger, more: Examined, why: Reasons) -> bool:
    """Whether nothing is wrong with the counts of a struct."""
    from mcheck.refs.text import unexplained

    if not ledger.proved or ledger.differs:
        return False
    last = more.unlocked[ledger.of.name]
    return not unexplained(ledger, more, why) and all(query.proved for query in last)


def _judged(model: Model[Any], variant: Model[Any], name: str) -> tuple[str, bool, bool]:
    """What is said of a variant of a model, which never is that it holds.

    What the model assumes, the variant does too; and its checks are not asked about.
    """
    from mcheck.refs.analysis import analyse
    from mcheck.refs.text import verdict
    from mcheck.refs.variant import judge
    from mcheck.spec.unheld import ASSUMED, UNHELD

    found = judge(analyse(model, UNHELD), variant, UNHELD)
    return _short(verdict(name, found, {**UNHELD, **ASSUMED})), not found.refuted, False


def _short(text: str) -> str:
    """The text with files of mcheck named from its own folder on, others from here."""
    for folder in (Path(__file__).parents[2], Path.cwd()):
        text = text.replace(f"{folder}/", "")
    return text


def _with(model: Model[Any], procedures: Mapping[str, Procedure[Any, Any]]) -> Model[Any]:
    """A model with other procedures, and only the processes that run them."""
    from dataclasses import replace

    running = [
        run
        for run in model.processes
        if procedures.keys() & replace(model, processes=[run]).procedures().keys()
    ]
    return replace(model, processes=running, table={**model.table, **procedures})


def _procedure(text: str) -> Procedure[Any, Any]:
    """The procedure that "path.py:NAME" means."""
    from mcheck.lang.procedures import as_procedure

    path, colon, name = text.rpartition(":")
    if not colon or not path.endswith(".py"):
        raise UsageError(
            f"--with {text}: write path.py:NAME, where NAME is a procedure in the file"
        )
    with contextlib.redirect_stdout(sys.stderr):
        module, _ = from_file(Path(path))
    found = as_procedure(getattr(module, name, None))
    if found is None:
        names = [n for n, value in vars(module).items() if as_procedure(value) is not None]
        raise UsageError(f"{path} has no procedure {name!r}{meant(name, names)}")
    return found

"""Targets of the command line: what is meant by "toy.py", "package.module:NAME" or "scenario"."""

from __future__ import annotations

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from mcheck.loading.catalogue import Catalogue, catalogue
from mcheck.loading.errors import UsageError, listed, meant
from mcheck.loading.modules import from_file, from_name

if TYPE_CHECKING:
    from mcheck.lang.model import Model

SCENARIO, VARIANT = "scenario:", "variant:"
"""How references to built-in models begin; behind it NAME or NAME+BUG, or the bug alone."""


@dataclass(frozen=True)
class Target:
    """A model and how to find it again, from any working directory: "/dir/toy.py:toy".

    about: what happens in a built-in scenario, in one line; empty for any other model.
    """

    model: Model[Any]
    reference: str
    about: str = ""

    @property
    def builtin(self) -> bool:
        """Whether it is one of the scenarios that mcheck comes with."""
        return is_builtin(self.reference)


def is_builtin(reference: str) -> bool:
    """Whether a reference is that of a scenario that mcheck comes with."""
    return reference.startswith((SCENARIO, VARIANT))


def load(target: str) -> list[Target]:
    """The models that a target names, in the order of their definition.

    target: "path.py" (all models that are global names of the file), "path.py:NAME" or
        "package.module:NAME", where NAME is a model's name or the global name it has; a built-in
        scenario "NAME", or "NAME+BUG" with a bug in it; the "BUG" in its own scenario. These are
        also "scenario:NAME", "scenario:NAME+BUG" and "variant:BUG".

    What the file prints while it is loaded goes to stderr.

    Raises:
        UsageError: there is no such file, module, model or scenario, or the file cannot be run.
    """
    if is_builtin(target):
        return [_from_catalogue(target)]
    if ".py" in target or ":" in target or "/" in target:
        return _from_python(target)
    there = catalogue()
    if target in there.bugs and target not in there.scenarios:
        return [_from_catalogue(f"{VARIANT}{target}")]
    if target not in there.scenarios and ("." in target or Path(target).exists()):
        return _from_python(target)
    if "+" not in target:
        _known_name(there, target)
    return [_from_catalogue(f"{SCENARIO}{target}")]


def _known_name(there: Catalogue, name: str) -> None:
    """Make sure that a name without further ado is one of the catalogue.

    Raises:
        UsageError: neither a scenario nor a bug is called so.
    """
    names = [*there.scenarios, *there.bugs]
    if name not in names:
        near = meant(name, names)
        has = f"there are {listed(there.scenarios)}; variants {listed(there.bugs)}"
        whole = "mcheck list shows all" if near else has
        raise UsageError(f"no scenario or variant {name!r}{near}; {whole}")


def scenario(there: Catalogue, name: str) -> Target:
    """A built-in scenario, as the target that it is."""
    found = there.scenario(name)
    return Target(found.model, f"{SCENARIO}{name}", found.summary)


def _from_catalogue(reference: str) -> Target:
    there = catalogue()
    if reference.startswith(VARIANT):
        bug = there.bug(reference.removeprefix(VARIANT))
        return Target(there.with_bug(bug), reference, bug.title)
    whole = reference.removeprefix(SCENARIO)
    name, plus, variant = whole.rpartition("+")
    if not plus or whole in there.scenarios:
        return scenario(there, whole)
    bug = there.bug(variant)
    return Target(there.with_bug(bug, there.scenario(name)), reference, bug.title)


def _from_python(target: str) -> list[Target]:
    where, name = _split(target)
    with contextlib.redirect_stdout(sys.stderr):
        module, origin = from_file(Path(where)) if _names_a_file(where) else from_name(where)
    models = _models(module)
    if not models:
        raise UsageError(
            f"{where} defines no model: it needs a global name for one, as in toy = Model(...)"
        )
    names = [model.name for model in models.values()]
    chosen = models if name is None else [_chosen(where, name, models)]
    return [
        Target(model, f"{origin}:{model.name if names.count(model.name) == 1 else variable}")
        for variable, model in models.items()
        if variable in chosen
    ]


def _split(target: str) -> tuple[str, str | None]:
    """The file or module of a target, and the name in it. A model's name may have colons."""
    if Path(target).exists():
        return target, None
    suffix = ".py" if ".py:" in target else ""
    where, colon, name = target.partition(f"{suffix}:")
    if not colon:
        return target, None
    if not where or not name:
        raise UsageError(f"{target!r} is no target: write path.py, path.py:NAME or module:NAME")
    return f"{where}{suffix}", name


def _names_a_file(where: str) -> bool:
    return where.endswith(".py") or "/" in where or Path(where).exists()


def _models(module: ModuleType) -> dict[str, Model[Any]]:
    """The models of a module by their first global name; names that begin with _ are private."""
    from mcheck.lang.model import Model  # only now: a usage error need not wait for the language

    found: dict[str, Model[Any]] = {}
    for variable, value in vars(module).items():
        known = any(value is model for model in found.values())
        if isinstance(value, Model) and not variable.startswith("_") and not known:
            found[variable] = value
    return found


def _chosen(where: str, name: str, models: dict[str, Model[Any]]) -> str:
    """The global name of the one model that is meant by a name."""
    named = [variable for variable, model in models.items() if model.name == name]
    if len(named) == 1:
        return named[0]
    if name in models:
        return name
    if named:
        raise UsageError(f"{where} has {len(named)} models {name!r}: name {' or '.join(named)}")
    known = [model.name for model in models.values()]
    raise UsageError(f"{where} has no model {name!r}{meant(name, known)}; it has {listed(known)}")

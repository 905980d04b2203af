"""All models of all examples."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import examples
from mcheck.lang import Model

FILES = sorted(file for path in examples.__path__ for file in Path(path).glob("*.py"))


def models_of(stem: str) -> dict[str, Model[Any]]:
    """The models of one example, by the names of the file's globals."""
    module = importlib.import_module(f"examples.{stem}")
    return {
        f"{stem}.{name}": value for name, value in vars(module).items() if isinstance(value, Model)
    }


BY_NAME: dict[str, Model[Any]] = {
    name: model for file in FILES for name, model in models_of(file.stem).items()
}

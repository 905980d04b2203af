"""Running the files that models are in, and telling what goes wrong in them."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.machinery
import importlib.util
import sys
import traceback
from collections.abc import Generator
from pathlib import Path
from types import CodeType, ModuleType

from mcheck.loading.errors import UsageError, meant

_siblings: dict[str, Path] = {}
"""Modules that model files have imported from beside themselves: their names and folders."""


def from_name(name: str) -> tuple[ModuleType, str]:
    """Import a module, also from the working directory."""
    if not all(part.isidentifier() for part in name.split(".")):
        raise UsageError(f"{name!r} is neither a file nor the name of a module")
    try:
        with _on_path(Path.cwd()), explained(name, Path.cwd()):
            return importlib.import_module(name), name
    except ModuleNotFoundError as error:
        raise UsageError(f"no module named {error.name!r}; a file is named as path.py") from None


class _Fresh(importlib.machinery.SourceFileLoader):
    """Loads what the file says now. Cached code can be older if the file changed twice a second."""

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.get_data(self.path), self.path)


def from_file(path: Path) -> tuple[ModuleType, str]:
    """Run a file as a module. Its folder is importable meanwhile, and is its package."""
    if not path.exists():
        beside = [str(other) for other in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise UsageError(f"no such file: {path}{meant(str(path), beside)}")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a Python file in it")
    if path.suffix != ".py":
        raise UsageError(f"{path} is not a Python file: its name does not end in .py")
    path = path.resolve()
    name, root = _identity(path)
    _forget_namesakes(path.parent)
    importlib.invalidate_caches()
    before = set(sys.modules)
    try:
        with _on_path(root), explained(str(path), path.parent):
            return _run(name, path), str(path)
    finally:
        _note_siblings(path.parent, set(sys.modules) - before - {name})


def _identity(path: Path) -> tuple[str, Path]:
    """The name under which a file is loaded, and the folder from which others are imported.

    A file of a package keeps its place in the package. Any other gets a package of its folder's,
    so that files with the same name do not meet, and that it can import from beside itself.
    """
    stem = "".join(c if c.isalnum() else "_" for c in path.stem)
    if (path.parent / "__init__.py").exists():
        parts, root = [] if stem == "__init__" else [stem], path.parent
        while (root / "__init__.py").exists():
            parts.insert(0, root.name)
            root = root.parent
        return ".".join(parts), root
    package = "models_in_" + hashlib.sha256(str(path.parent).encode()).hexdigest()[:12]
    if package not in sys.modules:
        module = ModuleType(package)
        module.__path__ = [str(path.parent)]
        sys.modules[package] = module
    return f"{package}.{stem}", path.parent


def _run(name: str, path: Path) -> ModuleType:
    package = name.rpartition(".")[0]
    if package:
        importlib.import_module(package)
    known = sys.modules.get(name)
    if known is not None and (path.parent / "__init__.py").exists():
        return known  # others import it too: a second copy would not fit to what they have
    spec = importlib.util.spec_from_file_location(name, path, loader=_Fresh(name, str(path)))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


@contextlib.contextmanager
def _on_path(folder: Path) -> Generator[None]:
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(folder))


def _forget_namesakes(folder: Path) -> None:
    """Forget modules from beside other files where this folder has another of the same name."""
    for name, home in list(_siblings.items()):
        top = name.partition(".")[0]
        if home != folder and ((folder / f"{top}.py").exists() or (folder / top).is_dir()):
            sys.modules.pop(name, None)
            del _siblings[name]


def _note_siblings(folder: Path, names: set[str]) -> None:
    for name in names:
        file = getattr(sys.modules.get(name), "__file__", None)
        if isinstance(file, str) and Path(file).is_relative_to(folder):
            _siblings[name] = folder


@contextlib.contextmanager
def explained(name: str, folder: Path) -> Generator[None]:
    """Tell what a file raises in the words of its author: where, and what."""
    from mcheck.lang.errors import ModelError

    try:
        yield
    except ModelError as error:
        raise UsageError(str(error)) from error
    except SyntaxError as error:
        raise UsageError(f"{error.filename}:{error.lineno}: {error.msg}") from error
    except SystemExit as error:
        raise UsageError(f"{name} ends the program while it is loaded") from error
    except Exception as error:
        if isinstance(error, ModuleNotFoundError) and _is_part(error.name, name):
            raise
        what = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
        raise UsageError(f"{_culprit(error, folder) or name}: {what}") from error


def _is_part(missing: str | None, name: str) -> bool:
    """Whether the module that is missing is the one asked for, or a package around it."""
    return missing is not None and f"{name}.".startswith(f"{missing}.")


def _culprit(error: Exception, folder: Path) -> str:
    """file:line of the innermost frame in the author's own files; empty if there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [
        f"{frame.filename}:{frame.lineno}"
        for frame in frames
        if Path(frame.filename).is_relative_to(folder) and "site-packages" not in frame.filename
    ]
    return own[-1] if own else ""

"""The documents keep their word: every example in them is run, and gives what stands next to it.

A code block is one of these:

- `python`, with a first line `# file: NAME.py`: a file that the other blocks of the document can
  import and check. `(HOLDS)`, `(VIOLATED leak)` or `(refused)` after the name is what comes of its
  models, in the order of their definition.
- `text`: the message of the file above it that is refused.
- `console`: commands, each behind `$ `, and what they print. A line `...` stands for any lines.
"""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import pytest

from mcheck.explorer import Limits, check
from mcheck.lang import Model, ModelError

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    "docs/language.md",
    "docs/internals.md",
    "docs/export.md",
    "docs/speed.md",
    "docs/bounded.md",
)
_FILE = re.compile(r"# file: (?P<name>\w+\.py)(?: \((?P<outcomes>.*)\))?")
_ASSIGNED = re.compile(r"^(\w+) = ", re.MULTILINE)
_TOKEN = re.compile(r"(?<=mcheck replay )[0-9a-f]{12}")
_SECONDS = re.compile(r"\bin \d+(\.\d+)? s")
_COLUMN = re.compile(r" +\d+\.\d\d  ")


@dataclass(frozen=True)
class Block:
    """A fenced block. line: where it begins in the document."""

    kind: str
    text: str
    line: int


@dataclass
class Reader:
    """Follows one document from block to block, in a folder of its own.

    message: why the last file was refused; token: what the last command printed to replay.
    """

    folder: Path
    message: str = ""
    token: str = ""

    def follow(self, block: Block) -> None:
        """Do what a reader would do with the block, and compare."""
        match block.kind:
            case "python":
                self.file(block.text)
            case "text":
                message, self.message = self.message, ""
                assert block.text.strip() == message, "the message of the file above"
            case "console":
                for command, expected in _commands(block.text):
                    self.command(command, expected)
            case _:
                pytest.fail(f"a block of the kind {block.kind!r} cannot be checked")

    def file(self, text: str) -> None:
        """Write a file, and check its models if their outcomes are told."""
        missing, self.message = self.message, ""
        assert not missing, "the message is missing below the file that is refused"
        head = _FILE.fullmatch(text.partition("\n")[0])
        assert head is not None, "the first line names the file"
        (self.folder / head["name"]).write_text(text, encoding="utf-8")
        if head["outcomes"]:
            expected = head["outcomes"].split(", ")
            try:
                module = _module(head["name"].removesuffix(".py"))
                values: list[Any] = [getattr(module, name) for name in _ASSIGNED.findall(text)]
                assert [self.outcome(v) for v in values if _is_model(v)] == expected
            except ModelError as error:  # some errors come before there is a model
                self.message = self.local(str(error))
                assert expected == ["refused"]

    def outcome(self, model: Model[Any]) -> str:
        """What comes of a model, as it stands behind a file's name."""
        try:
            executable = model.compile()
        except ModelError as error:
            self.message = self.local(str(error))
            return "refused"
        result = check(executable, limits=Limits(states=200_000))
        return " ".join(filter(None, [result.verdict.value, result.property]))

    def command(self, command: str, expected: str) -> None:
        """Run a command, and compare what it prints; the times and the tokens may differ."""
        words = shlex.split(_TOKEN.sub(self.token, command))
        if words[0] == "make":
            targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
            assert set(words[1:]) <= set(targets), "a target of the Makefile"
            return
        python = {"mcheck": [sys.executable, "-m", "mcheck"], "python": [sys.executable]}
        assert words[0] in python, "a command that can be run here"
        run = subprocess.run(
            [*python[words[0]], *words[1:]],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT), "MCHECK_CACHE_DIR": str(self.folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        # What is to be pasted leaves the token to the other stream.
        assert not re.sub(r"mcheck: replay: .*\n", "", run.stderr), run.stderr
        for token in _TOKEN.findall(run.stdout):
            self.token = token
        lines = [re.escape(_alike(line)) for line in expected.splitlines()]
        pattern = "\n".join(".*" if line == re.escape("...") else line for line in lines)
        printed = _alike(self.local(run.stdout.rstrip()))
        assert re.fullmatch(pattern, printed, re.DOTALL), printed

    def local(self, text: str) -> str:
        """The text with paths as a reader in the folder sees them."""
        return text.replace(f"{self.folder}/", "").replace(f"{ROOT}/", "")


def _is_model(value: Any) -> TypeGuard[Model[Any]]:
    return isinstance(value, Model)


def _module(name: str) -> Any:
    importlib.invalidate_caches()  # the file has only just been written
    return importlib.import_module(name)


def _alike(text: str) -> str:
    return _COLUMN.sub(" T  ", _SECONDS.sub("in T s", _TOKEN.sub("TOKEN", text)))


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, and what each of them prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed.rstrip()


def _blocks(document: str) -> Iterator[Block]:
    text = (ROOT / document).read_text(encoding="utf-8")
    for found in re.finditer(r"^```(.*)\n((?:.*\n)*?)```$", text, re.MULTILINE):
        yield Block(found[1], found[2], text.count("\n", 0, found.start()) + 1)


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """A reader who has the project's own models at hand, and nothing else."""
    for folder in ("bench", "examples"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = set(sys.modules)
    yield Reader(tmp_path)
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_examples_give_what_the_document_says(
    document: str, reader: Reader, subtests: pytest.Subtests
) -> None:
    for block in _blocks(document):
        with subtests.test(f"{document}:{block.line}"):
            reader.follow(block)
    assert not reader.message


def plain(cell: str) -> str:
    """A cell of a table without its mark-up."""
    return cell.replace("`", "").replace("\\|", "|")


def _rows(heading: str) -> list[tuple[str, str, str]]:
    """The rows of three cells below a heading of the language reference that begin with code."""
    text = (ROOT / "docs/language.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*`) \| (.*?) \| (.*?) \|$", section, re.MULTILINE)
    return [(code, plain(problem), plain(instead)) for code, problem, instead in rows]


REFUSED = _rows("What is refused")


@pytest.mark.parametrize(("code", "problem", "instead"), REFUSED)
def test_refusals_say_what_the_table_says(
    code: str, problem: str, instead: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = next(b.text for b in _blocks("docs/language.md") if "# file: scrap.py" in b.text)
    lines = re.findall(r"`(.*?)`", code)
    # A name of its own for each: Python would take an equal name for the same file.
    name = f"scrap_{REFUSED.index((code, problem, instead))}"
    written = text.replace("    ...\n", "".join(f"    {line}\n" for line in lines))
    (tmp_path / f"{name}.py").write_text(written, encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ModelError) as refused:
        _module(name).scrap.compile()
    message = plain(str(refused.value))
    assert problem in message
    assert not instead or f"instead: {instead}" in message


def test_the_table_of_refusals_is_read() -> None:
    assert len(REFUSED) > 30


@pytest.mark.parametrize("room", ["lang", "explorer", "refs"])
def test_the_map_names_every_file(room: str) -> None:
    text = (ROOT / "docs/internals.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## Files of {room}\n")[2].partition("\n## ")[0]
    folder = ROOT / "mcheck" / room
    there = {str(path.relative_to(folder)) for path in folder.rglob("*.py")}
    assert set(re.findall(r"`([\w/]+\.py)`", section.partition("\n\nThe ")[0])) == there


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    here = ROOT / document
    text = re.sub(r"```.*?```", "", here.read_text(encoding="utf-8"), flags=re.DOTALL)
    for file, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", text):
        target = here.parent / file if file else here
        assert target.exists(), file
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings]

"""From targets to models: what may be named, and what is said when it is not there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mcheck.lang import ModelError
from mcheck.loading import Job, UsageError, load, loaded, only, prepared
from tests.cli.running import mcheck
from tests.cli.toys import TOY, toy


def names(target: str | Path) -> list[str]:
    return [found.model.name for found in load(str(target))]


def refusal(target: str | Path) -> str:
    with pytest.raises(UsageError) as caught:
        load(str(target))
    return str(caught.value)


def test_a_file_has_all_its_models_in_order(tmp_path: Path) -> None:
    assert names(toy(tmp_path)) == ["holding", "broken"]


def test_a_model_is_named_by_its_name_or_by_its_global_name(tmp_path: Path) -> None:
    path = toy(tmp_path, "toy.py", TOY, 'sized = holding.configure("S: small", workers=1)')
    assert names(f"{path}:broken") == ["broken"]
    assert names(f"{path}:sized") == ["S: small"]
    assert names(f"{path}:S: small") == ["S: small"]


def test_a_reference_finds_the_model_again_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy(tmp_path / "a", "toy.py", TOY, "again = holding.configure(workers=1)")
    monkeypatch.chdir(tmp_path / "a")
    found = load("toy.py")
    path = tmp_path / "a" / "toy.py"
    assert [target.reference for target in found] == [
        f"{path}:holding",
        f"{path}:broken",
        f"{path}:again",
    ]
    monkeypatch.chdir(tmp_path)
    for target in found[1:]:
        assert only(target.reference).constants == target.model.constants


def test_a_second_name_for_a_model_and_private_names_are_passed_over(tmp_path: Path) -> None:
    path = toy(tmp_path, "toy.py", TOY, "other = holding", "_base = broken.configure(workers=1)")
    assert names(path) == ["holding", "broken"]


def test_a_module_is_found_from_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toy(tmp_path / "kept_models", "__init__.py", "")
    toy(tmp_path / "kept_models", "toy.py")
    monkeypatch.chdir(tmp_path)
    assert names("kept_models.toy:broken") == ["broken"]
    assert names("kept_models.toy") == ["holding", "broken"]
    assert load("kept_models.toy:broken")[0].reference == "kept_models.toy:broken"


def test_a_file_of_a_package_is_the_same_module_as_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "whole_package"
    toy(package, "__init__.py", "")
    toy(package, "sizes.py", "WORKERS = 1")
    toy(package, "toy.py", TOY, "from .sizes import WORKERS")
    monkeypatch.chdir(tmp_path)
    (by_path,) = load("whole_package/toy.py:broken")
    (by_name,) = load("whole_package.toy:broken")
    assert by_path.model is by_name.model


def test_two_files_of_the_same_name_do_not_meet(tmp_path: Path) -> None:
    first = toy(tmp_path / "a", "toy.py", TOY, 'mine = holding.configure("A")')
    second = toy(tmp_path / "b", "toy.py", TOY, 'mine = holding.configure("B")')
    assert names(f"{first}:mine") == ["A"]
    assert names(f"{second}:mine") == ["B"]
    assert names(f"{first}:mine") == ["A"]


@pytest.mark.parametrize("how", ["from beside import NAME", "from .beside import NAME"])
def test_a_file_imports_from_beside_itself_and_not_from_beside_another(
    tmp_path: Path, how: str
) -> None:
    for name in ("A", "B"):
        toy(tmp_path / name, "beside.py", f"NAME = {name!r}")
        path = toy(tmp_path / name, "toy.py", TOY, how, "mine = holding.configure(NAME)")
        assert names(f"{path}:mine") == [name]


def test_the_path_is_as_before_after_loading(tmp_path: Path) -> None:
    before = list(sys.path)
    load(str(toy(tmp_path)))
    refusal(toy(tmp_path, "bad.py", "1 / 0"))
    assert sys.path == before


def test_a_file_that_was_changed_is_read_again(tmp_path: Path) -> None:
    path = toy(tmp_path, "toy.py", TOY, 'mine = holding.configure("A")')
    assert names(f"{path}:mine") == ["A"]
    toy(tmp_path, "toy.py", TOY, 'mine = holding.configure("B")')
    assert names(f"{path}:mine") == ["B"]


def test_what_a_file_prints_goes_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    load(str(toy(tmp_path, "toy.py", TOY, "print('hello')")))
    assert capsys.readouterr() == ("", "hello\n")


# What is refused


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    toy(tmp_path, "peterson.py")
    missing = tmp_path / "petersen.py"
    assert refusal(missing) == (
        f"no such file: {missing} (did you mean {tmp_path / 'peterson.py'}?)"
    )
    assert refusal(tmp_path / "x" / "toy.py:name") == f"no such file: {tmp_path / 'x' / 'toy.py'}"


def test_a_folder_and_a_file_that_is_not_python(tmp_path: Path) -> None:
    text = toy(tmp_path, "toy.txt")
    assert refusal(tmp_path) == f"{tmp_path} is a folder; name a Python file in it"
    assert refusal(text) == f"{text} is not a Python file: its name does not end in .py"


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    path = toy(tmp_path)
    assert refusal(f"{path}:brocken") == (
        f"{path} has no model 'brocken' (did you mean broken?); it has holding, broken"
    )


def test_a_name_that_several_models_have(tmp_path: Path) -> None:
    path = toy(tmp_path, "toy.py", TOY, "a = holding.configure('x')", "b = holding.configure('x')")
    assert refusal(f"{path}:x") == f"{path} has 2 models 'x': name a or b"
    assert names(f"{path}:b") == ["x"]


def test_a_target_without_its_parts(tmp_path: Path) -> None:
    path = toy(tmp_path)
    for target in (f"{path}:", ":broken"):
        assert refusal(target) == (
            f"{target!r} is no target: write path.py, path.py:NAME or module:NAME"
        )


def test_a_file_without_a_model(tmp_path: Path) -> None:
    path = toy(tmp_path, "empty.py", "x = 1")
    assert refusal(path) == (
        f"{path} defines no model: it needs a global name for one, as in toy = Model(...)"
    )


def test_a_module_that_is_not_there() -> None:
    assert refusal("nowhere:x") == "no module named 'nowhere'; a file is named as path.py"
    assert refusal("mcheck.nowhere:x") == (
        "no module named 'mcheck.nowhere'; a file is named as path.py"
    )
    assert refusal("no such.thing") == "'no such.thing' is neither a file nor the name of a module"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("x = 1\n1 / 0", 2, "ZeroDivisionError: division by zero"),
        ("def f():\n    raise ValueError\n\nf()", 2, "ValueError"),
        ("import nowhere", 1, "ModuleNotFoundError: No module named 'nowhere'"),
        ("x = 1\n\nx = = 2", 3, "invalid syntax"),
        ("raise KeyError('a\\nb')", 1, "KeyError: 'a\\nb'"),
    ],
)
def test_a_file_that_raises(tmp_path: Path, text: str, line: int, what: str) -> None:
    path = toy(tmp_path, "bad.py", text)
    assert refusal(path) == f"{path}:{line}: {what}"


def test_the_place_of_an_exception_is_in_the_author_s_own_files(tmp_path: Path) -> None:
    toy(tmp_path, "beside.py", "import json\n\n\ndef read():\n    json.loads('{')")
    path = toy(tmp_path, "bad.py", "import beside\n\nbeside.read()")
    assert refusal(path).startswith(f"{tmp_path / 'beside.py'}:5: JSONDecodeError: ")


def test_a_file_that_leaves(tmp_path: Path) -> None:
    path = toy(tmp_path, "bad.py", "raise SystemExit(0)")
    assert refusal(path) == f"{path} ends the program while it is loaded"


def test_a_model_that_is_refused_at_its_definition_says_it_in_its_own_words(tmp_path: Path) -> None:
    path = toy(tmp_path, "toy.py", TOY, "x = holding.configure(wrokers=3)")
    assert refusal(path).startswith("Sum has no constant wrokers (did you mean workers?)")


def test_an_interrupt_is_not_an_error_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        load(str(toy(tmp_path, "bad.py", "raise KeyboardInterrupt")))


# Constants and properties


def jobs(
    target: str | Path, constants: Sequence[str] = (), properties: Sequence[str] = ()
) -> list[Job]:
    return prepared(loaded([str(target)]), constants, properties)


def asked(path: Path, *constants: str, properties: tuple[str, ...] = ()) -> str:
    with pytest.raises(UsageError) as caught:
        jobs(path, constants, properties)
    return str(caught.value)


def test_constants_are_set(tmp_path: Path) -> None:
    path = toy(tmp_path)
    for text in ("workers=3", " workers = 0x3 "):
        (job, _) = jobs(path, [text])
        assert job.executable.constants == {"workers": 3}


def test_constants_that_cannot_be_set(tmp_path: Path) -> None:
    path = toy(tmp_path)
    assert asked(path, "workers") == "--set workers: write NAME=VALUE, as in --set cpus=3"
    assert asked(path, "workers=x") == ("--set workers=x: a value is a whole number, true or false")
    assert asked(path, "workers=1", "workers=2") == "--set workers=2: workers is set twice"
    assert asked(path, "workers=true") == "holding: the constant workers is a whole number"
    assert asked(path, "worker=1") == (
        "holding has no constant worker (did you mean workers?); it has workers"
    )


def test_a_flag_is_set_by_true_and_false(tmp_path: Path) -> None:
    text = TOY.replace("workers = Const(2)", "workers = Const(2)\n    fast = Const(False)")
    path = toy(tmp_path, "toy.py", text)
    for value in ("true", "True", "1"):
        (job, _) = jobs(path, [f"fast={value}"])
        assert job.model.constants["fast"] in (True, 1)
    assert asked(path, "fast=2") == "holding: the constant fast is true or false"


def test_properties_are_selected(tmp_path: Path) -> None:
    (job,) = jobs(f"{toy(tmp_path)}:broken", properties=["small"])
    assert [claim.name for claim in job.executable.properties] == ["small"]
    assert job.executable.left_out == job.left_out == ("natural", "three")


def test_a_property_that_is_not_there(tmp_path: Path) -> None:
    assert asked(toy(tmp_path), properties=("nutral",)) == (
        "holding has no property 'nutral' (did you mean natural?); it has natural, three "
        "(deadlock and failing steps are always checked)"
    )


def test_a_model_that_is_refused_is_told_when_it_is_asked_for(tmp_path: Path) -> None:
    text = TOY.replace("k.total = k.total + n", "k.total = str(n)")
    for job in jobs(toy(tmp_path, "toy.py", text)):
        with pytest.raises(ModelError) as caught:
            _ = job.executable
        assert str(tmp_path / "toy.py") in str(caught.value)


def test_only_one_model_can_be_replayed(tmp_path: Path) -> None:
    path = toy(tmp_path)
    with pytest.raises(UsageError) as caught:
        only(str(path))
    assert str(caught.value) == f"{path} has several models: name one, as in {path}:holding"


# What is replaced by nothing else

REPLACING = '''
from mcheck.lang import Model, Proc, at, choose, procedure
from toy import Sum, add, holding


@procedure
def copied(k: Sum, me: int) -> Proc[None]:
    """Another docstring."""
    yield at("add")
    n = choose(range(1, 3))
    k.total = k.total + n


@procedure
def changed(k: Sum, me: int) -> Proc[None]:
    """Add one or two."""
    yield at("add")
    n = choose(range(1, 2))
    k.total = k.total + n


def range(low: int, high: int) -> tuple[int, ...]:
    return (low,)


own = holding.replace("own", add=add)
other = holding.replace("other", add=changed)
'''
MEANT_OTHERWISE, _, _ = REPLACING.partition("own = ")


def notes(target: str | Path) -> list[str]:
    return [note for job in jobs(target) for note in job.notes]


def test_a_procedure_that_is_replaced_by_itself_is_noted(tmp_path: Path) -> None:
    toy(tmp_path)
    assert notes(toy(tmp_path, "mine.py", REPLACING)) == [
        "own: add is replaced by itself, which changes nothing"
    ]
    assert notes(tmp_path / "toy.py") == []


def test_a_procedure_that_is_replaced_by_a_copy_is_noted_if_all_names_mean_the_same(
    tmp_path: Path,
) -> None:
    toy(tmp_path)
    copy = 'copy = holding.replace("copy", add=copied)'
    # Here `range` is another function than in toy.py.
    assert notes(f"{toy(tmp_path, 'otherwise.py', MEANT_OTHERWISE, copy)}:copy") == []
    same = MEANT_OTHERWISE.partition("def range")[0]
    assert notes(f"{toy(tmp_path, 'same.py', same, copy)}:copy") == [
        "copy: what replaces add is a copy of it, which changes nothing"
    ]


def test_what_is_noted_is_told_and_the_model_is_checked(tmp_path: Path) -> None:
    toy(tmp_path)
    made = mcheck("check", f"{toy(tmp_path, 'mine.py', REPLACING)}:own")
    assert made.exit_code == 0
    assert made.stderr == "mcheck: own: add is replaced by itself, which changes nothing\n"

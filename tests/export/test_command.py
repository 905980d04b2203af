"""`mcheck export`: what it writes, and what it says of what it cannot write."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcheck.loading import UsageError
from mcheck.loading.export import export

TOY = "examples/counters.py:counters"


def test_the_text_is_returned_or_written(tmp_path: Path) -> None:
    text = export(TOY, "promela")
    assert text is not None and text.startswith("/* counters with workers = 2\n")
    file = tmp_path / "counters.pml"
    assert export(TOY, "promela", file) is None
    assert file.read_text() == text


def test_names_and_labels_can_be_read() -> None:
    promela, murphi = export(TOY, "promela"), export(TOY, "murphi")
    assert promela is not None and murphi is not None
    for text in (promela, murphi):
        assert "Counters_total" in text
        assert "nothing_lost" in text
        assert "worker.write" in text
    assert "worker_0_worker_seen = Counters_total;" in promela
    assert "worker_0_worker_seen := Counters_total;" in murphi
    assert 'rule "worker[0] worker.write" -- counters.py:' in murphi


def test_the_text_is_the_same_each_time() -> None:
    assert export("file-read", "murphi") == export("file-read", "murphi")


def test_constants_are_set() -> None:
    text = export(TOY, "murphi", None, ["workers=3"])
    assert text is not None
    assert "workers = 3" in text
    assert "worker[2]" in text


def test_a_bug_is_exported_in_its_scenario() -> None:
    assert export("flush-left-out", "promela") != export("anon-fault", "promela")


WRONG = [
    ((TOY, "tla"), "no language 'tla'; there are promela, murphi"),
    (("examples/counters.py", "promela"), "examples/counters.py has several models"),
    (("no-such-scenario", "promela"), "no-such-scenario"),
    ((TOY, "promela", None, ["size=3"]), "counters has no constant size"),
    ((TOY, "promela", Path("no/such/folder/x.pml")), "no/such/folder/x.pml cannot be written"),
]


@pytest.mark.parametrize(("arguments", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_cannot_be_done_is_told(arguments: tuple[str, str], said: str) -> None:
    with pytest.raises(UsageError) as told:
        export(*arguments)
    assert said in str(told.value)


HUGE = """
from __future__ import annotations
from mcheck.lang import *

class S(State):
    n = Int(0, 2**40)

@procedure
def p(k: S) -> Proc[None]:
    yield at("go")
    k.n += 1

m = Model("m", S, [run(p)])
"""


def test_what_promela_has_no_integer_for_is_told(tmp_path: Path) -> None:
    (tmp_path / "huge.py").write_text(HUGE)
    with pytest.raises(UsageError, match=r"m: S_n is too large for Promela"):
        export(f"{tmp_path}/huge.py", "promela")
    assert export(f"{tmp_path}/huge.py", "murphi")

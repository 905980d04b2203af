"""What is said of variants of a toy: who is to blame, in the words of its source."""

from __future__ import annotations

import inspect

import pytest

from mcheck.lang.contract import Source
from mcheck.lang.model import Model
from mcheck.refs.analysis import Analysis, analyse
from mcheck.refs.examined import examine
from mcheck.refs.inference import consistent
from mcheck.refs.text import verdict
from mcheck.refs.used import UNLESS_ZERO, Use, unheld
from mcheck.refs.variant import Judgement, judge
from mcheck.refs.whole import joined
from tests.refs import cache as toys
from tests.refs.cache import Cache, cache, doubled, lost, tardy, unpaid


@pytest.fixture(scope="module")
def found() -> Analysis:
    return analyse(joined([cache], "cache"))


def line(text: str, of: str) -> int:
    """The line of the toys' file that says something in a procedure."""
    lines, first = inspect.getsourcelines(getattr(toys, of).function)
    return next(first + i for i, said in enumerate(lines) if text in said)


def of_variant(found: Analysis, variant: Model[Cache]) -> Judgement:
    return judge(found, joined([variant], "cache"))


@pytest.mark.parametrize(
    ("variant", "procedure", "text"),
    [
        (lost, "forgets", "release(f)"),
        (unpaid, "never_gets", 'yield at("get")'),
        (doubled, "put_twice", "gone.refcount -= 2"),
    ],
    ids=["put dropped", "get dropped", "put doubled"],
)
def test_the_changed_line_is_among_the_repairs(
    found: Analysis, variant: Model[Cache], procedure: str, text: str
) -> None:
    judged = of_variant(found, variant)
    assert judged.culprit is not None
    assert judged.names("cache.py", line(text, procedure))
    assert not judged.names("cache.py", 1)
    assert not judged.names("other.py", line(text, procedure))


def test_repairs_are_in_the_words_of_the_source(found: Analysis) -> None:
    says = " ".join(of_variant(found, doubled).says)
    assert f"cache.py:{line('gone.refcount -= 2', 'put_twice')} puts a reference to f" in says
    assert "gets a reference to found that nobody puts" in " ".join(of_variant(found, lost).says)
    assert "a get of found is missing in reader" in " ".join(of_variant(found, unpaid).says)


def test_a_contradiction_is_the_smallest(found: Analysis) -> None:
    judged = of_variant(found, lost)
    assert judged.culprit is not None
    assert judged.culprit.equations
    base, core = judged.culprit.base, judged.culprit.equations
    assert not consistent([*base, *core])
    for row in core:
        assert consistent([*base, *(other for other in core if other is not row)])


def test_uses_are_kept_or_speculative(found: Analysis) -> None:
    (ledger,) = found.ledgers
    all_uses = examine(found).uses[ledger.of.name]
    assert any(use.kept for use in all_uses)
    loose = unheld(all_uses)
    assert [(u.first.step, u.first.by) for u in loose if u.speculative] == [
        ("reader.get", UNLESS_ZERO)
    ]


def test_a_use_before_the_get_is_found(found: Analysis) -> None:
    judged = of_variant(found, tardy)
    assert judged.by == "use"
    assert [(use.step, use.name) for use in judged.uses] == [("reader.use", "f")]
    assert judged.names("cache.py", line("f.refcount += 1", "late"))


def test_a_use_says_where_it_is() -> None:
    source = Source("cache.py", 3)
    some = Use("a.b", "f", "nothing", "reader", "", source, frozenset(), frozenset({"F.x"}))
    assert str(some) == "a.b at cache.py:3 writes F.x of f: nothing"


def test_the_verdict_tells_everything(found: Analysis) -> None:
    text = verdict("lost", of_variant(found, lost))
    assert "lost is refuted: the equations of its steps contradict each other" in text
    assert "any of these, done alone, removes it:" in text
    assert "not refuted" in verdict("cache", of_variant(found, cache))

"""Growing models, the table of engines, and the plot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.growth import Search, different, plot, row, searched
from bench.models import SERIES, find
from bench.plot import Line, Panel, drawn
from bench.process import CommandFailed

ONE = Search("cpus-1", "native", 1, True, 100, 300, 9, 0.5, 0.6, 2.0, 5_000)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(("first", "second"), [list(s.names)[:2] for s in SERIES])
def test_series_grow(first: str, second: str) -> None:
    small, large = find(first), find(second)
    assert (small.name, large.name) == (first, second)
    assert small.constants != large.constants


def test_a_name_that_is_none_is_told() -> None:
    with pytest.raises(KeyError):
        find("cpus-99")


def test_a_search_in_a_process_of_its_own(tmp_path: Path) -> None:
    found = searched("anon-fault", ("reference", 1), 60, tmp_path)
    assert found.exhausted
    assert found.states > 10_000
    assert found.wall_seconds > 0


def test_what_fails_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="no scenario 'nothing'"):
        searched("nothing", ("reference", 1), 60, tmp_path)


def test_engines_that_differ_are_noticed() -> None:
    other = replace(ONE, engine="reference", wall_seconds=50)
    assert not different([ONE, other])
    assert not different([ONE, replace(other, exhausted=False, states=7)])
    assert different([ONE, replace(other, states=99)]) == (
        "cpus-1: states, transitions and depth are [(99, 300, 9), (100, 300, 9)]"
    )


def test_what_a_limit_has_ended_is_shown_as_that() -> None:
    stopped = replace(ONE, engine="reference", exhausted=False, states=70, wall_seconds=120.2)
    line = row("cpus-1", [ONE, replace(ONE, workers=2), stopped])
    assert line["states"] == "100"
    assert line["native, s"] == "0.600"
    assert line["native, 2 cores, s"] == "0.600"
    assert line["reference, s"] == "> 120"
    assert row("cpus-1", [stopped])["states"] == "> 70"


def test_the_plot_has_exhausted_searches_only() -> None:
    larger = replace(ONE, model="cpus-2", wall_seconds=60)
    points = circles(plot(SERIES, [ONE, larger]))
    assert points == 4  # time and memory of two
    assert circles(plot(SERIES, [ONE, replace(larger, exhausted=False)])) == 2
    assert circles(plot(SERIES, [])) == 0


def circles(svg: str) -> int:
    return len(list(ElementTree.fromstring(svg).iter(f"{SVG}circle")))


def test_more_is_higher() -> None:
    panel = Panel("time", "s", [Line("a <b>", 0, False, [(1, 0.1), (2, 10.0), (3, 10.0)])])
    root = ElementTree.fromstring(drawn([panel], "n"))
    low, high, same = [float(c.attrib["cy"]) for c in root.iter(f"{SVG}circle")]
    assert low > high == same
    assert {"a <b>", "time (s)", "n", "0.1", "10"} <= {t.text for t in root.iter(f"{SVG}text")}

"""The comparison runs what can be run, names what cannot, and believes no counts."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bench.compare import Comparing, unexpected
from bench.configurations import CONFIGURATIONS, Configuration
from bench.measurements import Comparison
from bench.process import CommandFailed, Ran, run
from bench.table import comparison
from bench.tools import Answer, Rumur, Spin, Tool, Unreadable

S, BUG = CONFIGURATIONS["S"], CONFIGURATIONS["M-no-flush"]
RIGHT = Answer(states=88_644, transitions=316_656, depth=95, violated=False)
VIOLATED = Answer(states=5, transitions=9, depth=22, violated=True)


class Fake(Tool):
    """A tool that needs nothing, and whose answer is known."""

    def __init__(self, name: str, answer: Answer = RIGHT, needs: tuple[str, ...] = ()) -> None:
        self.name, self._answer, self.needs = name, answer, needs

    def command(self, of: Configuration, folder: Path, threads: int) -> list[str | Path]:
        return [sys.executable, "-c", "print('done')"]

    def read(self, ran: Ran, threads: int) -> Answer:
        if ran.output != "done\n":
            raise Unreadable(ran.output)
        return self._answer


class Broken(Fake):
    """A tool that cannot be built."""

    def build(self, of: Configuration, folder: Path) -> None:
        run([sys.executable, "-c", "import sys; sys.exit('no such rule')"])


def compared(tools: Sequence[Tool], scratch: Path, rounds: int = 1) -> Comparison:
    comparing = Comparing(tools, [S], scratch, most_threads=1)
    comparing.build()
    for number in range(rounds):
        comparing.round(number)
    return comparing.result


def test_a_tool_that_is_missing_is_named_as_skipped(tmp_path: Path) -> None:
    there, absent = Fake("there"), Fake("absent", needs=("no-such-program",))
    result = compared([there, absent], tmp_path)
    assert [m.tool for m in result.measured] == ["there"]
    assert result.skipped == {"absent": "no-such-program is not installed"}
    assert "absent is skipped: no-such-program is not installed." in comparison(result)
    assert not result.wrong


def test_tools_of_others_are_missing_without_their_programs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    assert (Spin().missing(), Rumur().missing()) == ("spin", "rumur")


def test_rounds_are_interleaved(tmp_path: Path) -> None:
    result = compared([Fake("one"), Fake("two")], tmp_path, rounds=2)
    order = [(m.tool, m.round) for m in result.measured]
    assert order == [("one", 0), ("two", 0), ("one", 1), ("two", 1)]


def test_a_wrong_count_is_told_and_not_measured(tmp_path: Path) -> None:
    result = compared([Fake("wrong", replace(RIGHT, states=88_643)), Fake("right")], tmp_path, 2)
    (line,) = result.wrong
    assert line == (
        "wrong on S: has found 88,643 states and 316,656 transitions instead of 88,644 and 316,656"
    )
    assert {m.tool for m in result.measured} == {"right"}
    assert f"WRONG: {line}" in comparison(result)


def test_a_tool_that_dies_is_told_with_its_status(tmp_path: Path) -> None:
    class Dying(Fake):
        def command(self, of: Configuration, folder: Path, threads: int) -> list[str | Path]:
            kill = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
            return [sys.executable, "-c", kill]

    result = compared([Dying("dying")], tmp_path)
    assert result.wrong == ["dying on S: has ended with -9: "]


def test_depths_have_to_agree(tmp_path: Path) -> None:
    result = compared([Fake("one"), Fake("two", replace(RIGHT, depth=94))], tmp_path)
    assert result.wrong == ["two on S: has come to depth 94, but one to 95"]


def test_what_cannot_be_built_is_told(tmp_path: Path) -> None:
    result = compared([Broken("broken"), Fake("right")], tmp_path)
    (line,) = result.wrong
    assert line.startswith("broken on S: cannot be built: ")
    assert line.endswith("no such rule")
    assert [m.tool for m in result.measured] == ["right"]


@pytest.mark.parametrize(
    ("of", "answer", "told"),
    [
        (S, RIGHT, ""),
        (S, replace(RIGHT, depth=None), ""),
        (BUG, VIOLATED, ""),
        (BUG, replace(VIOLATED, depth=None), ""),
        (S, replace(RIGHT, transitions=316_651, rounded=5), ""),
        (
            S,
            replace(RIGHT, transitions=316_650, rounded=5),
            "has found 88,644 states and 316,650 transitions instead of 88,644 and 316,656",
        ),
        (S, VIOLATED, "has found a violation"),
        (BUG, RIGHT, "has found no violation"),
        (BUG, replace(VIOLATED, depth=23), "has a violation after 23 steps instead of 22"),
    ],
)
def test_what_is_expected(of: Configuration, answer: Answer, told: str) -> None:
    assert unexpected(of, answer) == told


def test_a_search_is_measured(tmp_path: Path) -> None:
    told = replace(RIGHT, user_seconds=2.0, wall_seconds=3.0, engine_bytes=886_440)
    (m,) = compared([Fake("one", told)], tmp_path).measured
    assert (m.search_user, m.search_wall, m.engine_bytes) == (2.0, 3.0, 886_440)
    assert m.command_wall > 0
    assert m.peak_bytes > 1 << 20


def test_what_tells_no_time_is_measured_as_a_process(tmp_path: Path) -> None:
    (m,) = compared([Fake("one")], tmp_path).measured
    assert (m.search_user, m.search_wall) == (m.command_user, m.command_wall)


def test_the_table_compares_with_ours_in_each_round(tmp_path: Path) -> None:
    ours = Fake("mcheck native", replace(RIGHT, user_seconds=2.0, wall_seconds=2.0))
    other = Fake("other", replace(RIGHT, user_seconds=5.0, wall_seconds=5.0, engine_bytes=886_440))
    lines = comparison(compared([ours, other], tmp_path)).splitlines()
    assert lines[0] == "S: 88,644 states, 316,656 transitions, one core"
    (line,) = [line for line in lines if line.startswith("other")]
    assert line.split()[1:5] == ["5.00", "5.00", "17,729", "2.50"]
    assert "10.0" in line


def test_a_command_that_fails_says_which_and_why() -> None:
    with pytest.raises(CommandFailed, match=r"-c .* ended with 3: the last line"):
        run([sys.executable, "-c", "import sys; print('the last line'); sys.exit(3)"])
    with pytest.raises(CommandFailed, match="no-such-program: No such file"):
        run(["no-such-program"])


def test_measurements_can_be_written_as_json(tmp_path: Path) -> None:
    from dataclasses import asdict

    result = compared([Fake("one")], tmp_path)
    assert json.loads(json.dumps(asdict(result)))["measured"][0]["states"] == 88_644

"""The command line on the scenarios that mcheck comes with: their names, and what can be set."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcheck.loading import Wanted, catalogue, chosen, load, prepared
from mcheck.scenarios import SCENARIOS, SETTABLE
from tests.cli.running import mcheck, refused
from tests.cli.toys import toy


@pytest.fixture(autouse=True)
def kernel(monkeypatch: pytest.MonkeyPatch, small_catalogue: None) -> None:
    """Unlike all other tests of the command line, these are about the catalogue itself."""
    monkeypatch.setattr(catalogue, "source", catalogue.builtin)


def test_the_built_in_catalogue_can_be_asked_for_all_it_has() -> None:
    found = catalogue.builtin()
    listed = mcheck("list")
    assert listed.exit_code == 0
    for name in (*found.scenarios, *found.bugs, *found.editions):
        assert f"\n{name} " in listed.stdout
    for name in found.scenarios:
        assert [target.model.name for target in load(name)] == [name]
    for name in found.bugs:
        assert [target.model.variant for target in load(name)] == [name]
    defaults = [target.about for target in chosen(Wanted())]
    assert defaults and all(defaults)


def test_the_built_in_matrix_names_its_scenarios() -> None:
    made = mcheck("list", "--matrix", "--width", "200")
    assert made.exit_code == 0
    for scenario in catalogue.builtin().scenarios.values():
        assert (scenario.name in made.stdout.split()) == bool(scenario.meetings)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("folios=0", "folio-lock: folios=0 is not allowed: it is 2 to 8"),
        ("folios=9", "folio-lock: folios=9 is not allowed: it is 2 to 8"),
        ("passes=0", "folio-lock: passes=0 is not allowed: it is 1 to 10"),
        ("cpus=99", "folio-lock: cpus is 4 and cannot be set, as the scenario is made for that; "),
    ],
)
def test_constants_of_the_kernel_have_bounds(setting: str, says: str, tmp_path: Path) -> None:
    assert refused("check", "folio-lock", "--set", setting).startswith(says)
    text = "from mcheck.scenarios import SCENARIOS\nmine = SCENARIOS['folio-lock'].model\n"
    own = toy(tmp_path, "own.py", text)
    assert refused("check", own, "--set", setting).startswith(says)


@pytest.mark.parametrize("setting", ["folios=1", "folios=2", "cpus=4", "passes=1", "trying=0"])
def test_constants_within_their_bounds_are_set(setting: str) -> None:
    (job,) = prepared(load("folio-lock"), [setting])
    name, value = setting.split("=")
    assert job.model.constants[name] == int(value)


def test_every_constant_that_can_be_set_has_a_value_within_its_bounds() -> None:
    for scenario in SCENARIOS.values():
        assert set(SETTABLE) < set(scenario.model.constants)
        for name, (least, most) in SETTABLE.items():
            # Where nothing migrates, one frame is enough.
            own = scenario.model.constants[name]
            assert least <= own <= most or (name, own, scenario.meetings) == ("folios", 1, ())


def test_a_scenario_that_is_not_there_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(KeyError) as caught:
        _ = SCENARIOS["file-reed"]
    assert str(caught.value).startswith("no scenario 'file-reed'; did you mean file-read or ")
    with pytest.raises(KeyError, match=r"^no scenario 'xyz'; there are anon-fault, "):
        _ = SCENARIOS["xyz"]
    assert "file-reed" not in SCENARIOS
    assert SCENARIOS.get("file-reed") is None
    text = "from mcheck.scenarios import SCENARIOS\nmine = SCENARIOS['file-reed'].model\n"
    own = toy(tmp_path, "own.py", text)
    says = "own.py:2: NoSuchScenario: no scenario 'file-reed'; did you mean file-read or "
    assert says in refused("check", own)

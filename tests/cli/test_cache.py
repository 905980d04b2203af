"""`mcheck cache`: what is kept of compiled models, and clearing it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from mcheck.explorer.native import cache as kept
from tests.cli.running import mcheck, refused
from tests.cli.toys import toy


def put(cache: Path, name: str, size: int, used: int) -> Path:
    """A file as a compiled model has it; used: seconds since 1970."""
    path = cache / "models" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(size))
    os.utime(path, (used, used))
    return path


def never(path: Path) -> None:
    raise AssertionError(f"{path} is made again")


def write(path: Path) -> None:
    path.write_bytes(b"a model")


def test_nothing_is_kept(cache: Path) -> None:
    made = mcheck("cache")
    assert (made.exit_code, made.stderr) == (0, "")
    assert made.stdout == f"0 compiled models, 0 KiB\nin {cache / 'models'}\n"
    assert not cache.exists()


def test_what_is_kept_is_shown_last_used_first(cache: Path) -> None:
    day = 24 * 3600
    put(cache, "older.0123.so", 5 << 10, 20_000 * day)
    put(cache, "newer.4567.so", 2000 << 10, 20_100 * day)
    put(cache, "notes.txt", 1 << 10, 20_200 * day)
    made = mcheck("cache")
    assert (made.exit_code, made.stderr) == (0, "")
    lines = made.stdout.splitlines()
    assert [line.split()[-1] for line in lines[:2]] == ["newer", "older"]
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d +2,000 KiB  newer", lines[0])
    assert lines[2:] == ["2 compiled models, 2,005 KiB", f"in {cache / 'models'}"]


def test_a_check_leaves_a_model_there_and_uses_it_again(cache: Path, tmp_path: Path) -> None:
    target = f"{toy(tmp_path)}:holding"
    for _ in range(2):
        assert mcheck("check", target, "--engine", "native").exit_code == 0
    made = mcheck("cache")
    assert re.search(r"KiB  holding\n1 compiled models, ", made.stdout), made.stdout
    (path,) = (cache / "models").iterdir()
    assert path.name.startswith("holding.")


def test_other_constants_are_another_model(cache: Path, tmp_path: Path) -> None:
    path = toy(tmp_path)
    for constants in ([], ["--set", "workers=1"], []):
        assert mcheck("check", f"{path}:holding", *constants, "--engine", "native").exit_code <= 1
    assert len(list((cache / "models").iterdir())) == 2


def test_clearing_deletes_models_and_nothing_else(cache: Path, tmp_path: Path) -> None:
    assert mcheck("check", f"{toy(tmp_path)}:broken", "--engine", "native").exit_code == 1
    put(cache, "other.4567.so", 10, 1_700_000_000)
    notes = put(cache, "notes.txt", 10, 1_700_000_000)
    recordings = list((cache / "recordings").iterdir())
    assert len(recordings) == 1
    made = mcheck("cache", "--clear")
    assert (made.exit_code, made.stderr) == (0, "")
    assert made.stdout == f"2 compiled models deleted\nin {cache / 'models'}\n"
    assert list((cache / "models").iterdir()) == [notes]
    assert list((cache / "recordings").iterdir()) == recordings
    assert mcheck("cache", "--clear").stdout.startswith("0 compiled models deleted\n")
    assert mcheck("check", f"{tmp_path}/toy.py:broken", "--engine", "native").exit_code == 1


def test_what_cannot_be_deleted_is_told(cache: Path) -> None:
    path = cache / "models" / "folder.0123.so"
    path.mkdir(parents=True)
    made = mcheck("cache", "--clear")
    assert made.exit_code == 2
    assert made.stderr.startswith("mcheck: the cache cannot be cleared: ")
    assert made.stderr.count("\n") == 1


def test_the_folder_is_the_user_s_cache_unless_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MCHECK_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert kept.folder().is_relative_to(tmp_path)
    assert f"in {kept.folder() / 'models'}" in mcheck("cache").stdout.replace("\n", " ")


def test_what_was_not_used_for_the_longest_time_goes_when_there_is_too_much(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "_MOST_BYTES", 3_000)
    for number in range(5):
        put(cache, f"m{number}.0123.so", 1_000, 1_700_000_000 + number)
    made = kept.obtain("new", "4567", write)
    assert made.name == "new.4567.so"
    assert sorted(path.name[:3] for path in (cache / "models").iterdir()) == ["m3.", "m4.", "new"]


def test_a_name_may_have_anything_in_it(cache: Path) -> None:
    paths = [kept.obtain(name, "4567", write) for name in ("../../a b", "µ/*?", "x" * 999, ".")]
    assert all(path.parent == cache / "models" and path.read_bytes() for path in paths)
    assert len(set(paths)) == 4


def test_one_that_is_used_counts_as_used() -> None:
    for used, name in enumerate(["old", "new"]):
        path = kept.obtain(name, "0123", write)
        os.utime(path, (used, used))
    kept.obtain("old", "0123", never)
    assert [model.name for model in kept.kept()] == ["old", "new"]


@pytest.mark.parametrize("damaged", [b"", b"a mo", b"b model", b"a model" * 9])
def test_one_that_is_damaged_is_made_again(damaged: bytes) -> None:
    path = kept.obtain("m", "0123", write)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"a model", damaged))
    with pytest.raises(AssertionError):
        kept.obtain("m", "0123", never)
    assert kept.obtain("m", "0123", write).read_bytes() == whole


def test_arguments_are_refused() -> None:
    assert "everything" in refused("cache", "everything")

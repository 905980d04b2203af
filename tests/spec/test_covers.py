"""The covers of an overlap: who only is at work, and has nothing to do with the page, is none."""

from __future__ import annotations

from mcheck.explorer import Verdict, check
from mcheck.explorer.result import Result
from mcheck.impl.filemap import filemap_read
from mcheck.impl.state import Cpu, Kernel
from mcheck.lang import Proc, at, procedure
from mcheck.lang.procedures import Procedure
from mcheck.scenarios import SCENARIOS


@procedure
def reads_nothing(k: Kernel, me: Cpu, page: int) -> Proc[None]:
    """The reader is busy for a while, and does not even look for the page."""
    yield at("copy_folio_to_iter")


def read_by(filemap_read: Procedure[..., None]) -> Result:
    """The check of a scenario in which read() meets a migrator."""
    return check(SCENARIOS["file-read"].model.replace(filemap_read=filemap_read).compile())


def test_a_reader_of_the_page_overlaps_with_its_migration() -> None:
    assert read_by(filemap_read).verdict is Verdict.HOLDS


def test_who_does_not_look_for_the_page_does_not_overlap() -> None:
    result = read_by(reads_nothing)
    assert result.verdict is Verdict.VIOLATED
    assert "cpu1_overlaps" in result.uncovered

"""Tables of what there is to check, and the matrix of who meets whom."""

from __future__ import annotations

from textwrap import dedent

from hypothesis import given
from hypothesis import strategies as st

from mcheck.report.catalogue import Section, matrix, sections


def golden(text: str) -> str:
    return dedent(text).strip("\n")


def test_tables_stand_below_their_titles_and_empty_ones_are_left_out() -> None:
    shown = [
        Section("some", ("name", "about"), [("a", "the first"), ("longer", "the\nsecond")]),
        Section("none", ("name",), []),
        Section("one", ("name",), [("b",)]),
    ]
    assert sections(shown) == golden(
        """
        some
        name    about
        ------  ----------
        a       the first
        longer  the second

        one
        name
        ----
        b
        """
    )


def test_a_cell_has_its_proofs_or_a_numbered_reason_or_is_missing() -> None:
    proofs = {("read()", "file"): ["small", "large"], ("write()", "anon"): ["other"]}
    reasons = {
        ("read()", "anon"): "never read",
        ("fork()", "file"): "no fork here",
        ("fork()", "anon"): "never read",
        ("write()", "anon"): "a reason that is not needed",
    }
    assert matrix(proofs, reasons) == golden(
        """
        actor    file     anon
        -------  -------  -----
        read()   small    (1)
                 large
        write()  MISSING  other
        fork()   (2)      (1)

        (1) never read
        (2) no fork here
        """
    )


def test_a_meeting_that_nobody_proves_is_missing() -> None:
    assert matrix({("read()", "file"): []}, {}).splitlines()[-1] == "read()  MISSING"
    assert matrix({}, {}) == ""


NAMES = st.text("abc ()", min_size=1, max_size=12).map(lambda text: f"n{text.strip()}")
PAIRS = st.tuples(NAMES, st.sampled_from(["file", "anon", "movable"]))


@given(
    st.dictionaries(PAIRS, st.lists(NAMES, max_size=2), max_size=6),
    st.dictionaries(PAIRS, st.text("ab ", max_size=90), max_size=6),
)
def test_no_line_of_the_matrix_is_wider_than_the_width(
    proofs: dict[tuple[str, str], list[str]], reasons: dict[tuple[str, str], str]
) -> None:
    assert all(len(line) <= 80 for line in matrix(proofs, reasons, 80).splitlines())

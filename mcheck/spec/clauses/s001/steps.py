"""Sections A and B of s001: how to use migrate_pages(), and its steps 1 to 16, 19 and 20.

The document goes from 16 to 19: it has no 17 and 18.
"""

from __future__ import annotations

from mcheck.spec.clauses.s001.said import said

A = (
    said("A.1.a", "use.1.a"),
    said("A.1.b", "use.1.b"),
    said("A.1.c", "use.1.c"),
    said("A.1.d", "use.1.d"),
    said("A.1.e", "use.1.e"),
    said(
        "A.2.a",
        "use.2.a",
        text="The caller passes a function of type new_page_t to migrate_pages().",
        differs="",
    ),
    said(
        "A.2.b",
        "use.2.b",
        text="That function works out how to allocate the right new page for the old one.",
    ),
    said("A.3.a", "use.3.a"),
    said(
        "A.3.b",
        "use.3.b",
        text="It calls the function for the new page of each page it considers moving.",
    ),
)

PREAMBLE = (
    said("B.a", "steps.a"),
    said("B.b", "steps.b"),
    said("B.c", "steps.c"),
    said("B.d", "steps.d"),
)

STEPS = (
    said("B.1", "1"),
    said("B.2", "2"),
    said("B.3.a", "3.a"),
    said("B.3.b", "3.b"),
    said("B.4.a", "4.a"),
    said("B.4.b", "4.b"),
    said("B.4.c", "4.c"),
    said("B.4.d", "4.d", text="User processes that access the page now wait for its lock."),
    said("B.5.a", "5.a", text="The radix tree lock is taken."),
    said("B.5.b", "5.b", text="Processes that access the page via the mapping spin on that lock."),
    said("B.6.a", "6.a"),
    said("B.6.b", "6.b"),
    said("B.6.c", "6.c"),
    said("B.7", "7"),
    said("B.8.a", "8.a"),
    said("B.8.b", "8.b"),
    said("B.9", "9", text="The radix tree is changed to point to the new page."),
    said("B.10.a", "10.a", text="The old page loses the reference of the radix tree."),
    said("B.10.b", "10.b"),
    said("B.11.a", "11.a", text="The radix tree lock is dropped."),
    said("B.11.b", "11.b"),
    said("B.11.c", "11.c"),
    said("B.12", "12"),
    said("B.13", "13"),
    said("B.14.a", "14.a"),
    said("B.14.b", "14.b"),
    said("B.15", "15"),
    said("B.16.a", "16.a"),
    said("B.16.b", "16.b"),
    said("B.19.a", "17.a"),
    said("B.19.b", "17.b"),
    said("B.20.a", "18.a"),
    said("B.20.b", "18.b"),
)

"""Promise 7: helper objects outlive their use."""

from __future__ import annotations

import pytest

from mcheck.pytest_plugin import Mcheck
from properties.claims import COUNTS, claim
from properties.twins import lifetime as twins

UNMAPPING = ("freed_for_good", "trees_change_under_their_lock", "unmapped_is_unlinked")


@pytest.mark.parametrize("scenario", ["anon-munmap", "anon-forked-munmap"])
def test_an_anon_vma_outlives_the_walks_of_its_tree(mcheck: Mcheck, scenario: str) -> None:
    claim(mcheck, scenario, "helpers_outlive_their_use", "anon_vma_is_counted")


@pytest.mark.parametrize("scenario", [name for name in COUNTS if "munmap" in name])
def test_munmap_takes_a_mapping_out_of_its_tree_under_the_lock(
    mcheck: Mcheck, scenario: str
) -> None:
    claim(mcheck, scenario, *UNMAPPING)


def test_the_migrator_has_to_hold_the_anon_vma_of_an_unmapped_page(mcheck: Mcheck) -> None:
    mcheck("anon-vma-uaf-unmapped").violates(
        "helpers_outlive_their_use",
        depth=52,
        ends=[
            "CPU0 folio_migrate_unslotted.folio_ref_count",
            "CPU0 down_read.down_read",
            "CPU0 remove_migration_ptes.vma_interval_tree_foreach",
        ],
    )


def test_who_takes_an_anon_vma_is_counted(mcheck: Mcheck) -> None:
    twin = {"page_get_anon_vma": twins.held_without_being_counted}
    mcheck("anon-munmap", replace=twin).violates(
        "anon_vma_is_counted", depth=26, ends=["CPU0 page_get_anon_vma.atomic_inc_not_zero"]
    )


def test_an_anon_vma_knows_how_many_are_in_its_tree(mcheck: Mcheck) -> None:
    """It would never be freed."""
    twin = {"unlink_vma": twins.left_in_the_count}
    mcheck("anon-forked-munmap", replace=twin).violates(
        "anon_vma_is_counted", depth=17, ends=["CPU1 up_write.up_write"]
    )


def test_no_reference_is_taken_of_an_anon_vma_that_is_freed(mcheck: Mcheck) -> None:
    twin = {"page_get_anon_vma": twins.taken_when_freed}
    mcheck("anon-munmap", replace=twin).violates(
        "freed_for_good",
        depth=44,
        ends=[
            "CPU1 put_anon_vma.atomic_dec_and_test",
            "CPU0 page_get_anon_vma.atomic_inc_not_zero",
        ],
    )


def test_the_tree_is_locked_when_a_mapping_leaves_it(mcheck: Mcheck) -> None:
    twin = {"unlink_vma": twins.unlinked_before_the_lock}
    judged = ["trees_change_under_their_lock"]  # anon_vma_is_counted falls with the same step
    mcheck("anon-munmap", replace=twin, properties=judged).violates(
        "trees_change_under_their_lock", depth=12, ends=["CPU1 unlink_vma.free_pgtables"]
    )


def test_a_mapping_that_is_gone_leaves_the_tree(mcheck: Mcheck) -> None:
    twin = {"unlink_vma": twins.left_in_the_tree}
    judged = ["unmapped_is_unlinked"]  # anon_vma_is_counted falls before
    mcheck("anon-munmap", replace=twin, properties=judged).violates(
        "unmapped_is_unlinked", depth=29, ends=["CPU1 munmap.return"]
    )

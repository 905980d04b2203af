"""Bugs of page migration that were really in Linux, each as a change to the protocol."""

from __future__ import annotations

from mcheck.zoo.anon_vma_uaf_unmapped import anon_vma_uaf_unmapped
from mcheck.zoo.bug import Bug
from mcheck.zoo.dirty_after_visible import dirty_after_visible
from mcheck.zoo.flush_left_out import flush_left_out
from mcheck.zoo.pagecache_no_freeze import pagecache_no_freeze
from mcheck.zoo.restored_writable import restored_writable
from mcheck.zoo.wait_on_freed_page import wait_on_freed_page

BUGS: dict[str, Bug] = {
    bug.name: bug
    for bug in [
        pagecache_no_freeze,
        wait_on_freed_page,
        dirty_after_visible,
        anon_vma_uaf_unmapped,
        flush_left_out,
        restored_writable,
    ]
}
"""All of them, by name."""

__all__ = ["BUGS", "Bug"]

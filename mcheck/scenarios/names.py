"""What the matrix of scenarios calls its rows and columns, and why some cells are empty."""

from __future__ import annotations

FAULT = "access and page fault"
READ = "read()"
PIN = "pin_user_pages_fast()"
WRITE = "write() and fsync()"
WRITEBACK = "writeback"
MUNMAP = "munmap()"
MIGRATOR = "second migrator"

ANON = "anonymous"
SHARED = "anonymous, forked"
FILE = "file, mapped"
UNMAPPED = "file, not mapped"

_NO_FILE = "an anonymous page is not in a file"
_NOT_MAPPED = "nothing maps the page"
REASONS = {
    (READ, ANON): _NO_FILE,
    (READ, SHARED): _NO_FILE,
    (WRITE, ANON): _NO_FILE,
    (WRITE, SHARED): _NO_FILE,
    (WRITEBACK, ANON): _NO_FILE,
    (WRITEBACK, SHARED): _NO_FILE,
    (PIN, SHARED): "the entries are read-only, and only writable ones are pinned here",
    (PIN, UNMAPPED): _NOT_MAPPED,
    (MUNMAP, UNMAPPED): _NOT_MAPPED,
}
"""Why an actor never meets a kind of page."""

"""What the matrix of scenarios calls its rows and columns, and why some cells are empty."""

from __future__ import annotations

FAULT = "access and page fault"
READ = "read()"
GET = "get_user_pages_fast()"
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
_READ_ONLY = "the entries are read-only, and only writable ones are pinned here"
REASONS = {
    (READ, ANON): _NO_FILE,
    (READ, SHARED): _NO_FILE,
    (WRITE, ANON): _NO_FILE,
    (WRITE, SHARED): _NO_FILE,
    (WRITEBACK, ANON): _NO_FILE,
    (WRITEBACK, SHARED): _NO_FILE,
    (GET, SHARED): _READ_ONLY,
    (PIN, SHARED): _READ_ONLY,
    (GET, FILE): "the same as pin_user_pages_fast(): nothing asks whether a file's page is pinned",
    (GET, UNMAPPED): _NOT_MAPPED,
    (PIN, UNMAPPED): _NOT_MAPPED,
    (MUNMAP, UNMAPPED): _NOT_MAPPED,
}
"""Why an actor never meets a kind of page."""

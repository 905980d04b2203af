"""Reader-writer semaphores, as kernel/locking/rwsem.c promises them to behave."""

from __future__ import annotations

from mcheck.impl.state import Kernel, Rwsem
from mcheck.lang import Proc, at, procedure


@procedure
def down_read(k: Kernel, sem: Rwsem) -> Proc[None]:
    """Come in together with other readers, behind a writer that waits."""
    yield at("down_read", until=lambda: not sem.writer and not sem.queued, atomic="rwsem")
    sem.readers += 1


@procedure
def up_read(k: Kernel, sem: Rwsem) -> Proc[None]:
    """Leave."""
    yield at("up_read")
    sem.readers -= 1


@procedure
def down_write(k: Kernel, sem: Rwsem) -> Proc[None]:
    """Come in alone. From the moment it waits, no reader comes in before it."""
    yield at("down_write", until=lambda: not sem.queued, atomic="rwsem")
    sem.queued = True
    yield at("schedule", until=lambda: not sem.writer and sem.readers == 0, atomic="rwsem")
    sem.queued = False
    sem.writer = True


@procedure
def up_write(k: Kernel, sem: Rwsem) -> Proc[None]:
    """Leave."""
    yield at("up_write", atomic="rwsem")
    assert sem.writer, "up_write() of a semaphore that is not held for writing"
    sem.writer = False


@procedure
def downgrade_write(k: Kernel, sem: Rwsem) -> Proc[None]:
    """Let readers in, and become one of them."""
    yield at("downgrade_write", atomic="rwsem")
    assert sem.writer, "downgrade_write() of a semaphore that is not held for writing"
    sem.writer = False
    sem.readers += 1

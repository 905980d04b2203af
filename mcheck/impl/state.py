"""The state of the kernel: frames, page tables, TLBs, the page cache, wait queues, lists.

Every shared field says what protects it: a lock, its owner, the machine, or nothing but the
atomicity of a single access.
"""

from __future__ import annotations

import enum

from mcheck.lang import (
    Array,
    Const,
    Embed,
    Flag,
    Int,
    Lock,
    Map,
    OneOf,
    Ref,
    State,
    Struct,
    atomic,
    hardware,
    owner,
)


class Sizes(State):
    """How many there are of everything in a scenario, and what is scaled down in it."""

    cpus = Const(2)
    mms = Const(1)
    pages = Const(1)
    """Pages of each address space, and of the file."""
    locations = Const(1)
    """Places that a program can store to: the pages of the file, the private pages of each mm."""
    folios = Const(3)
    nodes = Const(2)
    max_refcount = Const(7)
    pin_bias = Const(1)
    """GUP_PIN_COUNTING_BIAS: 1024 in the kernel. 1 where nobody pins."""
    passes = Const(2)
    """How often migrate_pages() goes through its list: 10 in the kernel."""
    trying = Const(1)
    """How many of these only try to lock: 3 in the kernel."""
    writenotify = Const(False)
    """vma_wants_writenotify(): the file's dirty pages are tracked (any file system but tmpfs)."""


class Content(enum.Enum):
    """What a frame has of a location: exact for any number of stores, in two bits."""

    POISON = 0
    """Something else."""
    STALE = 1
    """What was stored there once."""
    LATEST = 2
    """What was stored there last."""


class Mapping(enum.Enum):
    """What folio->mapping points at; its low bits tell an anon_vma from an address_space."""

    NONE = 0
    FILE = 1
    ANON = 2


class Location(Struct):
    """A place that a program can store to."""

    disk = OneOf(Content, ghost=True)
    """What the file on disk has of it."""
    touched = Flag(ghost=True)
    """It has had a page. Until then it has zeros."""


class PageFlags(Struct, word=True):
    """folio->flags: bits that are set, cleared and tested one atomic operation each."""

    locked = Flag(by=atomic)
    waiters = Flag(by=atomic)
    lru = Flag(by=atomic)
    uptodate = Flag(by=atomic)
    dirty = Flag(by=atomic)
    writeback = Flag(by=atomic)
    anon_exclusive = Flag(by=atomic)


class Folio(Struct):
    """A physical page, and its struct folio. All folios here are of order 0."""

    refcount = Int(0, Sizes.max_refcount, by=atomic)
    mapcount = Int(0, Sizes.mms, by=atomic)
    """_mapcount + 1."""
    flags = Embed(PageFlags)
    mapping = OneOf(Mapping, by=atomic)
    index = Int(0, Sizes.pages - 1, by=atomic)
    node = Int(0, Sizes.nodes - 1, by=atomic)
    free = Flag(by="zone")
    """It is on a free list of the page allocator."""
    on_lru = Flag(by="lruvec")
    """It is on a list of its lruvec; PG_lru is another matter."""
    content = Map(Location, OneOf(Content, ghost=True))
    frozen = Flag(ghost=True)
    """folio_ref_freeze() has hidden the count."""


class Entry(enum.Enum):
    """What a page-table entry is."""

    NONE = 0
    PRESENT = 1
    MIGRATION = 2


class Pte(Struct, word=True):
    """A page-table entry. The MMU reads it at any time, and sets the dirty bit."""

    kind = OneOf(Entry, by=atomic)
    folio = Ref(Folio, by=atomic)
    writable = Flag(by=atomic)
    dirty = Flag(by=atomic)
    exclusive = Flag(by=atomic)
    """Of a migration entry: readable-exclusive, or writable, if the anonymous page was so."""


class Vma(Struct):
    """A mapping of one page, with the entry that maps it.

    Each page has a page-table lock of its own: its page table is another than its neighbour's.
    """

    pte = Embed(Pte)
    ptl = Embed(Lock)
    mapped = Flag(by=atomic)
    """find_vma() finds it."""
    linked = Flag(by=atomic)
    """It is in the tree that the rmap walk of its pages goes through."""
    anon = Flag(by=atomic)
    """It maps private anonymous memory; else the page of the file with the same number."""
    vm_write = Flag(by=atomic)
    location = Ref(Location, null=False)
    owed = Flag(ghost=True)
    """A dirty bit was taken from the entry and is not yet given to the folio."""


class Rwsem(Struct, word=True):
    """An rw_semaphore. Whom it wakes is not modelled: it lets in whoever can come in."""

    readers = Int(0, Sizes.cpus, by=atomic)
    writer = Flag(by=atomic)
    queued = Flag(by=atomic)
    """A writer waits."""


class Mm(Struct):
    """An address space."""

    mmap_lock = Embed(Rwsem)
    vma = Array(Vma, Sizes.pages)


class AnonVma(Struct):
    """What the rmap of anonymous pages goes through. Freed when its count is 0."""

    refcount = Int(0, Sizes.cpus + 1, by=atomic)
    vmas = Int(0, Sizes.mms * Sizes.pages, by=atomic)
    """How many VMAs are in its tree. As long as there are any, they have a reference."""
    rwsem = Embed(Rwsem)


class Slot(Struct):
    """An entry of i_pages: one page of the file. Read by anybody, stored to under the lock."""

    folio = Ref(Folio, by=atomic)
    location = Ref(Location)
    bio = Ref(Folio, by=atomic)
    """What the disk is writing."""
    owed = Flag(ghost=True)
    """PG_dirty is cleared, and the writeback is not yet started."""


class AddressSpace(Struct):
    """The page cache of the file."""

    i_pages = Embed(Lock)
    i_mmap = Embed(Rwsem)
    slot = Array(Slot, Sizes.pages)


class Tlb(Struct, word=True):
    """A translation that a CPU has cached."""

    folio = Ref(Folio, by=hardware)
    writable = Flag(by=hardware)
    dirty = Flag(by=hardware)


class Bit(enum.Enum):
    """The page flag that somebody waits for."""

    LOCKED = 0
    WRITEBACK = 1


class Phase(enum.Enum):
    """How far a migrator is with a folio."""

    IDLE = 0
    ISOLATING = 1
    LOCKED = 2
    UNMAPPED = 3
    MOVED = 4
    BACKED_OUT = 5
    """The folio was unmapped, could not be moved, and is as it was."""
    GAVE_UP = 6
    """The attempt has ended before the folio was unmapped."""


class Access(enum.Enum):
    """What an access has met."""

    GOOD = 0
    STALE = 1


class Mode(enum.Enum):
    """enum migrate_mode: what a migration may wait for."""

    ASYNC = 0
    """Nothing."""
    SYNC_LIGHT = 1
    """Locks."""
    SYNC = 2
    """Locks and writeback."""


class Rc(enum.Enum):
    """What an attempt at one folio returns."""

    SUCCESS = 0
    EAGAIN = 1
    EBUSY = 2
    ENOMEM = 3


class Cpu(Struct):
    """A CPU and the task that runs on it."""

    mm = Ref(Mm, by=owner)
    tlb = Array(Tlb, Sizes.pages)
    # Its entry in the wait queue of the folios.
    waits_on = Ref(Folio, by="waitqueue")
    waits_for = OneOf(Bit, by="waitqueue")
    exclusive = Flag(by="waitqueue")
    woken = Flag(by=atomic)
    # Its batch of folios on their way to the LRU.
    local_lock = Embed(Lock)
    fbatch = Ref(Folio, by="local_lock")
    # The lists of a migrator: to be tried, to be tried in this pass, given up.
    from_list = Map(Folio, Flag(by=owner))
    this_pass = Map(Folio, Flag(by=owner))
    ret_list = Map(Folio, Flag(by=owner))
    # What the properties are told.
    phase = OneOf(Phase, ghost=True)
    busy = Flag(ghost=True)
    """A migrator: there is a migration under way. Others: they are in the middle of something."""
    walks = Flag(ghost=True)
    """It is in the tree of the anon_vma."""
    saw = OneOf(Access, ghost=True)


class Kernel(Sizes):
    """Everything."""

    location = Array(Location, Sizes.locations)
    folio = Array(Folio, Sizes.folios, names="ABCDEFGH")
    mm = Array(Mm, Sizes.mms)
    cpu = Array(Cpu, Sizes.cpus)
    mapping = Embed(AddressSpace)
    anon_vma = Embed(AnonVma)
    waitqueue = Embed(Lock)
    """folio_waitqueue(): here all folios hash to one queue, and this is its lock."""
    zone = Embed(Lock)
    """zone->lock."""
    lruvec = Embed(Lock)
    """lruvec->lru_lock."""
    nr_isolated = Int(0, Sizes.folios, by=atomic)
    lru_disable_count = Int(0, Sizes.cpus, by=atomic)

"""What the introduction of s004 says: what page migration is for, and who may ask for it."""

from __future__ import annotations

from mcheck.spec.clauses.clause import Clause, Kind

_NO_SUCH_CALL = "of the system calls there is only move_pages() yet"
_NO_CPUSETS = "there are no cpusets yet"

INTRO = (
    Clause(
        "s004/intro.1",
        Kind.PROMISE,
        "The physical location of pages moves between nodes while the process is running.",
        properties=("a_migration_succeeds", "cpu1_overlaps", "loads_return_the_last_store"),
    ),
    Clause(
        "s004/intro.2",
        Kind.PROMISE,
        "The virtual addresses that the process sees do not change.",
        properties=("loads_return_the_last_store", "translations_are_fresh", "tlbs_are_fresh"),
    ),
    Clause(
        "s004/intro.3",
        Kind.STEP,
        "The system rearranges the physical location of the pages behind those addresses.",
        steps=("remove_migration_pte.set_pte_at",),
        properties=("a_migration_succeeds", "moved_as_a_whole"),
    ),
    Clause(
        "s004/intro.4",
        Kind.INTENT,
        "For device private memory see the document on hmm.",
        reason="pointer",
    ),
    Clause(
        "s004/intro.5",
        Kind.INTENT,
        "The main intent is lower latency: pages are moved near to the processor that uses them.",
        reason="motivation",
    ),
    Clause(
        "s004/intro.6",
        Kind.CONTRACT,
        "A process relocates its own pages with MF_MOVE and MF_MOVE_ALL when mbind() sets a "
        "new policy.",
        unmodelled=_NO_SUCH_CALL,
        differs="with STRICT and MOVE, pages that are shared are skipped and mbind() returns 0",
    ),
    Clause(
        "s004/intro.7",
        Kind.CONTRACT,
        "Pages of a process are relocated from another process with sys_migrate_pages().",
        unmodelled=_NO_SUCH_CALL,
    ),
    Clause(
        "s004/intro.8",
        Kind.CONTRACT,
        "It takes two sets of nodes and moves the pages on the first set to the second.",
        unmodelled=_NO_SUCH_CALL,
        differs="nodes in both sets keep their pages where the sets differ in size; offline "
        "target nodes beside usable ones are dropped, and no usable target is -EINVAL",
    ),
    Clause(
        "s004/intro.9",
        Kind.INTENT,
        "The numactl package, later than 0.9.3, has the functions.",
        reason="pointer",
    ),
    Clause(
        "s004/intro.10",
        Kind.INTENT,
        "Its libnuma has an interface like that of other NUMA functionality.",
        reason="pointer",
    ),
    Clause(
        "s004/intro.11",
        Kind.CONTRACT,
        "/proc/<pid>/numa_maps shows where the pages of a process are.",
        unmodelled="there is no /proc yet",
    ),
    Clause(
        "s004/intro.12", Kind.INTENT, "See also numa_maps in the proc(5) page.", reason="pointer"
    ),
    Clause(
        "s004/intro.13",
        Kind.INTENT,
        "Manual migration helps, say, after the scheduler took a process to a distant node.",
        reason="motivation",
    ),
    Clause(
        "s004/intro.14",
        Kind.INTENT,
        "A batch scheduler or an administrator may see that and move the pages nearer.",
        reason="motivation",
    ),
    Clause(
        "s004/intro.15",
        Kind.INTENT,
        "The kernel itself only supports manual page migration.",
        reason="scope",
        differs="NUMA-hint faults, compaction and memory offline migrate without being asked to",
    ),
    Clause(
        "s004/intro.16",
        Kind.INTENT,
        "Processes in user space that move pages may make it automatic.",
        reason="motivation",
    ),
    Clause(
        "s004/intro.17",
        Kind.CONTRACT,
        "move_pages() moves individual pages within a process.",
        steps=("do_pages_move", "add_page_for_migration"),
    ),
    Clause(
        "s004/intro.18",
        Kind.INTENT,
        "A NUMA profiler may log off-node accesses and move pages to better places.",
        reason="motivation",
    ),
    Clause(
        "s004/intro.19",
        Kind.INTENT,
        "Larger installations divide the system into sections of nodes with cpusets.",
        reason="motivation",
    ),
    Clause(
        "s004/intro.20",
        Kind.INTENT,
        "Cpusets can move pages with a task: see the document on cpusets.",
        reason="pointer",
    ),
    Clause("s004/intro.21", Kind.INTENT, "Cpusets automate process locality.", reason="motivation"),
    Clause(
        "s004/intro.22",
        Kind.CONTRACT,
        "A task that is moved to a new cpuset has all its pages moved with it.",
        unmodelled=_NO_CPUSETS,
        differs="a version 1 cpuset moves them only with memory_migrate set in it",
    ),
    Clause(
        "s004/intro.23",
        Kind.CONTRACT,
        "Pages of processes in a cpuset are moved when its allowed memory nodes change.",
        unmodelled=_NO_CPUSETS,
        differs="a version 1 cpuset moves them only with memory_migrate set in it",
    ),
    Clause(
        "s004/intro.24",
        Kind.PROMISE,
        "All migration techniques preserve the relative location of pages in a group of nodes.",
        unmodelled=_NO_SUCH_CALL,
        differs="nodes in both sets of migrate_pages() keep their pages where the sets differ in "
        "size",
    ),
    Clause(
        "s004/intro.25",
        Kind.INTENT,
        "That is needed to preserve the memory latencies.",
        reason="motivation",
    ),
    Clause(
        "s004/intro.26",
        Kind.INTENT,
        "Processes run with similar performance after migration.",
        reason="motivation",
    ),
    Clause(
        "s004/intro.27",
        Kind.INTENT,
        "Migration has several steps: first how to use it from the kernel (from user space: see "
        "numactl), then the low level.",
        reason="pointer",
    ),
)

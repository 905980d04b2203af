"""The event counters by which s004 lets one watch migration."""

from __future__ import annotations

from mcheck.spec.clauses.clause import Clause, Kind

_NO_COUNTERS = "there are no vmstat counters yet"
_NO_HUGE = "there are no huge pages yet"

COUNTERS = (
    Clause(
        "s004/monitoring.1",
        Kind.INTENT,
        "The following event counters can be used to monitor migration.",
        reason="pointer",
    ),
    Clause(
        "s004/PGMIGRATE_SUCCESS.a",
        Kind.CONTRACT,
        "Increased by one for each page that was migrated and is neither THP nor hugetlb.",
        unmodelled=_NO_COUNTERS,
    ),
    Clause(
        "s004/PGMIGRATE_SUCCESS.b",
        Kind.CONTRACT,
        "Increased by the number of subpages for a THP or hugetlb page: by 512 for a 2 MB THP "
        "of 4 KB pages.",
        unmodelled=_NO_HUGE,
    ),
    Clause(
        "s004/PGMIGRATE_FAIL.a",
        Kind.CONTRACT,
        "Increased by one for each page that failed to migrate and is neither THP nor hugetlb.",
        unmodelled=_NO_COUNTERS,
        differs="once a call of migrate_pages(), whatever number of passes tried the page",
    ),
    Clause(
        "s004/PGMIGRATE_FAIL.b",
        Kind.CONTRACT,
        "Increased by the number of subpages if it was a THP or hugetlb page.",
        unmodelled=_NO_HUGE,
    ),
    Clause(
        "s004/THP_MIGRATION_SUCCESS",
        Kind.CONTRACT,
        "A THP was migrated without being split.",
        unmodelled=_NO_HUGE,
    ),
    Clause(
        "s004/THP_MIGRATION_FAIL",
        Kind.CONTRACT,
        "A THP could neither be migrated nor be split.",
        unmodelled=_NO_HUGE,
        differs="increased as well where the THP is split and its parts are moved",
    ),
    Clause(
        "s004/THP_MIGRATION_SPLIT.a",
        Kind.CONTRACT,
        "A THP was migrated, but had to be split first.",
        unmodelled=_NO_HUGE,
        differs="increased with the split, whether or not the parts are moved afterwards",
    ),
    Clause(
        "s004/THP_MIGRATION_SPLIT.b",
        Kind.STEP,
        "After the split, its subpages are migrated in a retry.",
        unmodelled=_NO_HUGE,
    ),
    Clause(
        "s004/monitoring.2",
        Kind.CONTRACT,
        "THP_MIGRATION_* events update PGMIGRATE_SUCCESS or PGMIGRATE_FAIL as well: a failed THP "
        "increases both THP_MIGRATION_FAIL and PGMIGRATE_FAIL.",
        unmodelled=_NO_HUGE,
        differs="a THP that is split and moved in parts increases THP_MIGRATION_FAIL, but not "
        "PGMIGRATE_FAIL",
    ),
    Clause(
        "s004/monitoring.3",
        Kind.INTENT,
        "The interface is described in include/linux/migrate.h.",
        reason="pointer",
    ),
)

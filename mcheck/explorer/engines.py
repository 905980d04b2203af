"""Which engine searches: the answer is the same, the time and the memory are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias, cast, get_args

from mcheck.explorer import native, reference
from mcheck.explorer.limits import UNLIMITED, Limits, Progress, too_many
from mcheck.explorer.result import Result, Verdict
from mcheck.lang.contract import Compilable, Executable

Engine: TypeAlias = Literal["auto", "native", "reference", "z3"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

SMALL = 20_000
"""So many states are searched in plain Python sooner than a C compiler has started to end."""


def check(
    executable: Executable,
    *,
    engine: Engine = "auto",
    workers: int | None = None,
    share: int = 1,
    depth: int | None = None,
    induction: bool = False,
    limits: Limits = UNLIMITED,
    unreached: frozenset[str] | None = None,
    progress: Progress | None = None,
) -> Result:
    """Search all reachable states of the executable, as far as the limits allow.

    engine: "native" searches machine code, "reference" plain Python. "auto" leaves models of a few
        thousand states to plain Python, which is done with them before a compiler is, and all
        others to machine code; where that cannot be had, the result's note says why.
        "z3" judges paths of up to so many steps, instead of states.
    workers, share: see `native.check`; depth, induction: see `bounded.check`; limits, unreached,
        progress: see `reference.check`.

    Raises:
        CannotCompile: native code is asked for, and cannot be had.
        ValueError: z3 is asked for, and not how deep.
    """
    if engine == "z3":
        from mcheck.explorer import bounded  # only now: z3 takes long to load

        if depth is None:
            raise ValueError("z3 judges paths of up to so many steps: depth says how many")
        return bounded.check(
            cast("bounded.Lowered", executable),
            depth=depth,
            induction=induction,
            limits=limits,
            unreached=unreached,
            progress=progress,
        )
    if engine == "reference" or not hasattr(executable, "c"):
        return reference.check(executable, limits=limits, unreached=unreached, progress=progress)
    model = cast("Compilable", executable)
    spent = 0.0
    first: Result | None = None
    if engine == "auto":
        first = reference.check(
            model, limits=limits, unreached=unreached, progress=progress, small=SMALL
        )
        within = limits.states is not None and limits.states <= SMALL
        if within or not _too_large(first):
            return first
        spent = first.seconds
        if limits.seconds is not None:
            limits = replace(limits, seconds=max(0.0, limits.seconds - spent))
    try:
        result = native.check(
            model,
            limits=limits,
            unreached=unreached,
            progress=progress,
            workers=workers,
            share=share,
        )
    except native.CannotCompile as error:
        if engine == "native":
            raise
        result = reference.check(model, limits=limits, unreached=unreached, progress=progress)
        result = replace(result, note=f"searched in plain Python, which is slow: {error}")
    except KeyboardInterrupt:  # while it was compiled
        if first is None:
            raise
        return replace(first, why=first.why.replace(too_many(SMALL), "an interrupt", 1))
    return replace(result, seconds=spent + result.seconds)


def _too_large(result: Result) -> bool:
    """Is it the limit for small models that has ended the search?"""
    return result.verdict is Verdict.BOUNDED and f"stopped by {too_many(SMALL)}:" in result.why

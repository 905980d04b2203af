"""Lowering of the language's own lock: held, mine, acquire and release."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import Any

from mcheck.lang import ir, types
from mcheck.lang.declare.fields import Field
from mcheck.lang.declare.state import Lock
from mcheck.lang.lower.cells import Cells, Spot
from mcheck.lang.lower.values import Key, Val


class Locks(Cells):
    """The part of the lowering that knows locks."""

    def lock_test(self, lock: Val, node: ast.Attribute) -> Val:
        """`l.held` and `l.mine`."""
        if self.in_property and node.attr == "mine":
            raise self.refused(node, "no process runs in a property: nothing is `mine`", "held")
        outer, self.locking = self.locking, "mine" if node.attr == "mine" else self.locking
        holder = self.read(self.cell_of(_holder(), Lock), lock, ir.const(0), 1, node)
        self.locking = outer
        if node.attr == "held":
            return Val(ir.compare(holder.expr, ast.NotEq(), ir.const(0)), types.BOOL)
        return Val(ir.equal(holder.expr, ir.name("process")), types.BOOL)

    def lock_change(self, lock: Val, node: ast.AST, *, acquire: bool) -> None:
        """`l.acquire()` and `l.release()`."""
        cell = self.cell_of(_holder(), Lock)
        owner = lock
        if not isinstance(lock.expr, ast.Constant):
            owner = self.spill(self.deref(lock, node), replace(lock.type, lo=1), lock.key)
        self.locking = "acquire" if acquire else "release"
        holder = self.read(cell, owner, ir.const(0), 1, node)
        if acquire:
            wrong = "a lock is acquired that is held already"
            test = ir.equal(holder.expr, ir.const(0))
            value = Val(ir.name("process"), cell.type)
        else:
            wrong = "a lock is released by a process that does not hold it"
            test = ir.equal(holder.expr, ir.name("process"))
            value = Val(ir.const(0), cell.type)
        self.out.append(ir.require(test, self.site("lock", wrong, node)))
        assert isinstance(holder.expr, ast.Subscript)
        self.store(Spot(cell, holder.expr.slice, owner, ir.const(0)), value, node)
        self.locking = ""
        if not acquire:
            self.released(lock.key)
            self.env.locks = self.lock_names.without(self.env.locks, lock.key)
        elif lock.key is not None:
            self.env.locks |= {lock.key}

    def released(self, key: Key | None) -> None:
        """Note that the function that is lowered now may release a lock."""


def _holder() -> Field[Any]:
    declared = vars(Lock)["holder"]
    assert isinstance(declared, Field)
    return declared  # pyright: ignore[reportUnknownVariableType]

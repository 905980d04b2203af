"""Ways to return a wrong count of the pages that were not moved."""

from __future__ import annotations

from typing import Annotated

from mcheck.impl.migrate import ENOMEM, unmap_and_move
from mcheck.impl.state import Cpu, Kernel, Mode, Rc, Sizes
from mcheck.lang import Proc, Range, at, choose, procedure


@procedure
def every_retry_counted(k: Kernel, me: Cpu, node: int, mode: Mode) -> Proc[int]:
    """A folio that is tried again is counted in each pass."""
    retry: Annotated[int, Range(0, Sizes.passes * Sizes.folios)] = 0
    failed: Annotated[int, Range(0, Sizes.folios)] = 0
    nomem = False
    for number in range(k.passes):
        if number == 0 or (retry > 0 and not nomem):
            yield at("list_for_each_entry_safe")
            for f in k.folio:
                me.this_pass[f] = me.from_list[f]
            while any(me.this_pass[f] for f in k.folio):
                yield at("next")
                folio = choose(f for f in k.folio if me.this_pass[f])
                me.this_pass[folio] = False
                rc = yield from unmap_and_move(k, me, folio, node, number >= k.trying, mode)
                if rc is Rc.EAGAIN:
                    retry += 1
                elif rc is Rc.EBUSY:
                    failed += 1
                elif rc is Rc.ENOMEM:
                    nomem = True
                    break
    yield at("list_splice")
    for f in k.folio:
        me.this_pass[f] = False
        if me.ret_list[f]:
            me.from_list[f] = True
            me.ret_list[f] = False
    return ENOMEM if nomem else failed + retry

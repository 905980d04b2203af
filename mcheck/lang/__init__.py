"""The modelling language: what a model file imports."""

from mcheck.lang.declare import (
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
    null,
    owner,
)
from mcheck.lang.errors import ModelError, Refused
from mcheck.lang.model import Model, always, cover, run, step
from mcheck.lang.procedures import (
    Held,
    Pinned,
    Proc,
    Range,
    Speculative,
    Temporary,
    at,
    choose,
    hold,
    holds,
    procedure,
    racy,
    release,
)

__all__ = [
    "Array", "Const", "Embed", "Flag", "Held", "Int", "Lock", "Map", "Model", "ModelError",
    "OneOf", "Pinned", "Proc", "Range", "Ref", "Refused", "Speculative", "State", "Struct",
    "Temporary", "always", "at", "atomic", "choose", "cover", "hold", "holds", "null", "owner",
    "procedure", "racy", "release", "run", "step",
]

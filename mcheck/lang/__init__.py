"""The modelling language: what a model file imports."""

from __future__ import annotations

from mcheck.lang.declare.constants import Const
from mcheck.lang.declare.containers import Array, Embed, Map
from mcheck.lang.declare.fields import Flag, Int, OneOf, Ref, atomic, hardware, owner
from mcheck.lang.declare.state import Lock, State
from mcheck.lang.declare.structs import Struct, null
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
    "Array",
    "Const",
    "Embed",
    "Flag",
    "Held",
    "Int",
    "Lock",
    "Map",
    "Model",
    "ModelError",
    "OneOf",
    "Pinned",
    "Proc",
    "Range",
    "Ref",
    "Refused",
    "Speculative",
    "State",
    "Struct",
    "Temporary",
    "always",
    "at",
    "atomic",
    "choose",
    "cover",
    "hardware",
    "hold",
    "holds",
    "null",
    "owner",
    "procedure",
    "racy",
    "release",
    "run",
    "step",
]

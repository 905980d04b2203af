"""From what a command line names to what is meant: models, constants, properties."""

from __future__ import annotations

from mcheck.loading.errors import UsageError
from mcheck.loading.jobs import Job, compiled, only
from mcheck.loading.targets import Target, load

__all__ = ["Job", "Target", "UsageError", "compiled", "load", "only"]

"""From what a command line names to what is meant, and run: models, constants, properties."""

from __future__ import annotations

from mcheck.loading.choosing import Wanted, chosen
from mcheck.loading.errors import UsageError
from mcheck.loading.jobs import Job, loaded, only, prepared
from mcheck.loading.targets import Target, load

__all__ = ["Job", "Target", "UsageError", "Wanted", "chosen", "load", "loaded", "only", "prepared"]

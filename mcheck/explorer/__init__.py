"""Engines and what they share: search, verdict, trace, simulation, replay. They know no pages."""

from __future__ import annotations

from mcheck.explorer.engines import check
from mcheck.explorer.limits import Limits, Progress
from mcheck.explorer.recording import Recording, RecordingError, load, record, save
from mcheck.explorer.replay import Replayed, replay
from mcheck.explorer.result import Result, Verdict
from mcheck.explorer.simulate import simulate
from mcheck.explorer.trace import Change, Event, Trace

__all__ = [
    "Change",
    "Event",
    "Limits",
    "Progress",
    "Recording",
    "RecordingError",
    "Replayed",
    "Result",
    "Trace",
    "Verdict",
    "check",
    "load",
    "record",
    "replay",
    "save",
    "simulate",
]

"""Shows, at the end of a run, what was generated and which planted mistakes were found when."""

from __future__ import annotations

import pytest

REPORT = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session")
def report(request: pytest.FixtureRequest) -> list[str]:
    """Lines for the summary of the run."""
    return request.config.stash.setdefault(REPORT, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the lines that the tests left."""
    lines = config.stash.get(REPORT, list[str]())
    if lines:
        terminalreporter.section("generated programs")
        for line in lines:
            terminalreporter.write_line(line)

"""The wheel holds the package, and nothing else of the repository."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import mcheck

ROOT = Path(__file__).resolve().parents[2]


def test_the_wheel_holds_the_package_only(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", tmp_path],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert "mcheck/__init__.py" in names
    assert {name.split("/")[0] for name in names} == {
        "mcheck",
        f"mcheck-{mcheck.__version__}.dist-info",
    }

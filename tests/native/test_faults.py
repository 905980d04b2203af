"""The compiler and the cache fail in every way: a clear message, and never a wrong verdict."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mcheck.explorer import Result, Verdict, engines, native
from mcheck.explorer.native import compiler
from mcheck.lang.emit.python import PythonProgram
from tests.cli.running import mcheck
from tests.cli.toys import ROOT, toy
from tests.examples.listing import BY_NAME

pytestmark = pytest.mark.usefixtures("quickly")

INSTALL = "install gcc or clang (Debian: apt install gcc libc6-dev)"
SLOW = "searched in plain Python, which is slow: "


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that no other test has written to, and nothing that is known of compilers."""
    monkeypatch.setenv("MCHECK_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(engines, "SMALL", 2)
    compiler._version.cache_clear()
    compiler._scratch.cache_clear()
    return tmp_path / "cache"


def counters() -> PythonProgram:
    return BY_NAME["counters.counters"].compile()


def is_right(result: Result) -> bool:
    said = (result.verdict, result.states, result.transitions, result.depth)
    return said == (Verdict.HOLDS, 16, 16, 8)


def script(folder: Path, text: str) -> str:
    """A compiler that does what a text says, which is a shell's."""
    path = folder / "compiler"
    path.write_text(f"#!/bin/sh\ncase $1 in --version) exit 0;; esac\n{text}\n")
    path.chmod(0o755)
    return str(path)


def told(folder: Path, *said: str) -> None:
    """Insist on what both ways of asking for an engine say, where there is no native code."""
    path = toy(folder)
    made = mcheck("check", f"{path}:holding")
    assert (made.exit_code, made.stdout.splitlines()[0][:14]) == (0, "HOLDS holding:"), made.output
    assert "engine: reference" in made.stdout
    assert made.stderr.count("\n") == 1, made.stderr
    assert all(f"{SLOW}{text}" in made.stderr or text in made.stderr for text in said), made.stderr
    refused = mcheck("check", f"{path}:holding", "--engine", "native")
    assert refused.exit_code == 2, refused.output
    assert refused.stderr.count("\n") == 1, refused.stderr
    assert all(text in refused.stderr for text in said), refused.stderr
    for output in (made.output, refused.output):
        assert "Traceback" not in output and "internal error" not in output


# The compiler


def test_there_is_one(tmp_path: Path) -> None:
    made = mcheck("check", f"{toy(tmp_path)}:holding")
    assert (made.exit_code, made.stderr) == (0, "")
    assert "engine: native" in made.stdout


def test_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    told(tmp_path, "there is no C compiler", INSTALL)


def test_the_one_that_is_named_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "nowhere-to-be-found -O3")
    told(tmp_path, "$CC is nowhere-to-be-found, which is not found", INSTALL)


def test_the_one_that_is_named_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", 'gcc "-O3')
    told(tmp_path, "$CC")


def test_it_is_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "compiler"
    path.write_bytes(b"\x7fELF rubbish")
    path.chmod(0o755)
    monkeypatch.setenv("CC", str(path))
    told(tmp_path, "the C compiler cannot be run", "Exec format error")


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("echo 'model.c:1: error: cannot go on' >&2; exit 1", "error: cannot go on"),
        ("exit 1", "fails"),
        ("kill -KILL $$", "fails"),
        ("kill -SEGV $$", "fails"),
        ("exit 0", "cannot be"),
        ('for last; do :; done; echo rubbish > "$last"', "cannot be loaded"),
    ],
    ids=["fails", "fails silently", "is killed", "crashes", "writes nothing", "writes rubbish"],
)
def test_it_does_not_do_what_it_should(
    does: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", script(tmp_path, does))
    told(tmp_path, said)
    assert not list((tmp_path / "cache" / "models").glob(".new-*"))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_while_it_compiles_leaves_nothing(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", script(tmp_path, f"kill -INT {os.getpid()}; exec sleep 9"))
    with pytest.raises(KeyboardInterrupt):
        native.check(counters())
    assert not list((cache / "models").iterdir())


# The cache


def test_what_is_compiled_is_kept(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_right(native.check(counters()))
    (kept,) = (cache / "models").iterdir()
    assert kept.name.startswith("counters.") and kept.suffix == ".so"

    def never(*_: object) -> None:
        raise AssertionError("it is compiled again")

    monkeypatch.setattr(compiler, "_run", never)
    assert is_right(native.check(counters()))
    with pytest.raises(AssertionError):
        native.check(BY_NAME["refcount.refcount"].compile())


def read_only(cache: Path) -> None:
    """A file is where the folder should be: also root cannot write to it."""
    cache.write_text("")


def without_rights(cache: Path) -> None:
    cache.mkdir()
    cache.chmod(0o500)


@pytest.mark.parametrize("spoil", [read_only, without_rights])
def test_a_cache_that_cannot_be_written(
    spoil: Callable[[Path], None], cache: Path, tmp_path: Path
) -> None:
    spoil(cache)
    assert is_right(native.check(counters()))
    assert is_right(native.check(counters()))
    made = mcheck("check", f"{toy(tmp_path)}:holding", "--engine", "native")
    assert (made.exit_code, made.stderr) == (0, "")


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(compiler, "_run", full)
    told(tmp_path, "No space left on device")


def test_a_disk_that_is_full_where_the_cache_is(
    monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    run = compiler._run

    def full(command: list[str], text: str, path: Path) -> None:
        if path.is_relative_to(cache):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        run(command, text, path)

    monkeypatch.setattr(compiler, "_run", full)
    assert is_right(native.check(counters()))
    assert not list((cache / "models").iterdir())


FILES_OF = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)), resource.RLIM_INFINITY))
from mcheck.explorer import engines
engines.SMALL = 2
from mcheck.cli import main
main()
"""


@pytest.mark.parametrize("most", [100, 15_000])
@pytest.mark.parametrize("engine", ["auto", "native"])
def test_files_that_may_not_grow(most: int, engine: str, tmp_path: Path) -> None:
    """The text of the model does not fit, or what the compiler makes of it does not."""
    target = f"{toy(tmp_path)}:holding"
    made = subprocess.run(
        [sys.executable, "-c", FILES_OF, str(most), "check", target, "--engine", engine],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert made.returncode == (0 if engine == "auto" else 2), made
    assert made.stderr.count("\n") == 1 and "internal error" not in made.stderr, made.stderr


@pytest.mark.parametrize("left", [0, 5_000])
def test_a_damaged_file_in_the_cache_is_made_anew(cache: Path, left: int) -> None:
    assert is_right(native.check(counters()))
    (kept,) = (cache / "models").iterdir()
    whole = kept.read_bytes()
    kept.unlink()  # what this process has loaded stays as it is
    kept.write_bytes(whole[:left])
    # In a process of its own: loading half a library may end it.
    code = (
        "from tests.examples.listing import BY_NAME\nfrom mcheck.explorer import native\n"
        f"native.compiler._FLAGS = {compiler._FLAGS}\n"
        "print(native.check(BY_NAME['counters.counters'].compile()).states)"
    )
    made = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert (made.returncode, made.stdout) == (0, "16\n"), made
    assert len(kept.read_bytes()) > left


def test_a_library_of_something_else_is_made_anew(cache: Path) -> None:
    assert is_right(native.check(counters()))
    (kept,) = (cache / "models").iterdir()
    kept.unlink()
    other = cache / "other.c"
    other.write_text("int nothing;\n")
    subprocess.run([*compiler.compiler(), "-shared", "-fPIC", other, "-o", kept], check=True)
    assert is_right(native.check(counters()))


def test_several_processes_compile_the_same_model(cache: Path, tmp_path: Path) -> None:
    target = f"{toy(tmp_path)}:holding"
    words = [sys.executable, "-m", "mcheck", "check", target, "--engine", "native"]
    processes = [
        subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in processes:
        out, err = process.communicate(timeout=100)
        assert (process.returncode, err) == (0, ""), err
        assert out.startswith("HOLDS holding: ")
    assert [path.suffix for path in (cache / "models").iterdir()] == [".so"]


def test_one_that_is_killed_while_it_compiles_leaves_nothing_that_is_used(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("cc")
    slow = script(tmp_path, f'echo begun > {tmp_path}/begun; sleep 30; exec {real} "$@"')
    words = [sys.executable, "-m", "mcheck", "check", f"{toy(tmp_path)}:holding"]
    process = subprocess.Popen(
        [*words, "--engine", "native"],
        cwd=ROOT,
        env={**os.environ, "CC": slow},
        start_new_session=True,
    )
    while not (tmp_path / "begun").exists():
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=60)
    assert not list((cache / "models").glob("*.so"))
    made = mcheck("check", f"{toy(tmp_path)}:holding", "--engine", "native")
    assert (made.exit_code, made.stderr) == (0, "")

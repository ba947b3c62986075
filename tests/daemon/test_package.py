"""The installed wheel starts with nothing but its own dependencies."""

from __future__ import annotations

import sys
from pathlib import Path

import trio

from tests.support import process
from tests.support.process import ROOT, environment


async def test_the_wheel_starts_without_development_dependencies(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    python = str(venv / "bin" / "python")
    pip = ["-m", "pip", "--disable-pip-version-check", "--quiet"]
    wheels = [sys.executable, *pip, "wheel", "--no-deps", "--wheel-dir", str(tmp_path), "."]
    await trio.run_process(wheels, cwd=ROOT)
    await trio.run_process([sys.executable, "-m", "venv", str(venv)])
    (wheel,) = tmp_path.glob("reprise-*.whl")
    await trio.run_process([python, *pip, "install", str(wheel)])
    env = environment(tmp_path)
    del env["PYTHONPATH"]
    script = str(venv / "bin" / "reprise")
    missing = await trio.run_process(
        [python, "-c", "import pytest"], check=False, capture_stderr=True, cwd=tmp_path
    )
    assert missing.returncode != 0
    version = await trio.run_process([script, "--version"], capture_stdout=True, cwd=tmp_path)
    assert version.stdout.startswith(b"reprise, version")
    demo = await trio.run_process(
        [script, "demo", "--json", "--output", str(tmp_path / "out")],
        env=env,
        check=False,
        capture_stdout=True,
        capture_stderr=True,
        cwd=tmp_path,
    )
    assert demo.returncode == 0, demo.stderr.decode()
    assert process.Finished(0, demo.stdout.decode(), "").json["ok"] is True

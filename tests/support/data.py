"""Backups of a studio's data directory, and what a test wants to know of them."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli import main
from daemon.restoring import Restored, restore
from daemon.settings import Settings
from storage.backup import Written, write_backup
from storage.vault import KEY_FILE
from tests.support.clock import TestClock
from tests.support.process import Finished


def ignore(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


def save(settings: Settings, target: Path, clock: TestClock, *, with_key: bool = False) -> Written:
    """Back a data directory up."""
    key = (settings.data_dir / KEY_FILE).read_bytes() if with_key else None
    return write_backup(settings.data_dir, target, key=key, now=clock.now(), progress=ignore)


def bring_back(
    settings: Settings,
    source: Path,
    clock: TestClock,
    *,
    force: bool = True,
    hold_all: bool = False,
) -> Restored:
    """Restore a backup, as the command does."""
    return restore(
        settings, source, force=force, hold_all=hold_all, now=clock.now(), progress=ignore
    )


def files_of(directory: Path) -> dict[str, bytes]:
    """Return what is in a directory, but for the lock file, by relative path."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != "reprise.lock"
    }


class Commands:
    """Runs `reprise …` in the test's own process, which costs no start of Python."""

    def __init__(
        self,
        env: Mapping[str, str],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.env = env
        self._patch = monkeypatch
        self._capsys = capsys

    def __call__(self, *words: str, stdin: str = "") -> Finished:
        """Run one command to its end."""
        with self._patch.context() as patch:
            for name in [name for name in os.environ if name.startswith("REPRISE_")]:
                patch.delenv(name)
            for name, value in self.env.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["reprise", *words])
            patch.setattr(sys, "stdin", io.StringIO(stdin))
            self._capsys.readouterr()
            code = 0
            try:
                main()
            except SystemExit as leave:
                code = int(str(leave.code or 0))
            out, err = self._capsys.readouterr()
        return Finished(code, out, err)

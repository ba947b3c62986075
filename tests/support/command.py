"""`reprise` commands in the test's own process: a process of their own costs a second each."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

import trio

from cli import main
from daemon import data_dir
from tests.support.process import Finished
from tests.support.served import Served


async def command(*words: str, data: Path) -> Finished:
    """Run `reprise WORDS` on a data directory, in a thread."""
    env = {"REPRISE_DATA_DIR": str(data), "REPRISE_CONFIG": str(data / "none.toml")}
    (data / "none.toml").touch()
    return await trio.to_thread.run_sync(_run, words, env)


@contextmanager
def announced(served: Served) -> Iterator[Path]:
    """Let commands find the served daemon, as they find one that runs; yields its directory."""
    directory = served.studio.core.settings.data_dir
    with data_dir.held(directory) as announce:
        announce(served.url)
        yield directory


def _run(words: tuple[str, ...], env: Mapping[str, str]) -> Finished:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("REPRISE_")}
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        mock.patch.dict(os.environ, {**kept, **env}, clear=True),
        mock.patch.object(sys, "argv", ["reprise", *words]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
    return Finished(code, out.getvalue(), err.getvalue())

"""A sandbox's keys, made once: to make them takes longer than all else at its start."""

from __future__ import annotations

import shutil
from pathlib import Path


def with_keys(keys: Path, directory: Path) -> Path:
    """Make a directory for a sandbox, with the keys of another."""
    directory.mkdir()
    for file in keys.iterdir():
        if file.is_file():
            shutil.copy(file, directory / file.name)
    return directory

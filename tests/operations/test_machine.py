"""What the owner is told of the machine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from operations import machine


def test_a_file_that_goes_while_it_is_counted_takes_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    (media / "stays").write_bytes(b"12345")
    listed: list[tuple[str, list[str], list[str]]] = [(str(media), [], ["stays", "gone"])]
    monkeypatch.setattr(os, "walk", lambda _: listed)
    room = machine._room(tmp_path / "reprise.db", media)
    assert (room.files, room.media, room.database) == (1, 5, 0)

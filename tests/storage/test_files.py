"""Media on disk, named by content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from storage.files import MediaFolder


def test_the_same_bytes_are_kept_once(tmp_path: Path) -> None:
    folder = MediaFolder(tmp_path / "media")
    stored = []
    for _ in range(2):
        scratch = folder.scratch(".jpg")
        scratch.write_bytes(b"picture")
        stored.append(folder.adopt(scratch, ".jpg"))
        assert not scratch.exists()
    assert stored[0] == stored[1]
    digest = hashlib.sha256(b"picture").hexdigest()
    assert stored[0].path == f"{digest[:2]}/{digest}.jpg"
    assert stored[0].size == 7
    assert folder.path(stored[0].path).read_bytes() == b"picture"


def test_media_is_for_the_owner_only(tmp_path: Path) -> None:
    folder = MediaFolder(tmp_path / "media")
    scratch = folder.scratch()
    scratch.write_bytes(b"x")
    scratch.chmod(0o644)
    path = folder.path(folder.adopt(scratch, ".jpg").path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_what_a_crash_left_half_written_is_cleared(tmp_path: Path) -> None:
    folder = MediaFolder(tmp_path / "media")
    folder.scratch(".mp4").write_bytes(b"half")
    (folder.incoming / ".card-abc").mkdir()
    (folder.incoming / ".card-abc" / "card.jpg").write_bytes(b"half")
    assert folder.clear_incoming() == 2
    assert list(folder.incoming.iterdir()) == []

"""What a backup and a restore cost, with 10,000 posts and 2 GB of media.

Run: `python -m bench.backup [--json] [--posts N] [--gb N]`. Beside them, in the same run, a plain
`tar` of the same folder and what it takes to read it again and hash it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench import _posts
from daemon.restoring import restore
from daemon.settings import Settings
from ground.clock import utc_now
from storage import users
from storage.backup import write_backup
from storage.files import MediaFolder
from storage.store import open_directly, transaction

_FILE = 512 * 1024  # most files are photos


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--gb", type=float, default=2.0)
    options = parser.parse_args()
    figures = measure(options.posts, int(options.gb * 1e9))
    print(json.dumps(figures, indent=2) if options.json else as_text(figures))


def measure(posts: int, media_bytes: int) -> dict[str, Any]:
    """Fill a data directory, save it, and restore it into another one."""
    with TemporaryDirectory(dir=Path.cwd()) as temporary:
        place = Path(temporary)
        data = place / "data"
        files = fill(data, posts, media_bytes)
        archive, peer = place / "backup.tar", place / "peer.tar"
        peer_s = timed(lambda: run("tar", "-cf", str(peer), "-C", str(data), "."), sync=True)
        hash_s = timed(lambda: hash_of(peer))
        peer.unlink()
        ignore: Callable[[int, int], None] = lambda _done, _total: None  # noqa: E731
        backup_s = timed(
            lambda: write_backup(data, archive, key=None, now=utc_now(), progress=ignore)
        )
        settings = Settings(data_dir=place / "restored")
        restore_s = timed(
            lambda: restore(
                settings, archive, force=False, hold_all=False, now=utc_now(), progress=ignore
            )
        )
        return {
            "posts": posts,
            "media_files": files,
            "database_mb": (data / "reprise.db").stat().st_size / 1e6,
            "backup_mb": archive.stat().st_size / 1e6,
            "backup_s": backup_s,
            "restore_s": restore_s,
            "plain_tar_s": peer_s,
            "plain_sha256_s": hash_s,
        }


def fill(data: Path, posts: int, media_bytes: int) -> int:
    """Make posts, and media that no compression makes smaller."""
    data.mkdir()
    database = data / "reprise.db"
    with open_directly(database) as db, transaction(db):
        users.ensure_owner(db, utc_now())
    _posts.fill(database, posts)
    root = MediaFolder(data / "media").root
    count = max(1, media_bytes // _FILE)
    for _ in range(count):
        content = os.urandom(_FILE)
        name = hashlib.sha256(content).hexdigest()
        (root / name[:2]).mkdir(exist_ok=True)
        (root / name[:2] / f"{name}.jpg").write_bytes(content)
    os.sync()
    return count


def timed(work: Callable[[], object], *, sync: bool = False) -> float:
    """Return how long `work` takes; with `sync` until all of it is on the disk."""
    started = time.perf_counter()
    work()
    if sync:
        os.sync()
    return time.perf_counter() - started


def run(*command: str) -> None:
    subprocess.run(command, check=True)


def hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_text(figures: dict[str, Any]) -> str:
    return "\n".join(
        [
            "{posts:,} posts ({database_mb:.0f} MB), {media_files:,} media files".format_map(
                figures
            ),
            "backup  {backup_mb:8.0f} MB {backup_s:8.1f} s".format_map(figures),
            "restore {backup_mb:8.0f} MB {restore_s:8.1f} s".format_map(figures),
            "beside: plain tar {plain_tar_s:.1f} s, its SHA-256 {plain_sha256_s:.1f} s".format_map(
                figures
            ),
        ]
    )


if __name__ == "__main__":
    main()

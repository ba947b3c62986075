"""The machine: room on the disk, private files, a media child that works, a zone that is known."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from daemon.doctor.finding import Finding, ok, problem, warning
from daemon.doctor.site import Site, in_thread, is_private
from daemon.settings import config_file
from daemon.zone import zone_of_this_machine
from media.errors import MediaError, MediaInvalid
from media.render import examine_video
from storage import repost_configs
from storage.vault import present_key

_LOW = 1 << 30
_FULL = 100 << 20
_WORKER_S = 8.0


async def disk(site: Site) -> list[Finding]:
    """Room for uploads, cards and the database's log."""
    place = _existing(site.settings.data_dir)
    free = (await in_thread(shutil.disk_usage, place)).free
    text = f"{free / 1e9:.1f} GB free at {place}"
    mend = "free some, or set REPRISE_DATA_DIR to a larger disk"
    if free < _FULL:
        return [problem(text, mend)]
    return [warning(text, mend) if free < _LOW else ok(text)]


async def permissions(site: Site) -> list[Finding]:
    """The data directory and what is secret in it belong to one user and nobody else."""
    found = await in_thread(lambda: list(_exposed(site)))
    return found or [ok("only you can read the data directory and the key")]


def _exposed(site: Site) -> Iterator[Finding]:
    settings = site.settings
    if settings.data_dir.exists() and not is_private(settings.data_dir):
        yield problem(f"others can look into {settings.data_dir}", f"chmod 700 {settings.data_dir}")
    database = settings.database
    secret = [present_key(settings.data_dir), database]
    secret += [database.with_name(database.name + end) for end in ("-wal", "-shm")]
    for path in secret:
        if path is not None and path.exists() and not is_private(path):
            yield problem(f"others can read {path}", f"chmod 600 {path}")
    config = config_file(site.environ)
    holds_secret = settings.facebook_app_secret or "@" in (settings.proxy or "")
    if config and config.exists() and holds_secret and not is_private(config):
        yield warning(f"others can read {config}, which may hold a secret", f"chmod 600 {config}")


async def media(_: Site) -> list[Finding]:
    """The child process for photos and videos starts, and refuses what is no video."""
    with TemporaryDirectory(prefix="reprise-doctor-") as folder:
        file = Path(folder) / "no-video.mp4"
        file.write_bytes(b"this is no video")
        try:
            await examine_video(file, Path(folder) / "poster.jpg", timeout_s=_WORKER_S)
        except MediaInvalid:
            return [ok("the child process for videos works")]
        except MediaError as error:
            return [
                problem(
                    f"the child process for videos does not work: {error.reason}",
                    "install Reprise again: pip install --force-reinstall reprise",
                )
            ]
    return [problem("the child process for videos takes anything for a video")]


async def timezone(site: Site) -> list[Finding]:
    """Accounts sleep where their owner does, not in a UTC that nobody has chosen."""
    here = zone_of_this_machine()
    configs = await in_thread(site.read, repost_configs.every) or []
    elsewhere = ZoneInfo(here).utcoffset(site.clock.now().replace(tzinfo=None)) != timedelta(0)
    if elsewhere and any(config.is_enabled and config.timezone == "UTC" for config in configs):
        return [
            warning(
                f"this machine is in {here}, but the sleep window of an account is in UTC",
                f"reprise enable --username NAME --timezone {here}",
            )
        ]
    return [ok(f"this machine is in {here}")]


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path

"""Uploads as bytes: multipart bodies made by hand, and what must hold for every answer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from tests.media.samples import make_video
from tests.support.limits import DEADLOCK_S
from tests.support.outside import Outside, outside

REFUSALS = {
    "UPLOAD_ERROR",
    "MEDIA_INVALID",
    "PROCESSING_FAILED",
    "VIDEO_PROCESSING_FAILED",
    "UNSUPPORTED_MEDIA_TYPE",
}
BOUNDARY = "b0undary"


@dataclass(frozen=True)
class Uploads:
    """A daemon to upload to, with real files to damage."""

    daemon: Outside
    client: httpx.Client
    samples: dict[str, bytes]

    def post(self, body: bytes, content_type: str) -> httpx.Response:
        headers = {"Content-Type": content_type, **self.daemon.headers}
        return self.client.post("/api/v1/media/upload", content=body, headers=headers)

    def send(self, body: bytes, content_type: str = "") -> dict[str, Any]:
        """Send a body; the answer must be a file or a refusal that leaves nothing behind."""
        kind = content_type or f"multipart/form-data; boundary={BOUNDARY}"
        before = self.daemon.rows(), self.files()
        answer = self.post(body, kind)
        found: dict[str, Any] = answer.json()
        if answer.status_code == 201:
            assert len(found["originalFilename"]) <= 255
            assert found["originalFilename"].isprintable()
            assert "/" not in found["originalFilename"]
        else:
            assert set(found) == {"error", "code", "status"}, found
            assert answer.status_code in (400, 413, 415, 422), found
            assert found["code"] in REFUSALS
            assert (self.daemon.rows(), self.files()) == before, found
        return found

    def files(self) -> set[Path]:
        """Return everything around the daemon's data but the database's own files."""
        directory = self.daemon.database.parent.parent
        return {p for p in directory.rglob("*") if p.is_file() and ".db" not in p.name}


@contextmanager
def uploading(directory: Path, keys: Path) -> Iterator[Uploads]:
    """Run a daemon to upload to; it must log no error."""
    made = directory / "samples"
    made.mkdir()
    with outside(directory, keys) as daemon:
        with httpx.Client(base_url=daemon.url, trust_env=False, timeout=DEADLOCK_S) as client:
            yield Uploads(daemon, client, samples(made))
        assert " ERROR " not in daemon.log.read_text()


def samples(directory: Path) -> dict[str, bytes]:
    """Make one small file of each kind."""
    made: dict[str, bytes] = {}
    for kind in ("JPEG", "PNG", "WEBP", "AVIF"):
        content = io.BytesIO()
        Image.linear_gradient("L").convert("RGB").save(content, kind)
        made[kind] = content.getvalue()
    for kind in ("mp4", "mov", "mkv", "avi"):
        path = make_video(directory / f"video.{kind}", seconds=0.2, sound=None)
        made[kind] = path.read_bytes()
    return made


def part(
    content: bytes, disposition: str = 'name="file"; filename="a.jpg"', more: str = ""
) -> bytes:
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n{more}\r\n"
    return head.encode("utf-8", "surrogatepass") + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()

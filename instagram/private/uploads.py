"""Sending bytes to Instagram (`rupload`); nobody sees them before they are configured.

aiograpi's own upload methods choose the upload id themselves, re-encode images in the event
loop and cannot be given a time limit. The id must be ours and recorded before the bytes
leave, because it is how a story is recognised after a crash.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import uuid4

import trio
import trio_asyncio
from aiograpi import config
from aiograpi import exceptions as ig

from instagram import errors
from instagram.fields import mapping
from instagram.private.client import PrivateClient
from instagram.private.held import held_against

_SLOWEST_BYTES_PER_S = 50_000
_LEAST_LIMIT_S = 45.0
_RETRY_CONTEXT = '{"num_step_auto_retry":0,"num_reupload":0,"num_step_manual_retry":0}'


async def upload_photo(
    client: PrivateClient, file: Path, upload_id: str, *, in_album: bool = False
) -> None:
    """Upload a JPEG that already has its final form: a photo, or the cover of a video."""
    params = {
        "retry_context": _RETRY_CONTEXT,
        "media_type": "1",
        "xsharing_user_ids": "[]",
        "upload_id": upload_id,
        "image_compression": '{"lib_name":"moz","lib_version":"3.1.m","quality":"80"}',
    }
    if in_album:
        params["is_sidecar"] = "1"
    headers = {"X_FB_PHOTO_WATERFALL_ID": str(uuid4()), "X-Entity-Type": "image/jpeg"}
    await _send(client, "rupload_igphoto", file, upload_id, params, headers)


class VideoUse(Enum):
    """What an uploaded video is to become."""

    STORY = "a story"
    ALBUM = "part of an album"
    REEL = "a Reel"


# What Instagram's app says of a video beside its id and sizes.
_VIDEO_PARAMETERS = {
    VideoUse.STORY: {
        "extract_cover_frame": "1",
        "content_tags": "has-overlay",
        "for_album": "1",
    },
    VideoUse.ALBUM: {"is_sidecar": "1"},
    VideoUse.REEL: {
        "provenance_metadata": '{"origin":["EXTERNAL"]}',
        "share_type": "reels",
        "extract_cover_frame": "1",
        "is_clips_video": "1",
        "is_optimistic_upload": "true",
        "content_tags": "use_default_cover",
    },
}


async def upload_video(
    client: PrivateClient,
    file: Path,
    upload_id: str,
    size: tuple[int, int],
    duration_s: float,
    use: VideoUse,
) -> None:
    """Upload an MP4 that already has its final form."""
    params = {
        **_VIDEO_PARAMETERS[use],
        "retry_context": _RETRY_CONTEXT,
        "media_type": "2",
        "xsharing_user_ids": json.dumps([client.user_id]),
        "upload_id": upload_id,
        "upload_media_duration_ms": str(int(duration_s * 1000)),
        "upload_media_width": str(size[0]),
        "upload_media_height": str(size[1]),
    }
    headers = {"X_FB_VIDEO_WATERFALL_ID": str(uuid4()), "X-Entity-Type": "video/mp4"}
    if use is not VideoUse.STORY:
        headers |= {"Segment-Start-Offset": "0", "Segment-Type": "3"}
    await _send(client, "rupload_igvideo", file, upload_id, params, headers, ask_first=True)


async def _send(
    client: PrivateClient,
    kind: str,
    file: Path,
    upload_id: str,
    params: Mapping[str, str],
    headers: Mapping[str, str],
    *,
    ask_first: bool = False,
) -> None:
    name = f"{upload_id}_0_{random.randint(1_000_000_000, 9_999_999_999)}"
    url = f"https://{config.API_DOMAIN}/{kind}/{name}"
    rupload = {"X-Instagram-Rupload-Params": json.dumps(params), **headers}
    if ask_first:
        asked = await client.private.get(url, headers=client.private_headers(rupload))
        _check(asked)
    content = await _read(file)
    sent = await client.private.post(
        url,
        content=content,
        headers=client.private_headers(
            {
                **rupload,
                "Accept-Encoding": "gzip",
                "Offset": "0",
                "X-Entity-Name": name,
                "X-Entity-Length": str(len(content)),
                "Content-Type": "application/octet-stream",
                "Content-Length": str(len(content)),
            }
        ),
        timeout=_LEAST_LIMIT_S + len(content) / _SLOWEST_BYTES_PER_S,
    )
    _check(sent)


def limit_s(size: int) -> float:
    """Return the time after which an upload of `size` bytes is given up."""
    # curl takes the pair of limits above as one total.
    return 2 * (_LEAST_LIMIT_S + size / _SLOWEST_BYTES_PER_S) + 30


async def _read(file: Path) -> bytes:
    try:
        content: bytes = await trio_asyncio.trio_as_aio(trio.to_thread.run_sync)(file.read_bytes)
    except FileNotFoundError as gone:
        raise errors.FileGone("The media of this post was deleted") from gone
    return content


def _check(response: Any) -> None:
    status = response.status_code
    try:
        answer = response.json()
    except ValueError:
        answer = None
    # Bytes that only a gateway has taken would be missing when they are to go live.
    is_taken = status == 200 and isinstance(answer, dict) and answer.get("status") != "fail"
    if is_taken and held_against(answer) is None:
        return
    # A 4xx is about these bytes, or about the account: the answer's message tells which. Only
    # of its other calls does aiograpi read it.
    message = str(mapping(answer).get("message") or "")
    if (held := held_against(answer)) is not None:
        raise held(message, response=response)
    if status == 429:
        raise ig.ClientThrottledError(message, response=response)
    raise ig.ClientError(f"rupload {status}", response=response)

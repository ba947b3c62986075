"""What Meta does with a container between its making and its publishing."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path

import trio

from sandbox.graph.failures import GRAPH_ERRORS, GraphRefusal
from sandbox.graph.fetch import fetch
from sandbox.graph.rules import LARGEST_IMAGE, LARGEST_VIDEO, check_clip, check_image
from sandbox.world.draft import Part
from sandbox.world.graph_container import Container
from sandbox.world.ledger import Ledger
from sandbox.world.world import World

logger = logging.getLogger(__name__)


async def process(container: Container, world: World, ledger: Ledger) -> None:
    """Fetch and check a container's media. Never raises: the container tells how it ended."""
    try:
        if container.account.processing_errors:
            raise GraphRefusal(container.account.processing_errors.pop(0))
        file = await _received(container, world)
        container.part = await _checked(container, world, file)
    except GraphRefusal as refusal:
        container.error = refusal.error
    except Exception:
        logger.exception("processing failed container=%s", container.id)
        container.error = GRAPH_ERRORS["server_error"]
    ledger.changed()


async def _received(container: Container, world: World) -> Path:
    if container.transfer is not None:
        return container.transfer.file
    if container.wants == "photo":
        return await _fetch_image(world, container.parameters["image_url"])
    file = world.new_upload_path(".mp4")
    url = container.parameters["video_url"]
    largest = LARGEST_VIDEO[container.product]
    await fetch(world, url, file, largest=largest, too_large="video_format")
    return file


async def _fetch_image(world: World, url: str) -> Path:
    file = world.new_upload_path(".jpg")
    await fetch(world, url, file, largest=LARGEST_IMAGE, too_large="image_too_large")
    return file


async def _checked(container: Container, world: World, file: Path) -> Part:
    if container.wants == "photo":
        scaled = world.new_upload_path(".jpg")
        check = partial(check_image, file, scaled, container.product)
        kept, facts = await trio.to_thread.run_sync(check)
        return Part(file=kept, probe=facts, tags=container.tags)
    facts = await trio.to_thread.run_sync(check_clip, file, container.product)
    offset_ms = container.parameters.get("thumb_offset")
    cover_url = container.parameters.get("cover_url")
    cover = None
    if cover_url:
        cover = await _fetch_image(world, cover_url)
        # A cover may have any shape: it is cropped.
        scaled = world.new_upload_path(".jpg")
        cover, _ = await trio.to_thread.run_sync(check_image, cover, scaled, "story")
    elif offset_ms is not None and float(offset_ms) > (facts.duration or 0) * 1000:
        raise GraphRefusal("thumb_offset")
    return Part(file=file, probe=facts, cover=cover, tags=container.tags)

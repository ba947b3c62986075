"""The house of a studio: its operations, without any face."""

from __future__ import annotations

from daemon.house import house_of as house
from daemon.publishing import build_publishing
from operations.house import House
from tests.support.studio import Studio


async def house_of(studio: Studio) -> House:
    """Return the operations' house on a studio's store, gateways and engine."""
    publishing = await build_publishing(studio.core, studio.folder)
    return house(studio.core, publishing, studio.engine)

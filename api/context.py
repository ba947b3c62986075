"""What handlers work with: one frozen value, given to the app by the composition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from api.arrival import Door
from api.guesses import Guesses
from api.rate_limits import RateLimits
from api.session_cookie import SessionCookies
from api.system import SystemInfo
from api.turn import OncePerTurn
from operations.house import House
from publish.library import MediaLibrary
from publish.media_links import MediaLinks
from storage.files import MediaFolder
from storage.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiContext:
    """What belongs to this face alone; all else is the operations' house."""

    house: House
    limits: RateLimits
    cookies: SessionCookies
    uptime_s: Callable[[], float]
    services: Callable[[], Mapping[str, str]]
    troubles: Callable[[], Mapping[str, str]]
    system: SystemInfo
    record_key_use: Callable[[str], None]
    user_id: str
    door: Door
    guesses: Guesses
    max_upload_bytes: int
    development: bool
    standing: OncePerTurn[tuple[bool, dict[str, str]]] = field(default_factory=OncePerTurn)

    @property
    def store(self) -> Store:
        return self.house.store

    @property
    def folder(self) -> MediaFolder:
        return self.house.folder

    @property
    def library(self) -> MediaLibrary:
        return self.house.library

    @property
    def links(self) -> MediaLinks:
        return self.house.links

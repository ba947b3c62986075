"""What handlers work with: one frozen value, given to the app by the composition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from accounts.client_options import OptionsDesk
from accounts.logins import LoginDesk
from accounts.tokens import TokenCare
from api.rate_limits import RateLimits
from api.session_cookie import SessionCookies
from api.system import SystemInfo
from operations.house import House
from publish.advice import Adviser
from publish.library import MediaLibrary
from publish.media_links import MediaLinks
from publish.removal import Remover
from publish.scheduler import Scheduler
from repost.engine import RepostEngine
from storage.files import MediaFolder
from storage.store import Store
from storage.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiContext:
    house: House
    store: Store
    vault: Vault
    logins: LoginDesk
    options: OptionsDesk
    tokens: TokenCare
    engine: RepostEngine
    scheduler: Scheduler
    library: MediaLibrary
    remover: Remover
    links: MediaLinks
    adviser: Adviser
    folder: MediaFolder
    limits: RateLimits
    cookies: SessionCookies
    uptime_s: Callable[[], float]
    services: Callable[[], Mapping[str, str]]
    troubles: Callable[[], Mapping[str, str]]
    system: SystemInfo
    record_key_use: Callable[[str], None]
    user_id: str
    hosts: frozenset[str]
    max_upload_bytes: int
    app_version: str
    development: bool

"""Sessions made elsewhere: a browser's `sessionid`, or a settings file of aiograpi or instagrapi.

Only what belongs to an account and its device is taken; what belongs to the process it came
from (certificates, timeouts, transports) is left behind.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from pydantic import BaseModel, ValidationError

MAX_BYTES = 256 * 1024
_SESSIONID = re.compile(r"(\d{1,20}):[\x21-\x7e]{16,}")


class _Settings(BaseModel):
    """The keys of `Client.get_settings()` that are taken over, and their types."""

    uuids: dict[str, str] = {}
    mid: str | None = None
    ig_u_rur: str | None = None
    ig_www_claim: str | None = None
    authorization_data: dict[str, str | int | bool | None] = {}
    cookies: dict[str, str] = {}
    last_login: float | None = None
    device_settings: dict[str, str | int | None] | None = None
    user_agent: str | None = None
    country: str = "US"
    country_code: int = 1
    locale: str = "en_US"
    timezone_offset: int = 0
    timezone_name: str = ""
    push_disabled: bool = True
    public_user_agent: str | None = None
    public_graphql_user_agent: str | None = None
    usdid: dict[str, str | bool | None] | None = None


def session_of_cookie(sessionid: str) -> dict[str, Any]:
    """Return the session of a `sessionid` cookie; raises `ValueError`."""
    plain = unquote(sessionid.strip())
    found = _SESSIONID.fullmatch(plain)
    if found is None:
        raise ValueError("it is no sessionid: digits, a colon (or %3A) and a long token")
    cookie = quote(plain, safe="")
    user_id = found.group(1)
    return {
        "authorization_data": {
            "ds_user_id": user_id,
            "sessionid": cookie,
            "should_use_header_over_cookies": True,
        },
        "cookies": {"sessionid": cookie, "ds_user_id": user_id},
    }


def session_of_settings(settings: Mapping[str, Any] | str | bytes) -> dict[str, Any]:
    """Return the session of a settings file, given as its text or decoded.

    Raises `ValueError`, which repeats nothing of the file.
    """
    if isinstance(settings, (str, bytes)) and len(settings) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // 1024} kB")
    try:
        if isinstance(settings, (str, bytes)):
            known = _Settings.model_validate_json(_without_mark(settings))
        else:
            known = _Settings.model_validate(settings)
    except ValidationError as invalid:
        first = invalid.errors(include_input=False, include_context=False)[0]
        where = str(first["loc"][0]) if first["loc"] else "the file"
        raise ValueError(f"it is no settings file of aiograpi ({where})") from None
    session = known.model_dump(exclude_unset=True)
    if not (
        known.authorization_data.get("sessionid") and known.authorization_data.get("ds_user_id")
    ):
        session |= session_of_cookie(known.cookies.get("sessionid", ""))
    device = {k: v for k, v in (known.device_settings or {}).items() if v is not None}
    if not device.get("bloks_versioning_id"):
        # Of a client too old for today's login: the phone stays, the app on it is updated.
        device = {k: v for k, v in device.items() if k not in ("app_version", "version_code")}
        session.pop("user_agent", None)
    return session | {"device_settings": device}


def _without_mark(text: str | bytes) -> str | bytes:
    """Return a text without the byte order mark that Windows' editors begin a file with."""
    if isinstance(text, bytes):
        return text.removeprefix(codecs.BOM_UTF8)
    return text.removeprefix("\ufeff")

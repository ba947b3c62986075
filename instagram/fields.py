"""The values in Instagram's JSON, each read for what it may be: a wrong one is an absent one.

Only who cannot do without a value refuses its absence; one odd field costs nothing else.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeGuard

Json = Mapping[str, Any]
_NAME = re.compile(r"(?!\.+$)[A-Za-z0-9._]{1,30}")
_TOKEN = re.compile(r"[!-~]{1,4096}")
_SEGMENT = re.compile(r"[A-Za-z0-9_.~:@=,-]+")
_DECIMAL = re.compile(r"-?\d{1,20}(\.\d{1,20})?")
_LONGEST_ID = 64
_NOT_STORABLE = 2**63
_LONGEST_TEXT = 5_000
# Before there was an Instagram, and after anybody reads this, nothing happens on it.
_EARLIEST, _LATEST = datetime(2010, 10, 6, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def mapping(value: object) -> Json:
    """Return an object, an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def entries(value: object) -> list[Json]:
    """Return the objects of a list, none for anything else."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def number_of(value: object) -> int | None:
    """Return a whole number that is not negative and can be stored, given as such or in digits."""
    digits = identifier(value)
    return int(digits) if digits and int(digits) < _NOT_STORABLE else None


def identifier(value: object) -> str:
    """Return an id, which is digits whether Instagram writes a number or a text; else ""."""
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        return ""
    if isinstance(value, int) and not 0 <= value < 10**_LONGEST_ID:
        return ""
    text = str(value)
    return text if text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID else ""


def first_identifier(*values: object) -> str:
    """Return the first of several values that is an id; else ""."""
    return next(filter(None, map(identifier, values)), "")


def moment(value: object) -> datetime | None:
    """Return a time that is given in seconds, milliseconds or microseconds."""
    number = int(value) if isinstance(value, float) and 0 < value < 1e18 else number_of(value)
    if not number:
        return None
    if number > 10**14:
        number //= 1_000_000
    elif number > 10**11:
        number //= 1_000
    try:
        at = datetime.fromtimestamp(number, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if _EARLIEST <= at < _LATEST else None


def username(value: object) -> str:
    """Return a name as Instagram gives them out; "" for anything else.

    A name ends up on cards, in mentions and in the names of files: one that was repaired would
    be somebody else's.
    """
    return value if isinstance(value, str) and _NAME.fullmatch(value) else ""


def is_login_name(text: str) -> bool:
    """Say whether somebody logs in with a name, and not with an address or a number."""
    return "@" not in text and not text.lstrip("+").isdigit()


def is_plain_path(path: str) -> bool:
    """Whether a path is what it looks like: no step up, no query, nothing to be decoded.

    Ids and names become parts of paths; one with a slash and dots in it would reach any other
    endpoint in the name of the account.
    """
    parts = path.removeprefix("/").removesuffix("/").split("/")
    return all(_SEGMENT.fullmatch(part) and part not in (".", "..") for part in parts)


def is_token(value: object) -> TypeGuard[str]:
    """Whether a value can be a token: visible ASCII, which a header takes as it is."""
    return isinstance(value, str) and _TOKEN.fullmatch(value) is not None


def first_username(*values: object) -> str:
    """Return the first of several values that is a name; else ""."""
    return next(filter(None, map(username, values)), "")


def text(value: object) -> str:
    """Return what somebody wrote, no longer than anything on Instagram is; "" where that is odd."""
    return value[:_LONGEST_TEXT] if isinstance(value, str) else ""


def read_of(text: str) -> str:
    """Return what is read of a text, which is how two captions are compared.

    Instagram trims them, and writes line ends, spaces and composed letters in its own way.
    """
    whole = unicodedata.normalize("NFC", text)
    return "".join(each for each in whole if each.isprintable() and each not in " \ufffd")


def numeric(value: object) -> float | None:
    """Return a number, given as such or in digits; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str):
        value = float(value) if _DECIMAL.fullmatch(value) else math.nan
    return float(value) if abs(value) < 1e9 else None


def addresses(versions: object) -> tuple[str, ...]:
    """Return the addresses of the versions of a picture or video, the largest first."""
    usable = [each for each in entries(versions) if isinstance(each.get("url"), str)]
    ordered = sorted(usable, key=_area, reverse=True)
    return tuple(filter(None, (each["url"].strip() for each in ordered)))


def items_of(answer: object, name: str = "items") -> Sequence[object]:
    """Return a list of an answer, whatever is in it; raises ValueError where there is none."""
    found = mapping(answer).get(name)
    if not isinstance(found, list):
        raise ValueError(f"an answer without its {name}")
    return found


def _area(version: Json) -> int:
    return (number_of(version.get("width")) or 0) * (number_of(version.get("height")) or 0)

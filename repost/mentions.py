"""Story mentions in Instagram's raw JSON. Pure, and never raising: odd items are counted.

A story that mentions the account arrives as a direct message (`xma_reel_mention`, or
`reel_share` of type `mention` from older apps) and in the activity inbox.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

Json = Mapping[str, Any]
_ODD = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, OSError)
_FORWARDS = ("xma_story_share", "story_share")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Somebody's story that mentions the account. `story_pk` is None once it has expired."""

    story_pk: str | None
    item_id: str | None
    author_pk: str
    author_username: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """What paging needs to know of a thread; times are None where Instagram gave none."""

    thread_id: str
    last_activity: datetime | None
    oldest_item: datetime | None
    older_cursor: str | None
    pinned: bool = False


@dataclass(slots=True)
class Page:
    """What one page of an inbox holds; `at` is Instagram's own time of it, where it says so."""

    mentions: list[Mention] = field(default_factory=list)
    threads: list[Thread] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)
    cursor: str | None = None
    at: datetime | None = None


def parse_inbox(answer: object, viewer_pk: str, source: str = "inbox") -> Page:
    """Return the mentions on a page of the inbox or of the message requests."""
    page = Page(at=_moment_or_none(_mapping(answer).get("snapshot_at_ms")))
    box = _mapping(_mapping(answer).get("inbox"))
    cursor = box.get("oldest_cursor")
    if box.get("has_older", True) and isinstance(cursor, str) and cursor:
        page.cursor = cursor
    for thread in _items(box.get("threads")):
        _read_thread(thread, viewer_pk, source, page)
    return page


def parse_thread(answer: object, viewer_pk: str, source: str = "inbox") -> Page:
    """Return the mentions on a page of one thread; the older cursor is in `threads[0]`."""
    page = Page()
    _read_thread(_mapping(answer).get("thread"), viewer_pk, source, page)
    return page


def parse_activity(answer: object, viewer_pk: str) -> Page:
    """Return the stories that the activity inbox says mention the account."""
    page = Page()
    section = _mapping(_mapping(answer).get("story_mentions"))
    for reel in _items(section.get("reels")):
        for item in _items(_mapping(reel).get("items")):
            try:
                if not _mentions(item, viewer_pk):
                    continue
                owner = _mapping(item.get("user")) or _mapping(reel["user"])
                page.mentions.append(
                    Mention(
                        story_pk=_digits(item["pk"]),
                        item_id=None,
                        author_pk=_digits(owner["pk"]),
                        author_username=_username(owner.get("username")),
                        at=_moment(item["taken_at"]),
                        source="activity",
                    )
                )
            except _ODD:
                page.passed_over["odd"] += 1
    return page


def _read_thread(thread: object, viewer_pk: str, source: str, page: Page) -> None:
    known = _mapping(thread)
    names = _names(known.get("users"))
    times: list[datetime] = []
    for item in _items(known.get("items")):
        try:
            times.append(_moment(item["timestamp"]))
            found = list(_read_item(item, viewer_pk, source, page.passed_over))
        except _ODD:
            page.passed_over["odd"] += 1
        else:
            page.mentions += (_named(mention, names) for mention in found)
    cursor = known.get("oldest_cursor")
    page.threads.append(
        Thread(
            thread_id=str(known.get("thread_id") or ""),
            last_activity=_moment_or_none(known.get("last_activity_at")),
            oldest_item=min(times, default=None),
            older_cursor=cursor if known.get("has_older") and isinstance(cursor, str) else None,
            pinned=known.get("is_pin") is True,
        )
    )


def _names(users: object) -> dict[str, str]:
    """Return the names that people have now; a link keeps the name they had when it was sent."""
    people = [_mapping(user) for user in _items(users)]
    return {str(person.get("pk")): _username(person.get("username")) for person in people}


def _named(mention: Mention, names: Mapping[str, str]) -> Mention:
    return replace(mention, author_username=names.get(mention.author_pk) or mention.author_username)


def _read_item(
    item: Json, viewer_pk: str, source: str, passed_over: Counter[str]
) -> Iterator[Mention]:
    kind = item["item_type"]
    sender = str(item["user_id"])
    if item.get("is_sent_by_viewer") or sender == viewer_pk:
        passed_over["own"] += 1
    elif kind == "xma_reel_mention":
        shares = item.get("xma_reel_mention") or item.get("generic_xma") or []
        for share in _items(shares):
            yield _from_share(share, item, sender, source)
    elif kind == "reel_share":
        share = item["reel_share"]
        if share["type"] != "mention":
            passed_over[str(share["type"])] += 1
        elif str(share.get("mentioned_user_id") or viewer_pk) != viewer_pk:
            passed_over["other account"] += 1
        else:
            yield _from_legacy(share, item, sender, source)
    else:
        passed_over["forward" if kind in _FORWARDS else "other"] += 1


def _from_share(share: Json, item: Json, sender: str, source: str) -> Mention:
    username, story_pk = _story_of_url(share.get("target_url"))
    return Mention(
        story_pk=story_pk,
        item_id=str(item["item_id"]),
        author_pk=_digits(sender),
        author_username=username or _username(share.get("header_title_text")),
        at=_moment(item["timestamp"]),
        source=source,
    )


def _from_legacy(share: Json, item: Json, sender: str, source: str) -> Mention:
    media = share.get("media") or {}
    alive = media.get("image_versions2") or media.get("video_versions")
    owner = _mapping(media.get("user"))
    return Mention(
        story_pk=_digits(media["pk"]) if alive else None,
        item_id=str(item["item_id"]),
        author_pk=_digits(share.get("reel_owner_id") or owner.get("pk") or sender),
        author_username=_username(owner.get("username")),
        at=_moment(item["timestamp"]),
        source=source,
    )


def _story_of_url(url: object) -> tuple[str, str | None]:
    """Return username and story pk of `https://www.instagram.com/stories/<name>/<pk>?…`."""
    if not url:
        return "", None
    if not isinstance(url, str):
        raise TypeError("target_url is no text")
    parts = [part for part in urlsplit(url).path.split("/") if part]
    # The last numeric part: a username may be all digits too.
    if len(parts) < 3 or parts[0] != "stories":
        raise ValueError("not the address of a story")
    return _username(parts[1]), _digits(parts[-1])


def _mentions(item: Json, viewer_pk: str) -> bool:
    mentions = item.get("reel_mentions") or []
    return any(str(mention["user"]["pk"]) == viewer_pk for mention in mentions)


def _mapping(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _items(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _digits(value: object) -> str:
    text = str(value)
    if isinstance(value, (bool, float)) or not (text.isascii() and text.isdigit()):
        raise ValueError("not an id")
    return text


def _username(value: object) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: object) -> datetime:
    """Return a time that Instagram gives in microseconds, milliseconds or seconds."""
    number = int(_digits(value))
    if number > 10**14:
        number //= 1_000_000
    elif number > 10**11:
        number //= 1_000
    return datetime.fromtimestamp(number, UTC)


def _moment_or_none(value: object) -> datetime | None:
    try:
        return _moment(value)
    except _ODD:
        return None

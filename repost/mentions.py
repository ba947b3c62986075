"""Story mentions in Instagram's raw JSON: pages of inboxes, and the activity inbox.

Pure, and never raising: what is odd is told apart, and what cannot be read at all is a gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from instagram.audience import limits_of
from instagram.fields import (
    Json,
    entries,
    first_identifier,
    first_username,
    identifier,
    mapping,
    moment,
    text,
    username,
)
from instagram.mentioned import does_mention
from repost.messages import Findings, message_of, read_message
from repost.messages import Mention as Mention


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """What paging needs to know of a thread; times are None where Instagram gave none.

    `read_down_to` is how far down its items reach. `has_older` may be said without the cursor
    that leads there.
    """

    thread_id: str
    last_activity: datetime | None
    read_down_to: datetime | None
    older_cursor: str | None
    has_older: bool = True
    pinned: bool = False


@dataclass(slots=True)
class InboxPage(Findings):
    """What one page of an inbox holds; `at` is Instagram's own time of it, where it says so.

    `gaps` are the parts that could not be read at all.
    """

    threads: list[Thread] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    cursor: str | None = None
    at: datetime | None = None


def parse_inbox(answer: object, viewer_pk: str, source: str = "inbox") -> InboxPage:
    """Return the mentions on a page of the inbox or of the message requests."""
    page = InboxPage(at=moment(mapping(answer).get("snapshot_at_ms")))
    box = mapping(mapping(answer).get("inbox"))
    threads = box.get("threads")
    if not isinstance(threads, list):
        page.gaps.append("a page of messages")
        return page
    page.cursor = _cursor(box)
    if page.cursor is None and box.get("has_older") is True:
        page.gaps.append("the way to older messages")
    for thread in threads:
        _read_thread(thread, viewer_pk, source, page)
    return page


def parse_thread(answer: object, viewer_pk: str, source: str = "inbox") -> InboxPage:
    """Return the mentions on a page of one thread; the older cursor is in `threads[0]`."""
    page = InboxPage()
    _read_thread(mapping(answer).get("thread"), viewer_pk, source, page)
    return page


def parse_activity(answer: object, viewer_pk: str) -> InboxPage:
    """Return the stories that the activity inbox says mention the account."""
    page = InboxPage()
    section = mapping(mapping(answer).get("story_mentions"))
    reels = section.get("reels")
    for reel in entries(list(reels.values()) if isinstance(reels, Mapping) else reels):
        for item in entries(reel.get("items")):
            of_item, of_reel = mapping(item.get("user")), mapping(reel.get("user"))
            story, _, owner = text(item.get("id")).partition("_")
            owner_pk = first_identifier(of_item.get("pk"), of_reel.get("pk"), owner, reel.get("id"))
            story_pk = first_identifier(item.get("pk"), story)
            is_sure = does_mention(item, viewer_pk)
            if owner_pk == viewer_pk or is_sure is False:
                continue
            if not (owner_pk and story_pk):
                page.passed_over["odd"] += 1
                page.gaps.append("a story that mentions the account")
                continue
            found = Mention(
                story_pk=story_pk,
                item_id=None,
                author_pk=owner_pk,
                author_username=first_username(of_item.get("username"), of_reel.get("username")),
                at=moment(item.get("taken_at")),
                source="activity",
                is_sure=is_sure is True,
                limits=limits_of(item, reel),
            )
            # It stands among the stories that mention somebody: who, its own page may tell.
            (page.mentions if is_sure else page.odd).append(found)
            page.passed_over["odd"] += not is_sure
    return page


def _read_thread(thread: object, viewer_pk: str, source: str, page: InboxPage) -> None:
    known = mapping(thread)
    items = known.get("items")
    if not isinstance(items, list):
        page.gaps.append("a chat")
        items = []
    names = _names(known.get("users"))
    times = []
    for item in items:
        message = message_of(item, names, viewer_pk, source)
        if message is None:
            page.passed_over["odd"] += 1
            continue
        if message.at is not None:
            times.append(message.at)
        read_message(mapping(item), message, viewer_pk, names, page)
    page.threads.append(
        Thread(
            thread_id=text(known.get("thread_id")) or identifier(known.get("thread_id")),
            last_activity=moment(known.get("last_activity_at")),
            read_down_to=reaching_down_to(times),
            older_cursor=_cursor(known),
            has_older=bool(known.get("has_older")),
            pinned=known.get("is_pin") is True,
        )
    )


def reaching_down_to(times: Sequence[datetime]) -> datetime | None:
    """Return how far down a list in the order of time reaches, None for an empty one.

    A single time that is odd must not let everything behind it seem read: two have to agree.
    """
    return sorted(times)[:2][-1] if times else None


def _cursor(box: Json) -> str | None:
    cursor = box.get("oldest_cursor")
    if not box.get("has_older", True):
        return None
    return text(cursor) or identifier(cursor) or None


def _names(users: object) -> dict[str, str]:
    """Return the names that people have now; a link keeps the name they had when it was sent."""
    return {
        identifier(person.get("pk")): username(person.get("username")) for person in entries(users)
    }

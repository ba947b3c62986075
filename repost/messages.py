"""One direct message: what it says of itself, and whether it tells of a story. Pure.

A mention is an `xma_reel_mention`, or a `reel_share` of type `mention` from older apps. A message
that points to somebody's story in a form that is not known is odd: nobody may drop it in silence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import parse_qs, unquote, urlsplit

from instagram.audience import Limit, limits_of
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

_FORWARDS = ("xma_story_share", "story_share")
# What else people send; none of it is about a story that mentions somebody.
_ORDINARY = (
    "text", "link", "like", "media", "media_share", "voice_media", "raven_media", "animated_media",
    "action_log", "profile", "location", "hashtag", "clip", "felix_share",
    "video_call_event", "live_viewer_invite", "product_share", "guide_share", "xma_media_share",
    "xma_clip", "xma_profile", "xma_link", "xma_reel_share",
)  # fmt: skip
_ABOUT_OWN_STORIES = ("reply", "reaction", "reply_gif", "highlight_reply", "ad_reply")
_STORY_LINK = re.compile(r"instagram\.com/stories/(?!highlights/)([A-Za-z0-9._]{1,30})/(\d{1,64})")
_DEEPEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Somebody's story that mentions the account, or may do so.

    `story_pk` is None where the message does not say which, as when it has expired; `at` where
    it does not say when; `author_pk` is "" where it does not say who. `is_sure` says that the
    message is of a kind that only mentions are; `limits` are those that it tells of its story.
    """

    story_pk: str | None
    item_id: str | None
    author_pk: str
    author_username: str
    at: datetime | None
    source: str
    is_sure: bool = True
    limits: frozenset[Limit] = frozenset()


@dataclass(slots=True)
class Findings:
    """What messages tell: mentions, and `odd` ones that point to a story in an unknown form.

    `lost` are the times of those that may tell of one, and say neither which nor whose.
    """

    mentions: list[Mention] = field(default_factory=list)
    odd: list[Mention] = field(default_factory=list)
    lost: list[datetime | None] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)


def message_of(
    item: object, names: Mapping[str, str], viewer_pk: str, source: str
) -> Mention | None:
    """Return what any message says of itself, as a mention of no story; None where it is none.

    In a chat of two, one who does not sign is the other.
    """
    known = mapping(item)
    others = [pk for pk in names if pk not in ("", viewer_pk)]
    sender = identifier(known.get("user_id")) or (others[0] if len(others) == 1 else "")
    item_id = text(known.get("item_id")) or identifier(known.get("item_id"))
    item_id = item_id or identifier(known.get("timestamp"))
    if not known:
        return None
    return Mention(
        story_pk=None,
        item_id=item_id[:64] or None,
        author_pk=sender,
        author_username=names.get(sender, ""),
        at=moment(known.get("timestamp")),
        source=source,
    )


def read_message(
    item: Json, message: Mention, viewer_pk: str, names: Mapping[str, str], page: Findings
) -> None:
    kind, passed_over = item.get("item_type"), page.passed_over
    if item.get("is_sent_by_viewer") is True or message.author_pk == viewer_pk:
        passed_over["own"] += 1
    elif kind == "xma_reel_mention":
        for found in _shared(item, message, viewer_pk):
            _put(found, names, page)
    elif kind == "reel_share":
        _read_reel_share(mapping(item.get("reel_share")), message, viewer_pk, names, page)
    elif kind in (*_FORWARDS, *_ORDINARY) and not _may_tell_of_one(item, message):
        passed_over["forward" if kind in _FORWARDS else "other"] += 1
    elif (pointer := _pointer_in(item, viewer_pk)) is not None:
        _put(replace(message, story_pk=pointer, is_sure=False), names, page)
    elif _names_itself_one(item):
        _put(replace(message, is_sure=False), names, page)
    elif not isinstance(kind, str):
        passed_over["odd"] += 1
    else:
        passed_over["other"] += 1


def _may_tell_of_one(item: Json, message: Mention) -> bool:
    """Say whether a message of a kind that tells of no mention may do so all the same.

    An answer to a story is one to the viewer's; nobody answers to their own.
    """
    answered = item.get("xma_reel_share") if item.get("item_type") == "xma_reel_share" else None
    stories = (_story_of_url(each.get("target_url")) for each in entries(answered))
    is_of_sender = any(story[0] == message.author_username for story in filter(None, stories))
    return (is_of_sender and message.author_username != "") or _names_itself_one(item)


def _names_itself_one(item: Json) -> bool:
    """Say whether a message is called a mention, or says in words that it tells of one in a story.

    In words where this client is not given what the message holds: a placeholder, or a bare card.
    """
    if "mention" in text(item.get("item_type")):
        return True
    instead = mapping(item.get("placeholder"))
    said = (item.get("auxiliary_text"), instead.get("title"), instead.get("message"))
    words = " ".join(map(text, said)).lower()
    return "mention" in words and "story" in words


def _put(found: Mention, names: Mapping[str, str], page: Findings) -> None:
    named = replace(
        found,
        author_pk=found.author_pk or _pk_of(found.author_username, names),
        author_username=names.get(found.author_pk) or found.author_username,
    )
    is_known_form = named.is_sure
    page.passed_over["odd"] += not is_known_form
    if named.story_pk is None and not (named.author_pk and named.item_id):
        page.lost.append(named.at)  # no row can tell of it
    else:
        (page.mentions if is_known_form else page.odd).append(named)


def _pk_of(name: str, names: Mapping[str, str]) -> str:
    return next((pk for pk, known in names.items() if name and known == name), "")


def _shared(item: Json, message: Mention, viewer_pk: str) -> Iterator[Mention]:
    shares = item.get("xma_reel_mention") or item.get("generic_xma")
    found = shares if isinstance(shares, list) else []
    for share in found or [shares]:
        yield _from_share(share, message, viewer_pk)


def _from_share(share: object, message: Mention, viewer_pk: str) -> Mention:
    pointer = _pointer_in(share, viewer_pk)
    unread = replace(message, is_sure=False, story_pk=pointer)
    if not isinstance(share, Mapping):
        return unread
    name, url = username(share.get("header_title_text")), share.get("target_url")
    if not url and pointer is None:
        return replace(message, author_username=name)  # as of a story that has ended
    story = _story_of_url(url)
    if story is None:
        return replace(unread, author_username=name)
    return replace(message, author_username=story[0] or name, story_pk=story[1])


def _read_reel_share(
    share: Json, message: Mention, viewer_pk: str, names: Mapping[str, str], page: Findings
) -> None:
    kind, media = share.get("type"), mapping(share.get("media"))
    owner = mapping(media.get("user"))
    author_pk = first_identifier(share.get("reel_owner_id"), owner.get("pk"), message.author_pk)
    pk = first_identifier(media.get("pk"), text(media.get("id")).partition("_")[0])
    told = replace(
        message,
        author_pk=author_pk,
        author_username=first_username(owner.get("username")),
        limits=limits_of(media, share),
    )
    if kind == "mention":
        meant = identifier(share.get("mentioned_user_id"))
        alive = media.get("image_versions2") or media.get("video_versions")
        if meant and meant != viewer_pk:
            page.passed_over["other account"] += 1
            if meant not in names:  # nobody of this chat: another number of the account, or none
                _put(replace(told, story_pk=pk or None, is_sure=False), names, page)
        elif pk or media:
            _put(replace(told, story_pk=pk if pk and alive else None), names, page)
        else:
            _put(replace(told, is_sure=False), names, page)
    elif isinstance(kind, str) and (kind in _ABOUT_OWN_STORIES or author_pk == viewer_pk):
        page.passed_over[kind[:32]] += 1
    elif author_pk == viewer_pk:
        page.passed_over["odd"] += 1
    else:
        _put(replace(told, story_pk=pk or None, is_sure=False), names, page)


def _story_of_url(url: object) -> tuple[str, str] | None:
    """Return username and story pk of `https://www.instagram.com/stories/<name>/<pk>?…`.

    A highlight is somebody's of nobody's name; its address may say which story of it is meant.
    """
    try:
        address = urlsplit(text(url))
        parts = [part for part in address.path.split("/") if part]
        meant = parse_qs(address.query, max_num_fields=100).get("story_media_id", [""])[0]
    except ValueError:
        return None
    if len(parts) < 3 or parts[0] != "stories":
        return None
    if parts[1] == "highlights":
        pk = identifier(meant.partition("_")[0])
        return ("", pk) if pk else None
    # The last numeric part: a username may be all digits too.
    return (username(parts[1]), parts[-1]) if identifier(parts[-1]) else None


def _pointer_in(value: object, viewer_pk: str, depth: int = 0) -> str | None:
    """Return the story that anything in a message leads to, None where nothing does.

    That is an address, packed into another one or not, or a story itself, if not the viewer's.
    """
    if isinstance(value, str):
        plain = unquote(value.replace("\\/", "/")) if "stories" in value else ""
        found = _STORY_LINK.search(plain)
        return found[2] if found else None
    if depth >= _DEEPEST or not isinstance(value, (list, Mapping)):
        return None
    if isinstance(value, Mapping) and (story := _story_itself(value, viewer_pk)):
        return story
    inner = value.values() if isinstance(value, Mapping) else value
    pointers = (_pointer_in(each, viewer_pk, depth + 1) for each in inner)
    return next((pointer for pointer in pointers if pointer), None)


def _story_itself(media: Json, viewer_pk: str) -> str:
    is_story = media.get("product_type") == "story" or "expiring_at" in media
    pk, _, owner_pk = text(media.get("id")).partition("_")
    owner_pk = first_identifier(mapping(media.get("user")).get("pk"), owner_pk)
    return first_identifier(media.get("pk"), pk) if is_story and owner_pk != viewer_pk else ""

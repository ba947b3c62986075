"""Raw direct messages that are *not* a fresh story mention, for `world.add_item` and `add_thread`.

Each function returns the JSON of one message: ordinary chat, other uses of stories, things that
look like a mention, and messages a careless reader would stumble over.
"""

from __future__ import annotations

from itertools import count

from sandbox.wire.message import JsonObject
from sandbox.world.person import Person
from sandbox.world.story import Story

_numbers = count(1)


def plain_text(author: Person, text: str, *, at: float, own: bool = False) -> JsonObject:
    """An ordinary message; `own` when the reader of the inbox wrote it."""
    return {**_item(author, "text", at, own=own), "text": text}


def story_reply(author: Person, story: Story, text: str, *, at: float) -> JsonObject:
    """A reply to one of the reader's stories."""
    return {**_item(author, "reel_share", at), "reel_share": _reel_share(story, "reply", text)}


def story_reaction(author: Person, story: Story, emoji: str, *, at: float) -> JsonObject:
    """A quick reaction to one of the reader's stories."""
    return {**_item(author, "reel_share", at), "reel_share": _reel_share(story, "reaction", emoji)}


def forwarded_story(author: Person, story: Story, *, at: float, legacy: bool = False) -> JsonObject:
    """Somebody's story, sent on by `author`."""
    if legacy:
        media = {"pk": story.pk, "id": story.media_id, "media_type": 1}
        share = {"media": media, "text": "", "title": f"Sent @{story.owner.username}'s story"}
        return {**_item(author, "story_share", at), "story_share": share}
    return {**_item(author, "xma_story_share", at), "xma_story_share": [_xma(story)]}


def own_mention(author: Person, story: Story, *, at: float) -> JsonObject:
    """The message about the reader's own story, in which somebody else is mentioned."""
    item = _item(author, "xma_reel_mention", at, own=True)
    return {
        **item,
        "auxiliary_text": "You mentioned them in your story",
        "xma_reel_mention": [_xma(story)],
    }


def expired_mention(author: Person, *, at: float) -> JsonObject:
    """A mention whose story was gone before anybody looked."""
    expired = {"target_url": None, "preview_url": None, "header_title_text": author.username}
    return {**_item(author, "xma_reel_mention", at), "xma_reel_mention": [expired]}


def media_share_without_type(author: Person, *, at: float) -> JsonObject:
    """A shared post that lacks `media_type`, over which typed extractors fail."""
    return {**_item(author, "media_share", at), "media_share": {"id": "3141592653_27182818"}}


def without_keys(item: JsonObject, *keys: str) -> JsonObject:
    """The same message with some of its keys missing."""
    return {name: value for name, value in item.items() if name not in keys}


def wrong_types(author: Person, *, at: float) -> list[object]:
    """Messages whose values, or which themselves, are not of the type that is usual."""
    mention = _item(author, "xma_reel_mention", at)
    share = _item(author, "reel_share", at)
    return [
        {**mention, "xma_reel_mention": "https://www.instagram.com/stories/"},
        {**mention, "xma_reel_mention": [None, 7, []]},
        {**mention, "xma_reel_mention": [{"target_url": 17}]},
        {**share, "reel_share": ["mention"]},
        {**share, "reel_share": {"type": "mention", "media": "gone"}},
        {**mention, "timestamp": "yesterday", "user_id": None},
        {**mention, "item_type": 5, "item_id": {"id": 1}},
        "not an object",
        None,
        [],
    ]


def _item(author: Person, item_type: str, at: float, *, own: bool = False) -> JsonObject:
    number = next(_numbers)
    return {
        "item_id": str(32560000000000000000000000000000000 + number),
        "user_id": author.pk,
        "timestamp": int(at * 1_000_000),
        "item_type": item_type,
        "client_context": str(6800000000000000000 + number),
        "is_sent_by_viewer": own,
    }


def _reel_share(story: Story, kind: str, text: str) -> JsonObject:
    return {
        "text": text,
        "type": kind,
        "reel_owner_id": story.owner.pk,
        "reel_id": story.owner.pk,
        "reel_type": "user_reel",
        "media": {"pk": story.pk, "id": story.media_id, "media_type": 1},
    }


def _xma(story: Story) -> JsonObject:
    return {
        "target_url": f"https://www.instagram.com/stories/{story.owner.username}/{story.pk}",
        "preview_url": None,
        "title_text": "",
        "header_title_text": story.owner.username,
    }

"""Direct messages as JSON: how each kind of message looks, and a mention of a story."""

from __future__ import annotations

from sandbox.private import cdn
from sandbox.private.accounts import user_json
from sandbox.private.posts import post_json
from sandbox.private.stories import files_json, story_json
from sandbox.wire.message import JsonObject
from sandbox.world.person import Person
from sandbox.world.post import Post
from sandbox.world.shot import Shot
from sandbox.world.story import Story
from sandbox.world.thread import Content, Item, MentionShape, Thread, Voice
from sandbox.world.world import World


def item_json(item: Item, thread: Thread, world: World) -> object:
    """A message as it reads now: a mention loses its link when its story is gone."""
    if item.content is not None:
        return _common(item, thread) | _content_json(item.content, item, thread.viewer, world)
    if item.mention is None:
        return item.raw
    story, shape = item.mention.story, item.mention.shape
    own = item.author is thread.viewer
    common = _common(item, thread)
    gone = story.is_gone(world.now())
    if shape is MentionShape.LEGACY_REEL_SHARE:
        mentioned = thread.other if own else thread.viewer
        share = _reel_share(story, mentioned, world, gone=gone)
        return {**common, "item_type": "reel_share", "reel_share": share}
    who = "You mentioned them in your" if own else "Mentioned you in their"
    name = "generic_xma" if shape is MentionShape.GENERIC_XMA else "xma_reel_mention"
    return {
        **common,
        "item_type": "xma_reel_mention",
        "auxiliary_text": f"{who} story",
        name: [_xma(story, gone, with_query=shape is MentionShape.GENERIC_XMA)],
    }


def _common(item: Item, thread: Thread) -> JsonObject:
    shown: JsonObject = {
        "item_id": item.id,
        "user_id": item.author.pk,
        "timestamp": microseconds(item.at),
        "client_context": str(6_900_000_000_000_000_000 + int(item.id) % 10**15),
        "is_sent_by_viewer": item.author is thread.viewer,
    }
    if item.reactions:
        emojis = [
            {"sender_id": person.pk, "emoji": emoji, "timestamp": microseconds(at)}
            for person, (emoji, at) in item.reactions.items()
        ]
        shown["reactions"] = {"likes": [], "likes_count": 0, "emojis": emojis}
    return shown


def _content_json(content: Content, item: Item, viewer: Person, world: World) -> JsonObject:
    shown: JsonObject = {}
    if content.context:
        shown["client_context"] = content.context
    if content.answers is not None:
        shown["replied_to_message"] = _answered_json(content.answers)
    if content.about is not None:
        return shown | _about_json(content.about, item, viewer, world)
    if content.links:
        link = {"text": content.text, "link_context": {"link_url": content.links[0]}}
        return shown | {"item_type": "link", "link": link}
    return shown | {"item_type": "text", "text": content.text}


def _answered_json(item: Item) -> JsonObject:
    """A message as it stands in the answer to it."""
    return {
        "item_id": item.id,
        "user_id": item.author.pk,
        "timestamp": microseconds(item.at),
        "item_type": "text",
        "text": item.content.text if item.content else "",
    }


def _about_json(about: object, item: Item, viewer: Person, world: World) -> JsonObject:
    """Something that was shared or attached; what is gone meanwhile leaves a placeholder."""
    match about:
        case Post() if about.deleted or about.archived or not world.may_see(viewer, about.owner):
            return _gone("Post unavailable")
        case Post(product="reel"):
            return {"item_type": "clip", "clip": {"clip": post_json(about, world, viewer)}}
        case Post():
            return {"item_type": "media_share", "media_share": post_json(about, world, viewer)}
        case Story() if about.is_gone(world.now()) or not world.may_see(viewer, about.owner):
            return _gone("Story unavailable")
        case Story():
            share = {"media": story_json(about, world), "text": "", "title": ""}
            return {"item_type": "story_share", "story_share": share}
        case Person():
            return {"item_type": "profile", "profile": user_json(about)}
        case Voice():
            sound = {
                "audio_src": cdn.sound_url(about.pk),
                "waveform_data": list(about.waveform),
                "waveform_sampling_frequency_hz": 10,
            }
            media = {"id": str(about.pk), "media_type": 11, "audio": sound}
            return {"item_type": "voice_media", "voice_media": {"media": media}}
        case Shot(kind="video"):
            media = {"id": str(about.pk), **files_json(about)}
            media["video_duration"] = int(about.duration or 0)
            visual = {"media": media, "view_mode": "permanent", "seen_user_ids": []}
            return {"item_type": "raven_media", "visual_media": visual}
        case Shot():
            media = {"id": str(about.pk), **files_json(about), "user": user_json(item.author)}
            return {"item_type": "media", "media": media}
    raise TypeError(about)


def _gone(title: str) -> JsonObject:
    placeholder = {"is_linked": False, "title": title, "message": "It is no longer available."}
    return {"item_type": "placeholder", "placeholder": placeholder}


def _xma(story: Story, gone: bool, *, with_query: bool) -> JsonObject:
    target = f"https://www.instagram.com/stories/{story.owner.username}/{story.pk}"
    if with_query:
        target += f"?reel_id={story.owner.pk}&reel_owner_id={story.owner.pk}"
    return {
        "target_url": None if gone else target,
        "preview_url": None if gone else cdn.photo_url(story, small=True),
        "preview_url_mime_type": "image/jpeg",
        "title_text": "",
        "header_title_text": story.owner.username,
        "header_icon_url": cdn.avatar_url(story.owner),
    }


def _reel_share(story: Story, mentioned: Person, world: World, *, gone: bool) -> JsonObject:
    return {
        "text": "",
        "type": "mention",
        "mentioned_user_id": mentioned.pk,
        "reel_owner_id": story.owner.pk,
        "reel_id": story.owner.pk,
        "reel_type": "user_reel",
        "is_reel_persisted": False,
        "media": story_json(story, world, with_files=not gone),
    }


def microseconds(seconds: float) -> int:
    return int(seconds * 1_000_000)

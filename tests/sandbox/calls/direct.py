"""Direct messages: read, sent, answered, taken back, and what else is done in chats."""

from __future__ import annotations

from aiograpi import exceptions

from sandbox.world.items import plain_text
from sandbox.world.thread import Thread
from tests.sandbox.calls.row import Row, Scene, names


def _chat(scene: Scene) -> Thread:
    """The chat with Anna, who has written once."""
    return scene.world.thread_between(scene.studio, scene.anna)


def _write(scene: Scene) -> None:
    hello = plain_text(scene.anna, "Hello", at=scene.world.now() - 60)
    scene.world.add_thread(scene.studio, scene.anna, items=[hello])
    scene.world.follow(scene.anna, scene.studio)
    for number in range(25):
        person = scene.world.add_person(f"writer{number:02d}")
        hello = plain_text(person, "Hi", at=scene.world.now() - 1000 - number)
        scene.world.add_thread(scene.studio, person, items=[hello])


def _requests(scene: Scene) -> None:
    hello = plain_text(scene.carl, "May I?", at=scene.world.now() - 60)
    asked = scene.world.add_thread(scene.studio, scene.carl, box="pending", items=[hello])
    scene.keep("request", asked)


def _at_annas(scene: Scene) -> Thread:
    """The same chat as Anna sees it."""
    return scene.world.thread_between(scene.anna, scene.studio)


DIRECT = (
    Row(
        "direct_threads_chunk",
        gives=lambda s, page: len(page[0]) == 20 and s.keep("cursor", page[1]) and page[1],
        before=_write,
    ),
    Row(
        "direct_threads_chunk",
        gives=lambda s, page: len(page[0]) == 6 and not page[1],
        before=lambda s: s.keep("more", s.kept["cursor"]),
        args=lambda s: (None, None, None, s.kept["cursor"]),
    ),
    Row("direct_threads", lambda s: (23,), lambda s, found: len(found) == 23),
    Row("direct_threads", lambda s: (20, None, "general"), lambda s, found: found == []),
    Row(
        "direct_pending_chunk",
        gives=lambda s, page: names(page[0][0].users) == ["carl"] and page[0][0].pending,
        before=_requests,
    ),
    Row("direct_requests", gives=lambda s, found: len(found) == 1),
    Row("direct_spam_chunk", gives=lambda s, page: page[0] == []),
    Row(
        "direct_pending_approve",
        lambda s: (s.kept["request"].id,),
        leaves=lambda s: s.kept["request"].box == "inbox",
    ),
    Row(
        "direct_thread",
        lambda s: (_chat(s).id,),
        lambda s, it: [each.text for each in it.messages] == ["Hello"] and not it.is_group,
    ),
    Row("direct_thread", lambda s: (5,), refused=exceptions.DirectThreadNotFound),
    # Sent
    Row(
        "direct_send",
        lambda s: ("Good morning", [s.anna.pk]),
        lambda s, it: s.keep("message", it.id),
        lambda s: (
            (_chat(s).items[-1].content.text, _at_annas(s).items[-1].content.text)  # type: ignore[union-attr]
            == ("Good morning", "Good morning")
            and _at_annas(s).unread
            and not _chat(s).unread
        ),
    ),
    Row(
        "direct_threads",
        lambda s: (20, "unread"),
        lambda s, found: found == [],  # what one wrote oneself is not unread
    ),
    Row(
        "direct_messages",
        lambda s: (_chat(s).id, 20),
        lambda s, found: (found[0].text, found[0].is_sent_by_viewer) == ("Good morning", True),
    ),
    Row(
        "direct_message",
        lambda s: (_chat(s).id, s.kept["message"]),
        lambda s, it: it.text == "Good morning",
    ),
    Row(
        "direct_send",
        lambda s: ("See https://example.org/menu", [], [_chat(s).id]),
        lambda s, it: it.id,
        lambda s: _chat(s).items[-1].content.links == ("https://example.org/menu",),  # type: ignore[union-attr]
    ),
    Row("direct_send", lambda s: ("Hello", [99]), refused=exceptions.ClientNotFoundError),
    Row("direct_send", lambda s: ("   ", [s.anna.pk]), refused=exceptions.UnknownError),
    Row(
        "direct_send",
        lambda s: ("Hello", [s.berta.pk]),
        lambda s, it: it.id,
        # Berta does not follow the studio: she finds a request.
        lambda s: s.world.chats.of(s.berta)[0].box == "pending",
    ),
    Row(
        "direct_media_share",
        gives=lambda s, it: it.id,
        leaves=lambda s: _at_annas(s).items[-1].content.about is s.post,  # type: ignore[union-attr]
        args=lambda s: (s.post.media_id, [s.anna.pk]),
    ),
    Row(
        "direct_media_share",
        lambda s: (s.reel.media_id, [], [_chat(s).id]),
        lambda s, it: it.id,
        more={"media_type": "video"},
    ),
    Row(
        "direct_story_share",
        lambda s: (s.story.media_id, [], [_chat(s).id]),
        lambda s, it: it.id,
        lambda s: _chat(s).items[-1].content.about is s.story,  # type: ignore[union-attr]
    ),
    Row(
        "direct_profile_share",
        lambda s: (s.carl.pk, [], [_chat(s).id]),
        lambda s, it: it.id,
        lambda s: _chat(s).items[-1].content.about is s.carl,  # type: ignore[union-attr]
    ),
    Row("direct_send_photo", lambda s: (s.square, [s.anna.pk]), lambda s, it: it.id),
    Row("direct_send_video", lambda s: (s.video, [], [_chat(s).id]), lambda s, it: it.id),
    Row("direct_send_voice", lambda s: (s.video, [], [_chat(s).id]), lambda s, it: it.id),
    Row("direct_send_file", lambda s: (s.square, [], [_chat(s).id]), lambda s, it: it.id),
    Row("direct_send_photo", lambda s: (s.square, [99]), refused=exceptions.ClientNotFoundError),
    Row(
        "direct_messages",
        lambda s: (_chat(s).id, 8),
        lambda s, found: (
            [each.item_type for each in found]
            == [
                *("media", "voice_media", "raven_media", "media", "profile"),
                *("story_share", "clip", "media_share"),
            ]
        ),
    ),
    Row("direct_media", lambda s: (_chat(s).id,), lambda s, found: len(found) == 4),
    # What is gone leaves a placeholder.
    Row(
        "direct_messages",
        lambda s: (_chat(s).id, 8),
        lambda s, found: [each.item_type for each in found][-2:] == ["placeholder"] * 2,
        before=lambda s: (s.world.delete_post(s.post), s.world.delete_post(s.reel)),
    ),
    # Found
    Row(
        "direct_message_search",
        lambda s: ("morning",),
        lambda s, found: (
            [(message.text, thread.id) for message, thread in found]
            == [("Good morning", _chat(s).id)]
        ),
    ),
    Row("direct_search", lambda s: ("ann",), lambda s, found: names(found) == ["anna"]),
    Row(
        "direct_thread_by_participants",
        lambda s: ([s.anna.pk],),
        lambda s, it: it["thread_id"] == _chat(s).id and names(it["users"]) == ["anna"],
    ),
    Row(
        "direct_users_presence",
        lambda s: ([s.anna.pk, s.carl.pk],),
        lambda s, it: it["user_presence"][str(s.anna.pk)]["is_active"] is True,
        before=lambda s: s.anna.profile.__setattr__("is_online", True),
    ),
    Row("direct_active_presence", gives=lambda s, it: list(it) == [str(s.anna.pk)]),
    # Done in a chat
    Row(
        "direct_send_reaction",
        lambda s: (_chat(s).id, s.kept["message"]),
        leaves=lambda s: (
            [each.reactions[s.studio][0] for each in _chat(s).items if each.reactions] == ["❤"]
        ),
    ),
    Row(
        "direct_messages",
        lambda s: (_chat(s).id, 20),
        lambda s, found: (
            [each.reactions.emojis[0].emoji for each in found if each.reactions is not None]
            == ["❤"]
        ),
    ),
    Row(
        "direct_delete_reaction",
        lambda s: (_chat(s).id, s.kept["message"]),
        leaves=lambda s: not any(each.reactions for each in _chat(s).items),
    ),
    Row("direct_message_like", lambda s: (_chat(s).id, s.kept["message"])),
    Row("direct_message_unlike", lambda s: (_chat(s).id, s.kept["message"])),
    Row("direct_message_like", lambda s: (_chat(s).id, 5), refused=exceptions.ClientNotFoundError),
    Row(
        "direct_message_seen",
        lambda s: (_chat(s).id, s.kept["message"]),
        leaves=lambda s: _at_annas(s).seen[s.studio][0].id == s.kept["message"],
    ),
    Row("direct_send_seen", lambda s: (_chat(s).id,), leaves=lambda s: not _chat(s).unread),
    Row("direct_thread_mark_unread", lambda s: (_chat(s).id,), leaves=lambda s: _chat(s).unread),
    Row("direct_threads", lambda s: (20, "unread"), lambda s, found: len(found) == 1),
    Row("direct_thread_mute", lambda s: (_chat(s).id,), leaves=lambda s: _chat(s).muted),
    Row("direct_thread_unmute", lambda s: (_chat(s).id,), leaves=lambda s: not _chat(s).muted),
    Row(
        "direct_thread_mute_video_call",
        lambda s: (_chat(s).id,),
        leaves=lambda s: _chat(s).calls_muted,
    ),
    Row(
        "direct_thread_unmute_video_call",
        lambda s: (_chat(s).id,),
        leaves=lambda s: not _chat(s).calls_muted,
    ),
    Row(
        "direct_message_delete",
        lambda s: (_chat(s).id, s.kept["message"]),
        leaves=lambda s: all(
            each.id != s.kept["message"] for view in (_chat(s), _at_annas(s)) for each in view.items
        ),
    ),
    Row(
        "direct_thread_hide",
        lambda s: (_chat(s).id,),
        leaves=lambda s: _chat(s) not in s.world.chats.of(s.studio),
    ),
    # Groups
    Row(
        "direct_thread_create",
        lambda s: ([s.anna.pk, s.carl.pk], "Bakers"),
        lambda s, group: s.keep("group", group),
        lambda s: (
            {each.viewer.username for each in s.world.chats.threads if each.is_group}
            == {"studio", "anna", "carl"}
        ),
    ),
    Row(
        "direct_send",
        lambda s: ("All of you", [], [s.kept["group"]]),
        lambda s, it: it.id,
        lambda s: (
            s.world.chats.with_people(s.carl, [s.studio, s.anna]).items[0].content.text  # type: ignore[union-attr]
            == "All of you"
        ),
    ),
    Row(
        "direct_thread_add_users",
        lambda s: (s.kept["group"], [s.berta.pk]),
        leaves=lambda s: s.world.chats.with_people(s.berta, [s.studio, s.anna, s.carl]),
    ),
    Row(
        "direct_thread_update_title",
        lambda s: (s.kept["group"], "Night bakers"),
        leaves=lambda s: (
            {each.title for each in s.world.chats.threads if each.is_group} == {"Night bakers"}
        ),
    ),
    Row(
        "direct_thread",
        lambda s: (s.kept["group"],),
        lambda s, it: it.is_group and it.thread_title == "Night bakers" and len(it.users) == 3,
    ),
    Row(
        "direct_send",
        lambda s: ("Hello", [s.carl.pk]),
        refused=exceptions.ClientForbiddenError,
        before=lambda s: s.world.ties.block(s.studio, s.carl),
    ),
)

"""How the rows of direct messages, comments, tags, search, the account and the rest are tried."""

from __future__ import annotations

from typing import Any

from sandbox.world.items import plain_text
from sandbox.world.thread import Content, Thread
from tests.session_api.desk import Desk
from tests.session_api.trying import Try


def _chat(desk: Desk) -> Thread:
    """The chat with Anna, who has written; made at first use."""
    known = desk.world.chats.with_people(desk.studio, [desk.anna])
    if known is None:
        hello = plain_text(desk.anna, "Hello", at=desk.world.now() - 60)
        known = desk.world.add_thread(desk.studio, desk.anna, items=[hello])
    return known


def _at_annas(desk: Desk) -> Thread:
    found = desk.world.chats.with_people(desk.anna, [desk.studio])
    assert found is not None
    return found


def _friends(desk: Desk) -> None:
    """What earlier rows may have ended: a block ends a follow."""
    desk.world.follow(desk.studio, desk.anna)


def _thread(desk: Desk, **more: object) -> dict[str, Any]:
    return {"thread_id": _chat(desk).id, **more}


def _message(desk: Desk, **more: object) -> dict[str, Any]:
    """A message of the studio's own."""
    sent = desk.world.chats.send(_chat(desk), Content(text="Good morning"))
    return _thread(desk, message_id=sent.id, **more)


def _to_anna(desk: Desk, **more: object) -> dict[str, Any]:
    return {"user_ids": [str(desk.anna.pk)], **more} if _chat(desk) else {}


def _in_chat(desk: Desk, **more: object) -> dict[str, Any]:
    # What was sent by earlier rows may fill all that is looked at.
    theirs = desk.world.chats.with_people(desk.anna, [desk.studio])
    if theirs is not None:
        desk.world.chats.send(theirs, Content(text="Hi"))
    return {"thread_ids": [_chat(desk).id], **more}


def _request(desk: Desk) -> dict[str, Any]:
    hello = plain_text(desk.carl, "May I?", at=desk.world.now() - 60)
    asked = desk.world.add_thread(desk.studio, desk.carl, box="pending", items=[hello])
    return {"thread_id": asked.id, "approved": "true"}


def _group(desk: Desk) -> Thread:
    return desk.world.chats.open_group(desk.studio, [desk.berta, desk.carl], "Bakers")


def _comment(desk: Desk, **more: object) -> dict[str, Any]:
    made = desk.world.comments.add(desk.post, desk.carl, "First!")
    desk.world.comments.add(desk.post, desk.anna, "Thank you", parent=made)
    return {"media_id": desk.post.media_id, "comment_pk": made.pk, **more}


def _on_own(desk: Desk) -> dict[str, Any]:
    own = desk.world.add_post(desk.studio, desk.photo)
    return {
        "media_id": own.media_id,
        "comment_pk": desk.world.comments.add(own, desk.carl, "Nice").pk,
    }


def _place(desk: Desk) -> int:
    place = desk.world.add_place("Bakery", 52.5, 13.4)
    desk.post.location_id = str(place.pk)
    return place.pk


def _highlight(desk: Desk, **more: object) -> dict[str, Any]:
    stories = [desk.world.add_story(desk.studio, desk.photo) for _ in range(2)]
    made = desk.world.highlights.add(desk.studio, "Summer", stories)
    return {"highlight_pk": made.pk, **more}


def _new_story(desk: Desk) -> str:
    return desk.world.add_story(desk.studio, desk.photo).media_id


def _track(desk: Desk) -> dict[str, Any]:
    return {"id": desk.world.music.add("Morning", "The Ovens", desk.video).pk}


def _collection(desk: Desk) -> dict[str, Any]:
    made = desk.world.collections.add(desk.studio, "Ideas")
    desk.world.collections.save(desk.studio, desk.post, [made])
    return {"collection_pk": made.pk}


def _asks(desk: Desk) -> dict[str, Any]:
    desk.studio.private = True
    desk.world.ties.ask(desk.berta, desk.studio)
    return {"user_id": desk.berta.pk}


def _business(desk: Desk) -> None:
    desk.studio.profile.is_business = True


def _mail(desk: Desk) -> None:
    desk.studio.profile.email = "studio@example.org"


def _note(desk: Desk) -> dict[str, Any]:
    return {"note_id": desk.world.notes.write(desk.studio, "Open today").pk}


def _likes_reel(desk: Desk) -> None:
    _friends(desk)
    desk.world.likes.add(desk.anna, desk.reel)
    desk.world.likes.add(desk.studio, desk.post)


def _file(field: str, what: str) -> Any:
    def files(desk: Desk) -> Any:
        path = getattr(desk, what)
        return {field: (path.name, path.read_bytes())}

    return files


def _texts(desk: Desk, answer: Any) -> list[str]:
    return [each["text"] for each in answer]


IS_ID = lambda d, a: a["id"]  # noqa: E731
IS_PAGE = lambda d, a: a["items"] and a["next_cursor"] == ""  # noqa: E731
IS_EMPTY_PAGE = lambda d, a: a == {"items": [], "next_cursor": ""}  # noqa: E731
IS_FULL = lambda d, a: bool(a)  # noqa: E731
IS_LIST = lambda d, a: isinstance(a, list)  # noqa: E731

DIRECT: dict[str, Try] = {
    "getDirectInbox": Try(gives=IS_PAGE, before=_chat),
    "getDirectRequests": Try(gives=IS_FULL, before=_request),
    "getDirectPending": Try(gives=IS_PAGE, before=_request),
    "patchDirectPending": Try(_request),
    "getDirectSpam": Try(gives=IS_EMPTY_PAGE),
    "getDirectThreads": Try(gives=IS_FULL, before=_chat),
    "getDirectThread": Try(_thread, lambda d, a: a["id"] == _chat(d).id),
    "patchDirectThread": Try(
        lambda d: _thread(d, is_unread="true"), leaves=lambda d: _chat(d).unread
    ),
    "deleteDirectThread": Try(
        lambda d: {"thread_id": _group(d).id},
        leaves=lambda d: any(each.hidden for each in d.world.chats.threads),
    ),
    "postDirectThread": Try(
        lambda d: {"user_ids": [d.anna.pk, d.carl.pk]},
        IS_FULL,
        before=lambda d: (_chat(d), _request(d)),
        sends=3,  # whether each of the two has written
    ),
    "getDirectThreadByParticipants": Try(_to_anna, lambda d, a: a["thread_id"] == _chat(d).id),
    "patchDirectThreadSeen": Try(_thread, sends=2),
    "postDirectThreadMute": Try(_thread, leaves=lambda d: _chat(d).muted),
    "deleteDirectThreadMute": Try(_thread, leaves=lambda d: not _chat(d).muted),
    "postDirectThreadVideoCallMute": Try(_thread, leaves=lambda d: _chat(d).calls_muted),
    "deleteDirectThreadVideoCallMute": Try(_thread),
    "postDirectThreadUser": Try(
        lambda d: {"thread_id": _group(d).id, "user_ids": [d.anna.pk]}, before=_chat
    ),
    "getDirectMessages": Try(_message, IS_FULL),
    "getDirectMessagesSearch": Try(
        lambda d: {"query": "morning"},
        lambda d, a: a[0]["message"]["text"] == "Good morning",
        before=_message,
    ),
    "getDirectMessage": Try(_message, lambda d, a: a["text"] == "Good morning"),
    "deleteDirectMessage": Try(_message),
    "patchDirectMessageSeen": Try(_message),
    "postDirectMessageLike": Try(_message),
    "deleteDirectMessageLike": Try(_message),
    "postDirectMessageReaction": Try(_message),
    "deleteDirectMessageReaction": Try(_message),
    "postDirectMessage": Try(
        lambda d: _to_anna(d, text="Hello"),
        IS_ID,
        lambda d: _at_annas(d).items[-1].author is d.studio,
    ),
    "postDirectMedia": Try(lambda d: _to_anna(d, media_id=d.post.media_id), IS_ID),
    "postDirectProfile": Try(lambda d: _in_chat(d, user_id=d.carl.pk), IS_ID),
    "postDirectStory": Try(lambda d: _in_chat(d, story_id=d.story.media_id), IS_ID),
    "getDirectSearch": Try(lambda d: {"query": "ann"}, lambda d, a: a[0]["username"] == "anna"),
    "getDirectPresence": Try(
        lambda d: {"user_ids": [d.anna.pk]}, lambda d, a: str(d.anna.pk) in a["user_presence"]
    ),
    "getDirectMedia": Try(_thread, IS_LIST),
    # A file is sent first, then the message with it.
    "postDirectPhoto": Try(_in_chat, IS_ID, files=_file("file", "photo")),
    "postDirectVideo": Try(_in_chat, IS_ID, files=_file("file", "video")),
    "postDirectVoice": Try(_in_chat, IS_ID, files=_file("file", "video")),
    "postDirectFile": Try(_in_chat, IS_ID, files=_file("file", "photo")),
}

COMMENTS: dict[str, Try] = {
    "getMediaComments": Try(_comment, IS_PAGE),
    "getMediaCommentsStream": Try(_comment, lambda d, a: a["items"] and a["min_cursor"] == ""),
    "postMediaComment": Try(
        lambda d: {"media_id": d.post.media_id, "text": "Well done"},
        lambda d, a: a["text"] == "Well done",
    ),
    "deleteMediaComment": Try(_on_own),
    "getMediaCommentInfos": Try(
        lambda d: {"media_ids": [d.post.media_id]},
        lambda d, a: d.post.media_id in a["comment_infos"],
    ),
    "postMediaCommentCheckOffensive": Try(lambda d: {"media_id": d.post.media_id, "text": "idiot"}),
    "getMediaCommentReplies": Try(
        lambda d: (sent := _comment(d)) | {"comment_id": sent["comment_pk"]},
        lambda d, a: _texts(d, a) == ["Thank you"],
    ),
    "postMediaCommentLike": Try(_comment),
    "deleteMediaCommentLike": Try(_comment),
    "getMediaCommentLikers": Try(_comment, lambda d, a: a == []),
    "postMediaCommentPin": Try(_on_own),
    "deleteMediaCommentPin": Try(_on_own),
}

TAGS: dict[str, Try] = {
    "getHashtag": Try(lambda d: {"name": "bread"}, lambda d, a: a["name"] == "bread"),
    "getHashtagMediaTop": Try(lambda d: {"name": "bread"}, IS_PAGE),
    "getHashtagMediaRecent": Try(lambda d: {"name": "bread"}, IS_PAGE),
    "getHashtagRelated": Try(lambda d: {"name": "bread"}),
    "getHashtagReels": Try(lambda d: {"name": "bread"}, IS_FULL),
    "postHashtagFollow": Try(lambda d: {"hashtag": "bread"}),
    "deleteHashtagFollow": Try(lambda d: {"hashtag": "bread"}),
    "getLocation": Try(lambda d: {"location_pk": _place(d)}, lambda d, a: a["name"] == "Bakery"),
    "getLocationMediaTop": Try(lambda d: {"location_pk": _place(d)}, IS_PAGE),
    "getLocationMediaRecent": Try(lambda d: {"location_pk": _place(d)}, IS_PAGE),
    "getLocationGuides": Try(lambda d: {"location_pk": _place(d)}, lambda d, a: a == []),
    "getSearchLocations": Try(lambda d: {"lat": 52.5, "lng": 13.4}, IS_FULL, before=_place),
    "getSearchPlaces": Try(lambda d: {"query": "bake"}, IS_FULL, before=_place),
}

_BREAD = lambda d: {"query": "bread"}  # noqa: E731
SEARCH: dict[str, Try] = {
    "getSearchUsers": Try(lambda d: {"query": "anna"}, lambda d, a: a[0]["username"] == "anna"),
    "getSearchHashtags": Try(_BREAD, lambda d, a: a[0]["name"] == "bread"),
    "getSearchMusic": Try(lambda d: {"query": "morning"}, IS_FULL, before=_track),
    "getSearchTop": Try(_BREAD, lambda d, a: a["list"]),
    "getSearchReels": Try(_BREAD, lambda d, a: a["reels_serp_modules"]),
    "getSearchAccounts": Try(lambda d: {"query": "anna"}, lambda d, a: len(a["users"]) == 1),
    "getSearchFollowers": Try(
        lambda d: {"user_id": d.anna.pk, "query": d.studio.username},
        lambda d, a: len(a) == 1,
        before=_friends,
    ),
    "getSearchFollowing": Try(
        lambda d: {"user_id": d.studio.pk, "query": "anna"},
        lambda d, a: len(a) == 1,
        before=_friends,
    ),
    "getSearchRecent": Try(gives=IS_LIST),
    "getSearchTypeahead": Try(_BREAD, lambda d, a: a["list"]),
    "getTrack": Try(_track, lambda d, a: a["metadata"]),
    "getTrackStream": Try(_track, lambda d, a: a["metadata"]),
    "getMusicFeedBrowser": Try(gives=lambda d, a: a["items"], before=_track),
    "getReels": Try(gives=IS_FULL, before=_friends),
    "getReelsFriends": Try(gives=IS_FULL, before=_likes_reel),
    "getReelsExplore": Try(gives=IS_FULL),
    "getReelsTimeline": Try(lambda d: {"collection_pk": "reels"}, IS_FULL, before=_friends),
    "getExplore": Try(gives=lambda d, a: "sectional_items" in a),
    "getExploreMedia": Try(
        lambda d: {"media_pk": d.post.pk}, lambda d, a: a["pk"] == str(d.post.pk)
    ),
}

ACCOUNT: dict[str, Try] = {
    "getAccount": Try(gives=lambda d, a: a["username"] == d.studio.username),
    "patchAccount": Try(
        lambda d: {"biography": "We post", "confirm": "@studio"},
        lambda d, a: a["biography"] == "We post",
        lambda d: d.studio.profile.biography == "We post",
        before=_mail,  # what there is, all of it changed, and the text once more
    ),
    "patchAccountPicture": Try(
        gives=lambda d, a: a["pk"] == str(d.studio.pk),
        leaves=lambda d: d.studio.profile.picture is not None,
        files=_file("picture", "photo"),
    ),
    "patchAccountPrivacy": Try(lambda d: {"is_private": "true"}, leaves=lambda d: d.studio.private),
    "getAccountFollowRequests": Try(gives=IS_PAGE, before=_asks),
    "postAccountFollowRequestApprove": Try(
        _asks, leaves=lambda d: d.world.follows(d.berta, d.studio)
    ),
    "deleteAccountFollowRequest": Try(
        _asks, before=lambda d: d.world.ties.unfollow(d.berta, d.studio)
    ),
    "getAccountLikedMedia": Try(gives=IS_FULL, before=_likes_reel),
    "getAccountCollections": Try(gives=IS_FULL, before=_collection),
    "getAccountCollection": Try(_collection, lambda d, a: a["name"] == "Ideas"),
    "getAccountCollectionMedia": Try(_collection, lambda d, a: a[0]["pk"] == str(d.post.pk)),
    "getNotes": Try(gives=lambda d, a: a[0]["text"] == "Open today", before=_note),
    "postNote": Try(lambda d: {"text": "Open today"}, lambda d, a: a["text"] == "Open today"),
    "deleteNote": Try(_note, leaves=lambda d: d.world.notes.of(d.studio) is None),
    "getNotifications": Try(gives=lambda d, a: "new_stories" in a),
    "getNotificationsSettings": Try(gives=lambda d, a: len(a) == 24),
    "patchNotificationsSettings": Try(
        lambda d: {"content_type": "likes", "setting_value": "off"},
        leaves=lambda d: d.studio.notification_settings == {"likes": "off"},
    ),
    "getInsightsAccount": Try(gives=lambda d, a: a["account_summary_unit"], before=_business),
    "getInsightsMedia": Try(
        lambda d: {"media_pk": d.world.add_post(d.studio, d.photo).pk},
        lambda d, a: a["inline_insights_node"],
        before=_business,
    ),
    "getInsightsMediaFeed": Try(lambda d: {"count": 1}, IS_FULL, before=_business),
}

HIGHLIGHTS: dict[str, Try] = {
    "getHighlight": Try(_highlight, lambda d, a: len(a["items"]) == 2),
    "postHighlight": Try(
        lambda d: {"title": "Winter", "story_ids": [_new_story(d)]},
        lambda d, a: a["title"] == "Winter",
    ),
    "patchHighlight": Try(
        lambda d: _highlight(d, title="Autumn"), lambda d, a: a["title"] == "Autumn"
    ),
    "deleteHighlight": Try(_highlight),
    "postHighlightStory": Try(
        lambda d: _highlight(d, story_ids=[_new_story(d)]), lambda d, a: a["media_count"] == 3
    ),
    "deleteHighlightStory": Try(
        lambda d: (
            _highlight(d) | {"story_ids": [d.world.highlights.of(d.studio)[0].stories[0].media_id]}
        ),
        lambda d, a: a["media_count"] == 1,
    ),
}

MORE = {**DIRECT, **COMMENTS, **TAGS, **SEARCH, **ACCOUNT, **HIGHLIGHTS}

"""The own account: profile, privacy, what it saved and likes, notifications, notes, insights."""

from __future__ import annotations

from typing import Any

from instagram.private import calls, chats, profile, saved
from session_api.attached import attached
from session_api.given import Malformed
from session_api.question import Question
from session_api.row import Given, Group, Rail

account = Group("Account")
notes = Group("Notes")
notifications = Group("Notifications")
insights = Group("Insights")

_KINDS = (
    *("likes", "like_and_comment_on_photo_user_tagged", "user_tagged", "comments"),
    *("comment_likes", "first_post", "new_follower", "follow_request_accepted"),
    *("connection_notification", "tagged_in_bio", "pending_direct_share"),
    *("direct_share_activity", "direct_group_requests", "video_call", "rooms"),
    *("live_broadcast", "felix_upload_result", "view_count", "fundraiser_creator"),
    *("fundraiser_supporter", "notification_reminders", "announcements", "report_updated"),
    "login_notification",
)
_VALUES = ("off", "following_only", "everyone")

account.row(
    "GET", "/account", "", "account_info()", "Account", Rail.READ, "The own account",
    older=("/account/info",),
)  # fmt: skip


async def _edit(client: Any, given: Given) -> Any:
    changes = {name: given[name] for name in profile.FIELDS if given[name] is not None}
    if not changes:
        raise Malformed("Nothing is to be changed")
    return await profile.edit(client, changes)


account.row(
    "PATCH", "/account", ", ".join((*profile.FIELDS, "confirm")), None, "Account", Rail.ACCOUNT,
    "Change the profile: only what is sent; `confirm` is the account's name",
    older=("/account/profile",), step=_edit, act="profile", confirms=True,
    sends="2 to 3: what there is, and all of it changed; the text about it is one of its own",
)  # fmt: skip


async def _change_picture(question: Question) -> Any:
    async with attached(question, "picture", "photo") as file:

        async def step(client: Any) -> Any:
            return calls.told(await profile.change_picture(client, file))

        return await question.run(step)


account.row(
    "PATCH", "/account/picture", "picture*:file", None, "UserShort", Rail.ACCOUNT,
    "Change the profile picture", handler=_change_picture, act="profile",
    sends="2: the picture, then that it is chosen",
)  # fmt: skip


async def _set_privacy(client: Any, given: Given) -> Any:
    if given["is_private"]:
        return await client.account_set_private()
    return await client.account_set_public()


account.row(
    "PATCH", "/account/privacy", "is_private*:bool", None, "bool", Rail.ACCOUNT,
    "Close the account, or open it", step=_set_privacy, act="profile",
)  # fmt: skip
account.row(
    "GET", "/account/follow/requests", "amount=50, cursor=",
    "user_follow_requests_chunk(amount, cursor)", "UserShortPage", Rail.READ,
    "A page of those who ask to follow", older=("/user/follow/requests",),
    found_in="users",
)  # fmt: skip
account.row(
    "POST", "/account/follow/request/approve", "user_id*:i", "user_follow_request_approve(user_id)",
    "bool", Rail.SOCIAL, "Let somebody follow who asked",
)  # fmt: skip
account.row(
    "DELETE", "/account/follow/request", "user_id*:i", "user_follow_request_decline(user_id)",
    "bool", Rail.SOCIAL, "Do not let somebody follow who asked",
)  # fmt: skip


async def _liked(client: Any, given: Given) -> Any:
    return await saved.media_in(client, "liked", given["amount"], given["last_media_pk"])


account.row(
    "GET", "/account/liked/media", "amount:i[1..200]=21, last_media_pk:i[0..]=0", None, "[Media]",
    Rail.READ, "The posts that the account likes", older=("/media/liked",), step=_liked,
    sends="1 to 20: a page each",
)  # fmt: skip


async def _collections(client: Any, given: Given) -> Any:
    return await saved.collections(client)


account.row(
    "GET", "/account/collections", "", None, "[Collection]", Rail.READ,
    "The collections of saved posts", step=_collections, sends="1 to 20: a page each",
)  # fmt: skip


def _check_named(given: Given) -> None:
    if bool(given["collection_pk"]) == bool(given["name"]):
        raise Malformed("Send either `collection_pk` or `name`")


async def _collection(client: Any, given: Given) -> Any:
    _check_named(given)
    return await saved.collection(client, given["collection_pk"], given["name"])


account.row(
    "GET", "/account/collection", "collection_pk, name", None, "Collection", Rail.READ,
    "One collection, by its id or its name", step=_collection,
    sends="1 to 20: pages of all collections, which alone say what one is",
)  # fmt: skip


async def _collection_media(client: Any, given: Given) -> Any:
    _check_named(given)
    where = given["collection_pk"]
    if not where:
        where = (await saved.collection(client, None, given["name"])).id
    return await saved.media_in(client, where, given["amount"], given["last_media_pk"])


account.row(
    "GET", "/account/collection/media", "collection_pk, name, amount=21, last_media_pk:i[0..]=0",
    None, "[Media]", Rail.READ, "The posts of a collection", step=_collection_media,
    sends="1 to 40: a page each; by a name, those of the collections first",
)  # fmt: skip

# Notes
notes.row("GET", "/notes", "", "get_notes()", "[Note]", Rail.READ, "The notes in the inbox")


async def _write_note(client: Any, given: Given) -> Any:
    return await chats.write_note(client, given["text"], given["audience"])


notes.row(
    "POST", "/note", "text*, audience:i[0..1]=0", None, "Note", Rail.OWN,
    "Write a note for those who follow each other (0) or for close friends (1)", step=_write_note,
)  # fmt: skip
notes.row(
    "DELETE", "/note", "note_id*:i", "delete_note(note_id)", "bool", Rail.OWN, "Take a note back",
)  # fmt: skip

# Notifications
notifications.row(
    "GET", "/notifications", "mark_as_seen:bool=false", "news_inbox_v1(mark_as_seen)", "Dict",
    Rail.READ, "The activity page",
)  # fmt: skip


async def _settings(question: Question) -> dict[str, list[str]]:
    return {kind: list(_VALUES) for kind in _KINDS}


notifications.row(
    "GET", "/notifications/settings", "", None, "Dict", Rail.LOCAL,
    "What one may be told of, and the values each takes", handler=_settings,
)  # fmt: skip
notifications.row(
    "PATCH", "/notifications/settings",
    f"content_type*:{'|'.join(_KINDS)}, setting_value*:{'|'.join(_VALUES)}",
    "notification_settings(content_type, setting_value)", "bool", Rail.OWN,
    "Change what the account is told of",
)  # fmt: skip

# Insights
insights.row(
    "GET", "/insights/account", "", "insights_account()", "Dict", Rail.READ,
    "The insights of a business account",
)  # fmt: skip
insights.row(
    "GET", "/insights/media", "media_pk*:i", "insights_media(media_pk)", "Dict", Rail.READ,
    "The insights of one of its posts",
)  # fmt: skip
insights.row(
    "GET", "/insights/media/feed",
    "post_type:ALL|CAROUSEL_V2|IMAGE|SHOPPING|VIDEO=ALL, "
    "time_frame:ONE_WEEK|ONE_MONTH|THREE_MONTHS|SIX_MONTHS|ONE_YEAR|TWO_YEARS=TWO_YEARS, "
    "data_ordering:REACH_COUNT|LIKE_COUNT|FOLLOW|SHARE_COUNT|BIO_LINK_CLICK|COMMENT_COUNT"
    "|IMPRESSION_COUNT|PROFILE_VIEW|VIDEO_VIEW_COUNT|SAVE_COUNT=REACH_COUNT, count:i[0..]=0",
    "insights_media_feed_all(post_type, time_frame, data_ordering, count, sleep=2)", "[Dict]",
    Rail.READ, "The insights of its posts", older=("/insights/media/feed/all",),
    sends="1 to 40: a page each, two seconds apart",
)  # fmt: skip

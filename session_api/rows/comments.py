"""Comments below posts."""

from __future__ import annotations

from typing import Any

from instagram.private import comments as own
from session_api.row import MOST_AT_ONCE, Given, Group, Rail

comments = Group("Comments")


async def _page(client: Any, given: Given) -> Any:
    return await own.page(client, given["media_id"], given["cursor"])


comments.row(
    "GET", "/media/comments", "media_id*, amount=20, cursor", None, "CommentPage", Rail.READ,
    "A page of the comments below a post, as long as Instagram makes it", step=_page,
)  # fmt: skip


async def _stream(client: Any, given: Given) -> Any:
    return await own.stream(client, given["media_id"], given["min_id"], given["max_id"])


comments.row(
    "GET", "/media/comments/stream", "media_id*, min_id=, max_id=", None, "Dict", Rail.READ,
    "The same page from the app's newer stream, with the cursors of both directions", step=_stream,
)  # fmt: skip
comments.row(
    "POST", "/media/comment", "media_id*, text*, replied_to_comment_id:i",
    "media_comment(media_id, text, replied_to_comment_id)", "Comment", Rail.SOCIAL,
    "Write a comment, or an answer to one", act="comment",
)  # fmt: skip
comments.row(
    "DELETE", "/media/comment", "media_id*, comment_pk*:i",
    "comment_bulk_delete(media_id, [comment_pk])", "bool", Rail.SOCIAL, "Delete a comment",
)  # fmt: skip
comments.row(
    "GET", "/media/comment/infos", "media_ids*[]", "media_comment_infos(media_ids)", "Dict",
    Rail.READ, "The first comments of several posts",
)  # fmt: skip


async def _is_offensive(client: Any, given: Given) -> Any:
    return await own.is_offensive(client, given["media_id"], given["text"])


comments.row(
    "POST", "/media/comment/check/offensive", "media_id*, text*", None, "bool", Rail.READ,
    "Whether Instagram takes a text for offensive", step=_is_offensive,
)  # fmt: skip


async def _answers(client: Any, given: Given) -> Any:
    most = given["amount"] or MOST_AT_ONCE
    return await own.answers(client, given["media_id"], given["comment_id"], most)


comments.row(
    "GET", "/media/comment/replies", "media_id*, comment_id*:i, amount:i[0..200]=0", None,
    "[Comment]", Rail.READ, "The answers to a comment, 200 at most", step=_answers,
    sends="1 to 20: a page each",
)  # fmt: skip
comments.pair(
    "/media/comment/like", "comment_pk*:i, revert:bool=false", "comment_like(comment_pk, revert)",
    "comment_unlike(comment_pk)", "bool", Rail.SOCIAL, "Like a comment", act="like",
)  # fmt: skip


async def _likers(client: Any, given: Given) -> Any:
    return await own.likers(client, given["comment_pk"], given["amount"] or MOST_AT_ONCE)


comments.row(
    "GET", "/media/comment/likers", "comment_pk*:i, amount:i[0..200]=0", None, "[Dict]", Rail.READ,
    "Who likes a comment, 200 at most; asked of the website, which alone knows", step=_likers,
    sends="1 to 4: a page each",
)  # fmt: skip
comments.pair(
    "/media/comment/pin", "media_id*, comment_pk*:i, revert:bool=false",
    "comment_pin(media_id, comment_pk, revert)", "comment_unpin(media_id, comment_pk)", "bool",
    Rail.SOCIAL, "Keep a comment above the others",
)  # fmt: skip

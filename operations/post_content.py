"""From the request bodies of posts to what the publish engine understands."""

from __future__ import annotations

from typing import Any

from ground.refusal import ErrorCode, Refusal
from operations import models as schemas
from publish.rules import Content


def content_of(body: schemas.PublishablePost | schemas.ScheduleEntry) -> Content:
    """Return the content that a whole post describes."""
    assert body.media_type is not None
    return Content(
        media_type=body.media_type,
        media_ids=_media_ids(body) or (),
        media_as_list=bool(body.media_file_ids),
        caption=body.caption,
        user_tags=body.user_tags,
        collaborators=body.collaborators,
        location_id=body.location_id,
        location_name=body.location_name,
        cross_post_to_facebook=bool(body.cross_post_to_facebook),
        story_mentions=body.story_mentions,
        story_stickers=body.story_stickers,
        alt_texts=body.alt_texts,
    )


def changes_of(body: schemas.DraftChanges | schemas.ScheduleChanges) -> dict[str, Any]:
    """Return the fields that were sent, by the names of `Content`; null clears a field."""
    sent = {name: getattr(body, name) for name in body.model_fields_set - {"version"}}
    for required in ("account_id", "media_type", "scheduled_for", "timezone"):
        if required in sent and sent[required] is None:
            del sent[required]
    if "cross_post_to_facebook" in sent:
        sent["cross_post_to_facebook"] = bool(sent["cross_post_to_facebook"])
    if isinstance(body, schemas.DraftChanges):
        media_ids = _media_ids(body)
        sent.pop("media_file_id", None)
        sent.pop("media_file_ids", None)
        if media_ids is not None:
            sent |= {"media_ids": media_ids, "media_as_list": bool(body.media_file_ids)}
    return sent


def _media_ids(body: schemas.PostContent) -> list[str] | None:
    """Return the files that were sent, in order, or None when neither field was.

    Raises `Refusal` where the two fields name different ones.
    """
    if body.media_file_ids:
        if body.media_file_id not in (None, *body.media_file_ids):
            raise Refusal(
                ErrorCode.INVALID_CAROUSEL, "`mediaFileId` is none of the carousel's `mediaFileIds`"
            )
        return list(body.media_file_ids)
    if body.media_file_id is not None:
        return [body.media_file_id]
    sent = body.model_fields_set & {"media_file_id", "media_file_ids"}
    return [] if sent else None

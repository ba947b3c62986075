"""What a post is made of, as a client sends it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    model_validator,
)

from operations.models.base import (
    AccountId,
    Instant,
    MediaId,
    PostId,
    Schema,
    Shape,
    TimezoneName,
)
from publish import rules, stickers
from storage.posts import MediaType

# What is wrong inside a post has codes of its own, which `publish.rules` knows: here only the
# documented shape is declared.
Username = Annotated[
    str,
    Field(
        min_length=1,
        max_length=rules.USERNAME_LENGTH,
        json_schema_extra={"pattern": r"^\s*@*\.*[A-Za-z0-9_][A-Za-z0-9._]*\s*$"},
    ),
]
Share = Annotated[float, Field(ge=0, le=1)]


class UserTag(Schema):
    """Somebody tagged on a picture; x and y are 0 (left, top) to 1 (right, bottom)."""

    username: Username
    x: Share
    y: Share


class StoryMention(Schema):
    """An @mention sticker on a story; x and y are 0 to 1 and default to the middle."""

    username: Username
    x: Share = 0.5
    y: Share = 0.5


Extent = Annotated[float, Field(ge=stickers.SMALLEST, le=1)]


class Sticker(Schema):
    """Where a sticker is: its middle and its size as shares of the picture; rotation of a turn."""

    x: Share = 0.5
    y: Share = 0.5
    width: Extent = 0.5
    height: Extent = 0.1
    rotation: Share = 0.0


class LinkSticker(Sticker):
    """A link on a story; at most one."""

    type: Literal["link"]
    url: Annotated[str, Field(max_length=stickers.URL_LENGTH, json_schema_extra={"format": "uri"})]


class HashtagSticker(Sticker):
    """A hashtag on a story, with or without its `#`; at most ten."""

    type: Literal["hashtag"]
    name: Annotated[str, Field(min_length=1, max_length=stickers.HASHTAG_LENGTH)]


class LocationSticker(Sticker):
    """A place on a story, by its number at Instagram; at most one."""

    type: Literal["location"]
    id: Annotated[str, Field(pattern=f"^{stickers.LOCATION_ID.pattern}$")]
    name: Annotated[str | None, Field(max_length=stickers.NAME_LENGTH)] = None


StorySticker = Annotated[
    LinkSticker | HashtagSticker | LocationSticker, Field(discriminator="type")
]
Caption = Annotated[str, Shape(Annotated[str, Field(max_length=rules.CAPTION_LENGTH)])]
UserTags = Annotated[
    list[Any], Shape(Annotated[list[UserTag], Field(max_length=rules.MAX_USER_TAGS)])
]
StoryMentions = Annotated[
    list[Any], Shape(Annotated[list[StoryMention], Field(max_length=rules.MAX_STORY_MENTIONS)])
]
StoryStickers = Annotated[
    list[Any],
    Shape(Annotated[list[StorySticker], Field(max_length=sum(stickers.MOST.values()))]),
]
Collaborators = Annotated[
    list[Any], Shape(Annotated[list[Username], Field(max_length=rules.MAX_COLLABORATORS)])
]

# One for each file, in their order; null where nothing is said (additive).
AltTexts = Annotated[
    list[Annotated[str, Field(max_length=rules.ALT_TEXT_LENGTH)] | None],
    Field(max_length=rules.CAROUSEL_ITEMS[1]),
]


# Which state of a post a change is meant for; without one it is made in any case (additive).
Version = Annotated[str, Field(min_length=1, max_length=64)]


class PostContent(Schema):
    """The fields that drafts, posts and schedules share (contract §4.4)."""

    media_file_id: MediaId | None = None
    media_file_ids: list[MediaId] | None = None
    caption: Caption | None = None
    user_tags: UserTags | None = None
    collaborators: Collaborators | None = None
    location_id: str | None = Field(default=None, max_length=64)
    location_name: str | None = Field(default=None, max_length=256)
    cross_post_to_facebook: bool | None = None
    story_mentions: StoryMentions | None = None
    story_stickers: StoryStickers | None = None
    alt_texts: AltTexts | None = None


class PublishablePost(PostContent):
    account_id: AccountId
    media_type: MediaType


class DraftChanges(PostContent):
    """Only the fields that are sent are changed."""

    account_id: AccountId | None = None
    media_type: MediaType | None = None
    version: Version | None = None


class AsSeen(Schema):
    """Which state of a post somebody has looked at."""

    version: Version | None = None


class ScheduleRequest(PublishablePost):
    scheduled_for: Instant
    timezone: TimezoneName = "UTC"


class ScheduleEntry(PostContent):
    """One of several: a post that is there already (`postId`), or a new one."""

    post_id: PostId | None = None
    account_id: AccountId | None = None
    media_type: MediaType | None = None
    scheduled_for: Instant
    timezone: TimezoneName = "UTC"

    @model_validator(mode="after")
    def _is_one_thing(self) -> ScheduleEntry:
        content = self.model_fields_set - {"post_id", "scheduled_for", "timezone"}
        if self.post_id is not None and content:
            raise ValueError("a post that is there already has its content: only its time is sent")
        if self.post_id is None and (self.account_id is None or self.media_type is None):
            raise ValueError("send `postId`, or `accountId` and `mediaType` with the content")
        return self


class ScheduleBatch(Schema):
    """With `dryRun` everything is checked, and nothing is kept."""

    items: list[ScheduleEntry] = Field(min_length=1, max_length=100)
    dry_run: bool = False


class ScheduleChanges(Schema):
    """Only the fields that are sent are changed."""

    caption: Caption | None = None
    scheduled_for: Instant | None = None
    timezone: TimezoneName | None = None
    user_tags: UserTags | None = None
    location_id: str | None = Field(default=None, max_length=64)
    location_name: str | None = Field(default=None, max_length=256)
    collaborators: Collaborators | None = None
    cross_post_to_facebook: bool | None = None
    story_mentions: StoryMentions | None = None
    story_stickers: StoryStickers | None = None
    alt_texts: AltTexts | None = None
    version: Version | None = None


class SwapRequest(Schema):
    """The two times are those that were seen, where they are sent: is one another by now, nothing
    is changed."""

    other_post_id: PostId
    was: Instant | None = None
    other_was: Instant | None = None


class RescheduleRequest(Schema):
    scheduled_for: Instant
    timezone: str | None = None
    version: Version | None = None

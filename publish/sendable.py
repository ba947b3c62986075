"""What each route can send of a post. Pure; what would be left out is said when it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from storage.deliveries import RouteName
from storage.media_files import MediaFile
from storage.posts import MediaType, Post

_NAMES = {RouteName.GRAPH: "the official API", RouteName.PRIVATE: "the Private API"}
# The fields of a post that may be left out, as a client calls them, and whether one is filled.
_FIELDS: dict[str, Callable[[Post], bool]] = {
    "caption": lambda post: bool(post.caption),
    "userTags": lambda post: bool(post.user_tags),
    "collaborators": lambda post: bool(post.collaborators),
    "locationId": lambda post: bool(post.location_id),
    "locationName": lambda post: bool(post.location_name),
    "altTexts": lambda post: bool(post.alt_texts),
    "storyMentions": lambda post: bool(post.story_mentions),
    "storyStickers": lambda post: bool(post.story_stickers),
    "crossPostToFacebook": lambda post: post.cross_post_to_facebook,
}
_FEED = {"caption", "userTags", "collaborators", "locationId", "locationName"}
SENT: dict[tuple[RouteName, MediaType], frozenset[str]] = {
    (RouteName.GRAPH, MediaType.IMAGE): frozenset(_FEED | {"altTexts", "crossPostToFacebook"}),
    (RouteName.GRAPH, MediaType.REELS): frozenset((_FEED - {"userTags"}) | {"crossPostToFacebook"}),
    (RouteName.GRAPH, MediaType.CAROUSEL): frozenset(_FEED | {"altTexts"}),
    (RouteName.GRAPH, MediaType.STORIES): frozenset({"storyMentions"}),
    (RouteName.PRIVATE, MediaType.IMAGE): frozenset(_FEED | {"altTexts"}),
    (RouteName.PRIVATE, MediaType.REELS): frozenset(_FEED),
    (RouteName.PRIVATE, MediaType.CAROUSEL): frozenset(_FEED | {"altTexts"}),
    (RouteName.PRIVATE, MediaType.STORIES): frozenset({"storyMentions", "storyStickers"}),
}


def left_out(post: Post, media: Sequence[MediaFile], route: RouteName) -> list[str]:
    """Return a warning for each filled field that this post goes out without on that route."""
    sent = SENT[route, post.media_type]
    kind = "stories" if post.media_type is MediaType.STORIES else "posts"
    warnings = [
        f"`{name}` is not sent: {kind} go out without it through {_NAMES[route]}"
        for name, is_filled in _FIELDS.items()
        if is_filled(post) and name not in sent
    ]
    return [*warnings, *_halves(post, media, route)]


def _halves(post: Post, media: Sequence[MediaFile], route: RouteName) -> Iterator[str]:
    """Fields that are sent only together with something else."""
    if post.media_type is MediaType.STORIES:
        return
    if post.location_name and not post.location_id:
        yield "`locationName` is not sent: a place needs its `locationId`"
    is_album = post.media_type is MediaType.CAROUSEL and route is RouteName.GRAPH
    if is_album and post.user_tags and media and media[0].is_video:
        yield "`userTags` are not sent: they go on the first file of a carousel, which is a video"
    if any(text and file.is_video for text, file in zip(post.alt_texts or (), media, strict=False)):
        yield "`altTexts` are not sent for videos: Instagram takes them for photos"

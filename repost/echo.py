"""Stories that are reposts themselves: two accounts that both repost must not do so without end.

A repost names its author, which is a mention again. What this daemon has made is known by its id;
what another has made, by where its card names the author.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from repost.layout import CANVAS, LABEL_HEIGHT, SIDE
from storage import repost_echoes
from storage.reposts import Repost
from storage.store import Database

if TYPE_CHECKING:
    from instagram.mentioned import Box
    from instagram.private.stories import Story

_HEARD_FOR = timedelta(hours=72)
_HALF_A_PIXEL = 0.5


def refusal(db: Database, repost: Repost) -> str | None:
    """Return why a story is never reposted: it is a repost that was made here; else None."""
    if repost.is_own or not repost_echoes.is_made_here(db, repost, repost.detected_at - _HEARD_FOR):
        return None
    return f"It is itself a repost, which Reprise has made for @{repost.author_username}"


def may_be_made_here(db: Database, repost: Repost) -> bool:
    """Say whether a repost that names this account is out under an id that is not known yet."""
    return repost_echoes.may_be_made_here(db, repost, repost.detected_at - _HEARD_FOR)


def is_suspected(story: Story, viewer_pk: str, *, has_named_author: bool) -> bool:
    """Say whether a story looks like a repost of one of the viewer's own.

    `has_named_author` says that a story of the viewer named this author lately.
    """
    if story.reshared_from_pk and story.reshared_from_pk == viewer_pk:
        return True  # with the app's own "Add to your story"
    if len(story.mentions) != 1 or story.mentions[0].user_pk != viewer_pk:
        return False
    (box,) = story.mentions
    if box.height:
        return _is_label(box)
    # The official API places a mention without a size.
    return has_named_author and _is_place_of_label(box)


def has_named(db: Database, repost: Repost) -> bool:
    """Say whether a story of the account named this author lately."""
    return repost_echoes.has_named(db, repost, repost.detected_at - _HEARD_FOR)


def _is_label(box: Box) -> bool:
    """Say whether a mention lies exactly where a card has its author's name."""
    width, height = CANVAS
    if abs(box.height * height - LABEL_HEIGHT) > _HALF_A_PIXEL / 10:
        return False
    left = box.x * width - box.width * width / 2
    return abs(box.x * width - width / 2) < _HALF_A_PIXEL or abs(left - SIDE) < _HALF_A_PIXEL


def _is_place_of_label(box: Box) -> bool:
    middle = box.y * CANVAS[1]
    return abs(box.x - 0.5) < 1e-6 and box.y != 0.5 and abs(middle - round(middle)) < 0.01

"""What an account shows of its own: read strictly, because what is missing in it gets published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from instagram.fields import identifier, mapping


class HasPk(Protocol):
    @property
    def pk(self) -> str: ...


M = TypeVar("M", bound=HasPk)


@dataclass(frozen=True, slots=True)
class OwnMedia(Generic[M]):
    """The account's own stories or posts; `unread` are the pks of what is in no known form."""

    read: list[M]
    unread: list[str]

    @property
    def pks(self) -> list[str]:
        return [*(media.pk for media in self.read), *filter(None, self.unread)]


def own_media(items: Sequence[object], parse: Callable[[object], M | None]) -> OwnMedia[M]:
    """Return own media from the items of Instagram's JSON."""
    read: list[M] = []
    unread: list[str] = []
    for item in items:
        media = parse(item)
        if media is None:
            unread.append(identifier(mapping(item).get("pk")))
        else:
            read.append(media)
    return OwnMedia(read, unread)

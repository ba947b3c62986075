"""The music that Reels and stories may use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.world.library import Library
from sandbox.world.post import Post

_FIRST = 1_440_000_000_000


@dataclass(eq=False, slots=True, kw_only=True)
class Track:
    """One piece of music."""

    pk: int
    canonical_id: str
    title: str
    artist: str
    duration_s: float
    sound_pk: int  # under which the content network delivers it


class Music:
    """All tracks, and the Reels that use them."""

    def __init__(self, library: Library, next_number: Callable[[], int]) -> None:
        self._library = library
        self._next_number = next_number
        self._all: list[Track] = []
        self._used: list[tuple[Post, Track]] = []

    def add(self, title: str, artist: str, file: Path, *, duration_s: float = 30.0) -> Track:
        """Add a track; the file stays where it is."""
        number = self._next_number()
        track = Track(
            pk=_FIRST + number,
            canonical_id=str(18_150_000_000_000_000 + number),
            title=title,
            artist=artist,
            duration_s=duration_s,
            sound_pk=self._library.keep_sound(file),
        )
        self._all.append(track)
        return track

    def use(self, track: Track, post: Post) -> None:
        """Let a Reel play a track."""
        self._used.append((post, track))

    def find(self, number: str) -> Track | None:
        """The track with that id, of either kind."""
        return next((t for t in self._all if number in (str(t.pk), t.canonical_id)), None)

    def search(self, text: str) -> list[Track]:
        """The tracks with a text in title or artist; all of them for an empty one."""
        wanted = text.strip().casefold()
        return [t for t in self._all if wanted in f"{t.title} {t.artist}".casefold()]

    def reels(self, track: Track) -> list[Post]:
        """The visible Reels of public accounts that use a track, newest first."""
        using = {post for post, each in self._used if each is track}
        return [p for p in self._library.newest_posts() if p in using and not p.owner.private]

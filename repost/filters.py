"""Which stories a user wants to repost: by author, by followers, by words. Pure.

Every refusal says why in plain words; what a name was when it was listed does not matter once
the author's id is known.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.authors import AuthorRule, Verdict
from storage.repost_configs import RepostConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who tells a story; `username` may be unknown, and so may `followers`."""

    pk: str
    username: str
    followers: int | None = None


def denial(rules: Sequence[AuthorRule], author: Author) -> str | None:
    """Return why an author's stories are never reposted, or None."""
    if _is_listed(rules, Verdict.DENY, author):
        return f"{_name(author)} is on your deny list"
    return None


def is_always(rules: Sequence[AuthorRule], author: Author) -> bool:
    """Say whether nobody is to be asked about an author's stories."""
    return _is_listed(rules, Verdict.ALWAYS, author)


def author_refusal(rules: Sequence[AuthorRule], author: Author) -> str | None:
    """Return why the lists keep an author out, or None; the deny list goes first."""
    if (denied := denial(rules, author)) is not None:
        return denied
    has_allow_list = any(rule.verdict is Verdict.ALLOW for rule in rules)
    is_welcome = _is_listed(rules, Verdict.ALLOW, author) or is_always(rules, author)
    if has_allow_list and not is_welcome:
        return f"{_name(author)} is not on your allow list"
    return None


def word_refusal(config: RepostConfig, caption: str | None) -> str | None:
    """Return why the words of a story keep it out, or None."""
    said = words(caption or "")
    for excluded in config.excluded_words:
        if _says(said, excluded):
            return f"Its text holds “{excluded}”, which you exclude"
    if config.required_words and not any(_says(said, each) for each in config.required_words):
        return "Its text holds none of the words that you ask for"
    return None


def follower_refusal(config: RepostConfig, author: Author) -> str | None:
    """Return why the number of followers keeps an author out; an unknown one does not."""
    if author.followers is None or author.followers >= config.minimum_followers:
        return None
    return (
        f"{_name(author)} has {author.followers} followers, "
        f"fewer than the {config.minimum_followers} that you ask for"
    )


def words(text: str) -> list[str]:
    """Return the words of a text without case, accents, marks and punctuation."""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = (_letter(sign) for sign in folded if unicodedata.category(sign) != "Mn")
    return "".join(kept).split()


def _letter(sign: str) -> str:
    return sign if unicodedata.category(sign)[0] in "LMN" else " "


def _says(said: Sequence[str], wanted: str) -> bool:
    """Say whether the words of `wanted` stand in the text, whole and one after the other."""
    sought = words(wanted)
    ends = range(len(sought), len(said) + 1)
    return any(list(said[end - len(sought) : end]) == sought for end in ends)


def _is_listed(rules: Iterable[AuthorRule], verdict: Verdict, author: Author) -> bool:
    return any(_is_meant(rule, author) for rule in rules if rule.verdict is verdict)


def _is_meant(rule: AuthorRule, author: Author) -> bool:
    if rule.author_pk == author.pk:
        return True
    # Who took over an allowed name is somebody else; a denied name stays denied all the same.
    may_go_by_name = rule.author_pk is None or rule.verdict is Verdict.DENY
    return may_go_by_name and rule.username.lower() == author.username.lower()


def _name(author: Author) -> str:
    return f"@{author.username}" if author.username else "The author"

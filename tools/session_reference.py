"""Writes `docs/session-api.md` from the table of the session API.

Run by `make docs`; a test holds the checked-in file to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from session_api.row import Field, Rail, Row
from session_api.table import GROUPS, rows

PAGE = Path(__file__).parents[1] / "docs" / "session-api.md"
_RAILS = {
    Rail.LOCAL: "asks Instagram nothing",
    Rail.READ: "a read: `REPRISE_SESSION_READS_PER_HOUR`",
    Rail.OWN: "the account's own state, undoable: `REPRISE_SESSION_ACTS_PER_DAY`",
    Rail.PUBLISH: (
        "its own content, a day: 10 posts and 24 stories whoever asked for them, 10 deleted, 20 edited, "
        "10 changes of highlights, 20 others"
    ),
    Rail.SOCIAL: "acts on others: off until `REPRISE_SESSION_SOCIAL=on`, then a day at most "
    "20 follows and unfollows, 50 likes, 10 comments, 20 others, half a minute apart, not while the account "
    "sleeps, nor in the first two days of its session",
    Rail.DIRECT: "messages: as S, 50 a day, and none to anybody who has not written in that chat",
    Rail.ACCOUNT: "the login itself: one password a day without a code; 5 changes of the profile and 5 of the "
    "second factor a day, some with `confirm` as a word that they are meant",
}
_HEAD = """<!-- Written by `make docs`; do not edit. -->
# The session API

Instagram's own calls, by session: `http://127.0.0.1:3001/session/…`, for programs on this machine. Every
call but the system's carries one of our keys (`Authorization: Bearer vg_live_…`), and all but logins the
session as `X-Session-ID` (or the cookie, query or form field `sessionid`). GET and DELETE take a query, POST
and PATCH a form. `REPRISE_SESSION_API=off` takes all of it away.

**A session is an account of Reprise**: `POST /auth/login` connects the account if it is not yet, and gives
an id that stays the same. It uses that account's device, proxy, limits and brakes; a post goes out by the
same door as any other. A login with the password that is kept sends nothing; another password is submitted
once a day without a code. A session that was made elsewhere is taken for the account of that name or number, by
`proxy`, `locale` and `timezone` from its first request on; ten of nobody here that come to nothing are tried an hour.
The id is worth nothing without a key. Sessions end after `REPRISE_SESSION_DAYS` days without use.

**An upload is a post like any other**: recorded before anything leaves, sent once, in the history and the
limits of the account; the answer waits while there is work on it, five minutes at most. The same again (the same files and words, while it is on its
way and for an hour after) is answered with the same post, unless it comes under an `Idempotency-Key` of its
own. 504 `StillOnItsWay`, at once where the next try lies ahead, tells the `post_id` and until when it waits: it goes
out by itself. Decorations, tags and
places are JSON in form fields, one object or an array in each; one that is bad is named, and nothing is
uploaded. Addresses are fetched from the internet alone, never from this machine or network. The address of a
post is read and never fetched; a link of the form `/share/` does not say which post it is, and is refused. Feed videos
and IGTV are Reels, as Instagram has them.

**Answers**: a model of aiograpi with all its keys and its ids as text, `true`, or a page
`{"items": […], "next_cursor": "…"}` whose cursor is "" at the end. A page holds all that Instagram gave, which
may be more than `amount`.

**Failures**: `{"detail": …, "exc_type": "…", "hint": "…"}`. 401 no such session, wrong password or code
(`TwoFactorRequired`: the same again with `verification_code`); 403 a challenge, with the `last_json` that
`POST /auth/challenge/resolve` takes, or what this account may not see; 404 gone; 409 `NotDone`: Instagram
answered an act without a refusal and without having done it; 422 malformed; 429
Instagram or a rail says wait (`Retry-After`, `rail`, `until`); 501 not served, with the reason; 502 and 504
no usable answer: the hint of an act says then that it may have been done nevertheless. Only uploads are known again:
a comment or a message that is asked for twice goes out twice. `Reprise-Warning` tells beside an answer what came and
is not used: the caption of a story, `upload_id`, an `Idempotency-Key` where none is heard. The system's operations and
pages answer HEAD too.

**Requests** to Instagram are counted below for a plain call: one, but for what says otherwise. Each beyond
the first counts as a read, and none goes beyond what is said there, whatever Instagram answers. Where an id of
the form `number_owner` is wanted, a number alone is looked up first: one more.

**Rails** hold back what endangers the account; `X-Dry-Run: 1` answers what would be sent and which rail
would hold it.

| class | what it is |
|---|---|
"""


def page() -> str:
    """Return the page."""
    return "\n".join(_lines()).rstrip("\n") + "\n"


def main() -> None:
    """Write the file."""
    PAGE.write_text(page(), encoding="utf-8")


def _lines() -> Iterator[str]:
    yield _HEAD.rstrip("\n")
    for rail, says in _RAILS.items():
        yield f"| {rail.value} | {says} |"
    yield ""
    yield f"{len(rows())} names; an older name answers as its newer one."
    every = [row for group in GROUPS for row in group.rows]
    for tag, group in groupby(every, lambda row: row.tag):
        yield f"\n## {tag}\n"
        yield "| operation | takes | gives | class | requests | call of aiograpi |\n|---|---|---|---|---|---|"
        for row in group:
            yield _line(row)


def _line(row: Row) -> str:
    older = "".join(f"<br>older: `{path}`" for path in row.older)
    takes = ", ".join(_field(each) for each in row.takes) or "nothing"
    call = f"`{row.call.text}`" if row.call else f"none: {row.absent}" if row.absent else "ours"
    return (
        f"| `{row.method} {row.path}`<br>{row.summary}{older} | {takes} | `{row.gives}` "
        f"| {row.rail.value} | {_requests(row)} | {call} |".replace("\n", " ")
    )


def _requests(row: Row) -> str:
    return row.sends or str(row.requests.start)


def _field(field: Field) -> str:
    text = f"`{field.name}`" + ("\\*" if field.required else "") + ("…" if field.many else "")
    return text if field.default in (None, "") else f"{text} = {field.default}"


if __name__ == "__main__":
    main()

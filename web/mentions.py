"""Mentions: what came in, what is decided about it, and the way of each."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from typing import Any

from quart import Response, request
from quart_trio import QuartTrio

from ground.refusal import ErrorCode, Refusal
from operations import author_rules, card_preview, mentions, models, posts, story_repost
from operations.scopes import Scope
from repost.ruling import AuthorWish
from web.pages import Pages, noted, sent, toast
from web.rendering import environment
from web.visit import Visit, given, visit
from web.way import way_of

PAGE = 50
_MOST = 500  # rows that one page shows again at once
# The tabs, in the order in which they are shown; the states of each are the operation's.
TABS = {
    "waiting": "Waits for you",
    "moving": "On its way",
    "out": "Out",
    "skipped": "Skipped",
    "missed": "Missed and failed",
}
_RULED = {
    AuthorWish.NEVER: "Nothing of @{name} is reposted from now on",
    AuthorWish.ALWAYS: "What @{name} shows of you goes out without asking",
    AuthorWish.ASK: "You are asked about @{name} again",
}
_DONE = {"approve": "Approved", "skip": "Skipped", "reconsider": "Taken back:"}


def add(app: QuartTrio, pages: Pages) -> None:
    """Add the routes."""

    @app.get("/mentions")
    async def mentions_page() -> Response:
        visit = await pages.visit()
        opened = None
        if chosen := visit.args.get("open"):
            opened = await _opened(visit, chosen)
        shown = await listed(visit)
        return pages.show("mentions.html", visit, "/mentions", **shown, opened=opened)

    @app.get("/mentions/list")
    async def mentions_list() -> Response:
        visit = await pages.visit()
        return pages.part("_mentions.html", visit, **await listed(visit))

    @app.get("/mentions/more")
    async def mentions_more() -> Response:
        visit = await pages.visit()
        return pages.part("_stories.html", visit, **await listed(visit))

    @app.get("/mentions/<repost_id>")
    async def mention_page(repost_id: str) -> Response:
        visit = await pages.visit()
        opened = await _opened(visit, repost_id)
        return pages.show("mention.html", visit, "/mentions", opened=opened)

    @app.get("/mentions/<repost_id>/part")
    async def mention_part(repost_id: str) -> Response:
        visit = await pages.visit()
        return pages.part("_mention.html", visit, opened=await _opened(visit, repost_id))

    @app.get("/mentions/<repost_id>/card.jpg")
    async def mention_card(repost_id: str) -> Response:
        visit = await pages.visit()
        card: models.CardPreview = await visit.perform(
            card_preview.preview_repost, models.RepostPreviewRequest(), repost_id
        )
        response = Response(b64decode(card.image.partition(",")[2]), content_type="image/jpeg")
        response.headers["Cache-Control"] = "private, max-age=60"
        return response

    _add_decisions(app, pages)


def _add_decisions(app: QuartTrio, pages: Pages) -> None:
    # Each written out: a variable would never match a word that is in a path of the API.
    @app.post("/mentions/approve")
    async def approve_mentions() -> Response:
        return await _decide(await pages.visit(), "approve")

    @app.post("/mentions/skip")
    async def skip_mentions() -> Response:
        return await _decide(await pages.visit(), "skip")

    @app.post("/mentions/reconsider")
    async def reconsider_mentions() -> Response:
        return await _decide(await pages.visit(), "reconsider")

    @app.post("/mentions/card")
    async def choose_card() -> Response:
        return await _dress(await pages.visit())

    @app.post("/mentions/author")
    async def rule_author() -> Response:
        return await _rule(await pages.visit())

    @app.post("/mentions/scan")
    async def scan_now() -> Response:
        visit = await pages.visit()
        wanted = models.OptionalAccountRef(account_id=visit.account_id)
        found: models.ScanResult = await visit.perform(story_repost.scan, wanted)
        told = f"Looked: {found.detected or 'nothing'} new, by {found.requests} requests."
        return noted(toast(visit, told))


async def listed(visit: Visit) -> dict[str, Any]:
    """Return one tab's list, with how many there are in each."""
    tab = visit.args.get("state", "waiting")
    if tab not in TABS:
        raise Refusal(ErrorCode.INVALID_PARAM, f"There is no list {tab[:20]!r}")
    shown = visit.args.get("shown", "")
    wanted = min(_MOST, int(shown)) if shown.isascii() and shown.isdecimal() else PAGE
    found: list[Any] = []
    as_of: int | None = None
    after: str | None = visit.args.get("after") or None
    while True:
        got, after, seen = await _page(visit, tab, after)
        found += got
        # What comes while the pages are read is not among what was seen.
        as_of = seen if as_of is None else as_of
        if after is None or len(found) >= wanted:
            break
    return {
        "tab": tab,
        "tabs": TABS,
        "counts": await _counts(visit),
        "items": found,
        "after": after,
        "as_of": as_of,
        "most": mentions.MOST_AT_ONCE,
        "stale": visit.now,
    }


async def _page(
    visit: Visit, tab: str, after: str | None
) -> tuple[Sequence[Any], str | None, int | None]:
    account = visit.account_id
    if tab == "waiting":
        query = given(models.PendingQuery, account_id=account, limit=PAGE, after=after)
        pending: models.PendingReposts = await visit.perform(mentions.get_pending, query)
        return pending.reposts, pending.next, pending.as_of
    chosen = given(models.RepostQuery, account_id=account, group=tab, limit=PAGE, after=after)
    history: models.RepostHistory = await visit.perform(mentions.get_history, chosen)
    return history.reposts, history.next, None


async def _counts(visit: Visit) -> dict[str, int]:
    if not visit.may(Scope.POSTS_READ):
        return {"waiting": visit.waiting}
    counts: models.Counts = await visit.perform(posts.get_counts)
    groups = {status.value: tab for tab, many in models.REPOST_GROUPS.items() for status in many}
    found = dict.fromkeys(TABS, 0)
    for each in counts.reposts:
        tab = groups.get(each.status)  # a row with a damaged word is in none
        if each.account_id == visit.account_id and tab is not None:
            found[tab] += each.count
    return found


async def _opened(visit: Visit, repost_id: str) -> dict[str, Any]:
    item: models.RepostDetails = await visit.perform(mentions.get_repost, None, repost_id)
    return {"item": item, "way": way_of(item)}


async def _decide(visit: Visit, verdict: str) -> Response:
    """Decide about those that were sent, or all that were seen; says what came of it."""
    form = await sent()
    # A note to take a thousand back names them in one field.
    ids = [each for value in form.getlist("id") for each in value.split()]
    made: models.Decided
    if verdict == "approve" and (look := form.get("look")) and len(ids) == 1:
        # Beside the picture of its card: that one is meant.
        asked = given(models.Approval, look=look)
        item: models.RepostItem = await visit.perform(mentions.approve, asked, ids[0])
        made = models.Decided(decided=[item], refused=[])
    elif verdict == "reconsider":
        made = await visit.perform(
            mentions.reconsider_several, given(models.Reconsidering, repost_ids=ids)
        )
    else:
        operation = mentions.approve_several if verdict == "approve" else mentions.skip_several
        chosen: dict[str, Any] = {"ids": ids}
        if seen := form.get("as_of"):
            chosen = {"all": True, "account_id": visit.account_id, "as_of": seen}
        made = await visit.perform(operation, given(models.Decision, **chosen))
    return await _told(visit, verdict, made)


async def _dress(visit: Visit) -> Response:
    """Give one mention's card another template, and say whether it waits for approval again."""
    form = await sent()
    before: models.RepostDetails = await visit.perform(
        mentions.get_repost, None, form.get("id", "")
    )
    asked = given(models.CardChoice, template=form.get("template") or None)
    after: models.RepostDetails = await visit.perform(mentions.choose_card, asked, before.id)
    name = after.template.value if after.template else "as of all others"
    told = f"The card of @{after.original_username}: {name}"
    if before.status is not after.status:
        told += ". You had approved another one: it waits for you again"
    fields = [("id", after.id), ("template", before.template.value if before.template else "")]
    return noted(toast(visit, told, undo="/mentions/card", fields=fields))


async def _rule(visit: Visit) -> Response:
    """Let a rule hold for an author; with `id`s, what an earlier one decided is taken back."""
    form = await sent()
    wanted = given(
        models.AuthorRuling,
        account_id=visit.account_id,
        username=form.get("username", ""),
        rule=form.get("rule", ""),
    )
    ruled: models.AuthorRuled = await visit.perform(author_rules.rule_author, wanted)
    back = form.get("id", "").split()
    if back:
        again = given(models.Reconsidering, repost_ids=back)
        await visit.perform(mentions.reconsider_several, again)
    told = [_RULED[ruled.rule].format(name=ruled.username)]
    if ruled.decided and not back:
        done = "skipped" if ruled.rule is AuthorWish.NEVER else "approved"
        told.append(f"{len(ruled.decided):,} of their stories {done}")
    told += [each.reason for each in ruled.refused[:1]]
    fields = [("username", ruled.username), ("rule", ruled.before)]
    if ruled.decided:
        fields.append(("id", " ".join(each.id for each in ruled.decided)))
    undo = "" if back or ruled.before is ruled.rule else "/mentions/author"
    return noted(toast(visit, ". ".join(told), undo=undo, fields=fields))


async def _told(here: Visit, verdict: str, made: models.Decided) -> Response:
    done = [each.id for each in made.decided]
    told = []
    if done:
        many = len(done)
        what = f"@{made.decided[0].original_username}" if many == 1 else f"{many:,} stories"
        told.append(f"{_DONE[verdict]} {what}")
    if made.refused:
        many, why = len(made.refused), made.refused[0].reason
        told.append(why if many == 1 else f"{many:,} could not be decided. The first: {why}")
    if made.came_since:
        came = "1 came" if made.came_since == 1 else f"{made.came_since:,} came"
        told.append(
            f"{came} after you looked, and still wait{'s' * (made.came_since == 1)} for you"
        )
    # One note, for one is shown at a time, and it has the way back.
    undo = "/mentions/reconsider" if done and verdict != "reconsider" else ""
    text = ". ".join(told) or "Nothing of what you saw waits any more"
    parts = [toast(here, text, is_bad=not done, undo=undo, fields=[("id", " ".join(done))])]
    after = await visited_again(here)
    parts.append(
        environment()
        .get_template("_counts.html")
        .render(visit=after, counts=await _counts(after), oob=True)
    )
    keep = not done or request.headers.get("HX-Target", "").startswith("toast")
    return noted("".join(parts), keep=keep)


async def visited_again(before: Visit) -> Visit:
    """Return the visit as it is after something was changed."""
    return await visit(before.house, before.actor, before.args)

"""What must hold of simulated months, judged by the sandbox's ledger alone where that can tell."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sandbox.world.ledger import Entry
from tests.support.months import DAY, HOUR, START, ZONE, Life

MINUTE = timedelta(minutes=1)
# As docs/account-safety.md says it, not as the code does.
CAPS = ((7, 1), (14, 3), (21, 5), (30, 8))
LIMIT = 10
WRITES = ("rupload", "configure")


@dataclass(frozen=True)
class Seen:
    """One request with its moment; `asked` when a person asked for it."""

    at: datetime
    entry: Entry
    asked: bool

    @property
    def writes(self) -> bool:
        return any(part in self.entry.path for part in WRITES)


class Evidence:
    """The ledger and the store of a life that is over."""

    def __init__(self, life: Life) -> None:
        self.life = life
        ledger = life.sandbox.ledger
        asked = {number for begin, end in life.by_hand for number in range(begin, end)}
        self.seen = [
            Seen(datetime.fromtimestamp(entry.at, UTC), entry, number in asked)
            for number, entry in enumerate(ledger.requests)
        ]
        self.published = [datetime.fromtimestamp(post.at, UTC) for post in ledger.published]
        database = life.directory / "data" / "reprise.db"
        with closing(sqlite3.connect(database)) as store:
            self.reposts = store.execute(
                "SELECT story_pk, item_id, status, reason, media_path, mentioned_at, detected_at"
                " FROM reposts"
            ).fetchall()
            self.troubles = [
                (kind, _moment(at), until and _moment(until), cleared and _moment(cleared))
                for kind, at, until, cleared in store.execute(
                    "SELECT kind, at, until, cleared_at FROM troubles ORDER BY at"
                )
            ]
            self.reasons = store.execute(
                "SELECT at, reason FROM events WHERE subject = 'repost' AND state = 'QUEUED'"
                " AND reason IS NOT NULL"
            ).fetchall()

    def logged_in_at(self, now: datetime) -> datetime:
        return max((at for at in self.life.logins_by_hand if at <= now), default=START)

    # The rails

    def nothing_in_the_night(self) -> None:
        for seen in self.seen:
            awake = 7 <= seen.at.astimezone(ZONE).hour < 23
            assert awake or self.is_asked(seen), (seen.at, seen.entry.path)

    def is_asked(self, seen: Seen) -> bool:
        """Say whether a person had asked for it: a scan, or what that found within the hour."""
        found = any(timedelta(0) <= seen.at - at <= HOUR for at in self.life.scans_by_hand)
        return not seen.writes and (seen.asked or (found and "inbox" not in seen.entry.path))

    def no_day_beyond_its_cap(self) -> None:
        days = Counter[str]()
        for at in self.published:
            days[f"{at.astimezone(ZONE):%Y-%m-%d}"] += 1
            assert days[f"{at.astimezone(ZONE):%Y-%m-%d}"] <= self.cap(at), at

    def cap(self, at: datetime) -> int:
        age = at - self.logged_in_at(at)
        return next((cap for days, cap in CAPS if age < days * DAY), LIMIT)

    def phases_forbid_what_they_forbid(self) -> None:
        for seen in self.seen:
            age = seen.at - self.logged_in_at(seen.at)
            assert age >= 48 * HOUR or not seen.writes, (seen.at, seen.entry.path)
            if "direct_v2" in seen.entry.path:
                assert age >= 12 * HOUR or seen.asked, (seen.at, seen.entry.path)

    def reposts_keep_their_distance(self) -> None:
        """20 to 35 minutes lie between two in a row, and nobody could set a watch by them."""
        apart = [later - earlier for earlier, later in pairwise(self.published)]
        assert all(gap >= 20 * MINUTE for gap in apart)
        in_a_row = sorted(gap / MINUTE for gap in apart if gap <= 36 * MINUTE)
        if len(in_a_row) >= 20:
            quarters = [in_a_row[len(in_a_row) * n // 4] for n in (1, 2, 3)]
            assert all(
                low <= quarter <= high
                for quarter, low, high in zip(quarters, (21, 24, 28), (27, 31, 35), strict=True)
            ), quarters
            assert len({round(gap * 60) for gap in in_a_row}) > len(in_a_row) * 0.7

    def looks_come_at_no_fixed_time(self) -> None:
        looks = [seen.at for seen in self.seen if seen.entry.path.endswith("direct_v2/inbox/")]
        morning = [at.astimezone(ZONE) for at in looks if at.astimezone(ZONE).hour == 7]
        assert len({(at.minute, at.second) for at in morning}) > len(morning) * 0.7

    def silence_under_a_challenge(self) -> None:
        """After the first refusal comes nothing until it is resolved or the pause is over."""
        for kind, at, until, cleared in self.troubles:
            if kind == "RATE":
                continue
            ends = min(moment for moment in (until, cleared, self.life.end) if moment is not None)
            sent = [seen for seen in self.seen if at + MINUTE < seen.at < ends and not seen.asked]
            assert sent == [], (kind, at, sent[:3])
        for begin, end in self.life.challenged:
            during = [seen for seen in self.seen if begin <= seen.at < end and not seen.asked]
            # Only an answer tells of the challenge, and none that a fault gave instead.
            told = (seen.at for seen in during if seen.entry.status == 400)
            first = next(told, end)
            bursts = [seen.at for seen in during if seen.at >= first and seen.entry.fault is None]
            assert all(b - a < MINUTE or b - a >= DAY - MINUTE for a, b in pairwise(bursts)), begin

    def silence_after_a_429(self) -> None:
        """What Instagram asks to wait for is waited for."""
        for kind, at, until, _ in self.troubles:
            if kind == "RATE" and until is not None:
                sent = [s for s in self.seen if at + MINUTE < s.at < until and not s.asked]
                assert sent == [], (at, sent[:3])

    def nothing_in_a_hurry(self) -> None:
        """No hour, no day and no minute sees more requests than a person with an app makes."""
        moments = [seen.at for seen in self.seen if not seen.asked]
        for within, most in ((MINUTE, 40), (HOUR, 80), (DAY, 250)):
            for first, last in zip(moments, moments[most:], strict=False):
                assert last - first > within, (first, within)

    def one_device(self) -> None:
        assert len(self.life.sandbox.ledger.devices("studio")) == 1
        assert self.life.sandbox.ledger.unknown == []

    def one_automatic_login_a_day(self) -> None:
        logins = [
            seen.at
            for seen in self.seen
            if "send_login_request" in seen.entry.path and not seen.asked
        ]
        assert all(later - earlier >= DAY for earlier, later in pairwise(logins)), logins

    # The mentions

    def every_mention_ends_right(self) -> None:
        states = Counter(row[2] for row in self.reposts)
        # Each that is said to be out is out, once, and nothing else is.
        assert states["PUBLISHED"] == len(self.published), states
        assert len({row[0] for row in self.reposts}) == len(self.reposts)
        for pk, _, status, reason, media, *_ in self.reposts:
            if status == "PUBLISHED":
                assert media, pk
            elif status in ("EXPIRED", "SKIPPED", "FAILED"):
                assert reason, (pk, status)
            else:
                assert status in ("DETECTED", "QUEUED", "WAITING_APPROVAL"), (pk, status)

    def no_mention_is_lost(self) -> None:
        """Every mention is on record, and saved unless something kept the account from looking."""
        rows = {row[0]: row for row in self.reposts}
        expired = [row for row in self.reposts if row[0].startswith("expired:")]
        unseen = 0
        for at, story in self.life.mentions:
            row = rows.get(str(story.pk))
            if row is None:
                unseen += 1
                assert self.could_not_look(at), f"a mention of {at} was not seen in time"
            elif not story.owner.private and row[4] is None:
                young = self.life.end - at < DAY
                assert young or self.could_not_look(at), (at, row)
        # Those whose story was gone are in the history too, unless nobody looked for two days.
        missing = unseen - len(expired)
        assert missing <= sum(self.could_not_look(at, 48 * HOUR) for at, _ in self.life.mentions)

    def could_not_look(self, at: datetime, within: timedelta = 22 * HOUR) -> bool:
        """Say whether something kept the account from looking for mentions of that moment."""
        idle = [*self.life.off, (self.life.end, self.life.end + 9 * DAY)]
        idle += [(login, login + 12 * HOUR) for login in self.life.logins_by_hand]
        for kind, begin, until, cleared in self.troubles:
            # After a block the owner has to switch reposts on again.
            passes = None if kind == "BLOCK" else until
            idle.append((begin, cleared or passes or self.life.end))
        idle += self.life.challenged
        # A look that fails is repeated, but not in a hurry.
        failed = [seen.at for seen in self.seen if "inbox" in seen.entry.path and seen.entry.fault]
        idle += [(failing, failing + 12 * HOUR) for failing in failed]
        return any(begin < at + within and end > at for begin, end in idle)

    @property
    def claims(self) -> tuple[Callable[[], None], ...]:
        """All that must hold, each a function that fails where it does not."""
        return (
            self.nothing_in_the_night,
            self.no_day_beyond_its_cap,
            self.phases_forbid_what_they_forbid,
            self.reposts_keep_their_distance,
            self.looks_come_at_no_fixed_time,
            self.silence_under_a_challenge,
            self.silence_after_a_429,
            self.nothing_in_a_hurry,
            self.one_device,
            self.one_automatic_login_a_day,
            self.every_mention_ends_right,
            self.no_mention_is_lost,
        )

    def check(self) -> None:
        """Assert all of it."""
        for claim in self.claims:
            claim()

    # The table

    def table(self) -> str:
        """Return a line per week: what was asked of Instagram, what came of it, what held."""
        lines = ["week polls requests mentions reposts cap logins(auto) troubles restarts  held by"]
        for week in range(-(-self.life.days // 7)):
            begin = START + week * 7 * DAY
            lines.append(self._line(week + 1, begin, min(begin + 7 * DAY, self.life.end)))
        return "\n".join(lines)

    def _line(self, number: int, begin: datetime, end: datetime) -> str:
        def within(at: datetime) -> bool:
            return begin <= at < end

        seen = [one for one in self.seen if within(one.at)]
        logins = [one for one in seen if "send_login_request" in one.entry.path]
        held = Counter(_rail(reason) for at, reason in self.reasons if within(_moment(at)))
        held.pop("", None)
        caps = {self.cap(at) for at in self.published if within(at)}
        return (
            f"{number:4} {sum(one.entry.path.endswith('direct_v2/inbox/') for one in seen):5}"
            f" {len(seen):8} {sum(within(at) for at, _ in self.life.mentions):8}"
            f" {sum(within(at) for at in self.published):7}"
            f" {'-'.join(str(cap) for cap in sorted(caps)[:: max(1, len(caps) - 1)]):>4}"
            f" {len(logins):5} ({sum(not one.asked for one in logins)})"
            f" {sum(within(at) for _, at, *_ in self.troubles):10}"
            f" {sum(within(at) for at in self.life.restarts):8} "
            f" {', '.join(f'{rail} {count}' for rail, count in held.most_common())}"
        )


def _rail(reason: str) -> str:
    for words, rail in (
        ("Daily limit", "cap"),
        ("Sleep window", "sleep"),
        ("keep a distance", "spacing"),
        ("keeps its distance", "spacing"),
        ("on its way", "queue"),
        ("login is new", "phase"),
        ("switched off", "disabled"),
        ("being published", ""),
        ("", "trouble"),
    ):
        if words in reason:
            return rail
    return ""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

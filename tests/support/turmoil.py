"""Clients that do everything to posts, media and accounts at once, from a seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import trio

from sandbox.wire.faults import Fault, Kind, Reset, login_required, throttled
from sandbox.world.person import Person
from storage import jobs, posts
from storage.posts import Post
from storage.store import Database
from storage.times import to_text
from tests.support.limits import DEADLOCK_S
from tests.support.posting import API, upload
from tests.support.served import Answer, Served

_LOST: tuple[tuple[str, Kind], ...] = (
    ("/media/configure", Reset(after_effect=True)),
    ("/media_publish", Reset(after_effect=True)),
    ("/media_publish", Reset()),
    ("rupload", Reset()),
    ("/feed/user/", login_required()),
    ("rupload", login_required()),
    ("/media/configure", throttled(60)),
)


@dataclass(kw_only=True)
class Turmoil:
    """What all clients share; `accounts` are those that are connected now, by their people."""

    served: Served
    dice: random.Random
    photos: list[str]
    videos: list[str]
    people: dict[str, Person]
    accounts: dict[str, str] = field(default_factory=dict)
    known: list[str] = field(default_factory=list)
    answers: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    _said: int = 0

    async def run(self, clients: int, turns: int) -> None:
        """Let the clients take their turns, and time pass meanwhile."""
        studio = self.served.studio
        friend = studio.friend("friend")
        for username, person in self.people.items():
            await self.connect(username)
            studio.sandbox.world.follow(person, friend)
            told = studio.sandbox.world.add_story(friend, studio.photo(), mentions=[person])
            studio.sandbox.world.mention(told, person)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._pass_time)
            async with trio.open_nursery() as all_of_them:
                for _ in range(clients):
                    all_of_them.start_soon(self._client, turns)
            nursery.cancel_scope.cancel()

    async def settle(self) -> None:
        """Let everything that waits come, until no job is open any more."""
        served = self.served
        served.studio.sandbox.faults.clear()
        for username in [name for name in self.accounts if name.startswith("private")]:
            await self._log_in(username)  # ends what holds its posts up
        store, clock, owner = (
            served.studio.core.store,
            served.studio.clock,
            served.studio.core.owner,
        )
        with trio.fail_after(DEADLOCK_S):
            while True:
                counts = await store.read(jobs.counts, owner.id, clock.now())
                if not any(counts.values()):
                    return
                if not counts["active"]:
                    clock.advance(timedelta(minutes=30))
                await trio.sleep(0.05)

    async def every_post(self) -> list[Post]:
        def read(db: Database) -> list[Post]:
            ids = [row[0] for row in db.conn.execute("SELECT id FROM posts")]
            return [posts.get(db, post_id) for post_id in ids]

        return await self.served.studio.core.store.read(read)

    async def connect(self, username: str) -> None:
        """Connect an account, and log it in or give it a token."""
        person = self.people[username]
        body: dict[str, Any] = {"username": username}
        if username.startswith("graph"):
            method = "facebook" if username.endswith("f") else "instagram"
            graph = self.served.studio.sandbox.world.connect_graph(
                person, login_method="facebook" if method == "facebook" else "instagram"
            )
            graph.quota_total = 1_000_000
            body |= {
                "accessToken": graph.token,
                "igUserId": graph.ig_user_id,
                "loginMethod": method,
            }
        answer = await self._call("connect", "POST", "/auth/accounts", body)
        if answer.status != 201:
            return
        self.accounts[username] = answer.body["id"]
        if username.startswith("private"):
            await self._log_in(username)

    async def _client(self, turns: int) -> None:
        actions = [action for action, weight in self._actions() for _ in range(weight)]
        for _ in range(turns):
            await self.dice.choice(actions)()
            await trio.sleep(self.dice.random() * 0.02)

    def _actions(self) -> list[tuple[Callable[[], Awaitable[object]], int]]:
        return [
            (self._publish, 10),
            (self._schedule, 4),
            (self._upload, 2),
            (self._delete_media, 2),
            (self._reconnect, 1),
            (self._forget_login, 1),
            (self._go_wrong, 2),
            (lambda: self._on_login("enable"), 1),
            (lambda: self._on_login("scan"), 1),
            (lambda: self._on_post("release", "POST", "/posts/{}/release"), 3),
            (lambda: self._on_post("clear", "DELETE", "/posts/{}"), 2),
            (lambda: self._on_post("delete", "DELETE", "/posts/{}/instagram"), 4),
            (lambda: self._on_post("retry", "POST", "/posts/{}/retry"), 4),
            (lambda: self._on_post("cancel", "DELETE", "/schedule/{}"), 3),
            (lambda: self._on_post("edit", "PUT", "/schedule/{}", {"locationName": "x"}), 2),
            (self._reschedule, 3),
        ]

    async def _publish(self) -> None:
        await self._make("publish", "/posts/publish", {})

    async def _schedule(self) -> None:
        await self._make("schedule", "/schedule", {"scheduledFor": self._soon()})

    async def _make(self, what: str, path: str, more: dict[str, Any]) -> None:
        if not self.accounts:
            return
        username, account_id = self.dice.choice(sorted(self.accounts.items()))
        self._said += 1
        kind = self.dice.choice(["IMAGE", "IMAGE", "REELS", "CAROUSEL", "STORIES"])
        body = {"accountId": account_id, "mediaType": kind, "caption": f"post {self._said}", **more}
        if kind == "CAROUSEL":
            body["mediaFileIds"] = [self.dice.choice(self.photos) for _ in range(2)]
        else:
            body["mediaFileId"] = self.dice.choice(self.videos if kind == "REELS" else self.photos)
        if username.endswith("f") and kind != "CAROUSEL":
            body["crossPostToFacebook"] = True
        answer = await self._call(what, "POST", path, body)
        if answer.status in (201, 202):
            self.known.append(answer.body["postId"])

    async def _on_post(self, what: str, method: str, path: str, body: Any = None) -> Answer | None:
        if not self.known:
            return None
        post_id = self.dice.choice(self.known[-12:])
        return await self._call(what, method, path.format(post_id), body)

    async def _reschedule(self) -> None:
        body = {"scheduledFor": self._soon()}
        await self._on_post("reschedule", "POST", "/posts/{}/reschedule", body)

    async def _upload(self) -> None:
        kind = self.dice.choice(["photo", "photo", "video"])
        studio, seed = self.served.studio, self.dice.randrange(3)
        if kind == "photo":  # the same few pictures again and again: they share their bytes
            answer = await upload(self.served, studio.photo(400, 500, seed))
            self.photos.append(answer.body["id"])
        else:
            file = studio.files / "video-180x320-3.mp4"
            answer = await upload(self.served, file, content_type="video/mp4")
            self.videos.append(answer.body["id"])
        self.answers["upload", answer.status, ""] += 1

    async def _delete_media(self) -> None:
        files = self.dice.choice([self.photos, self.videos])
        if len(files) > 1:
            media_id = files.pop(self.dice.randrange(len(files)))
            await self._call("delete media", "DELETE", f"/media/{media_id}")

    async def _reconnect(self) -> None:
        if not self.accounts:
            return
        username = self.dice.choice(sorted(self.accounts))
        account_id = self.accounts.pop(username)
        await self._call("disconnect", "DELETE", f"/auth/accounts/{account_id}")
        await trio.sleep(self.dice.random() * 0.3)
        await self.connect(username)

    async def _forget_login(self) -> None:
        if account_id := self.accounts.get("private1"):
            path = f"/settings/private-api-credentials/{account_id}"
            await self._call("forget login", "DELETE", path)
            await trio.sleep(self.dice.random() * 0.3)
            await self._log_in("private1")

    async def _on_login(self, what: str) -> None:
        account_id = self.accounts.get(self.dice.choice(["private1", "private2"]))
        if account_id is not None:
            await self._call(what, "POST", f"/story-repost/{what}", {"accountId": account_id})

    async def _log_in(self, username: str) -> None:
        body = {
            "accountId": self.accounts.get(username),
            "igUsername": username,
            "igPassword": "secret of theirs",
        }
        if body["accountId"] is not None:
            await self._call("log in", "POST", "/settings/private-api-credentials", body)

    async def _go_wrong(self) -> None:
        path, kind = self.dice.choice(_LOST)
        self.served.studio.sandbox.faults.add(Fault(path=path, kind=kind))
        for person in self.people.values():
            for session in self.served.studio.sandbox.world.sessions.of(person):
                session.rotates = True

    def _soon(self) -> str:
        after = timedelta(seconds=self.dice.uniform(0.3, 20))
        return to_text(self.served.studio.clock.now() + after)

    async def _pass_time(self) -> None:
        while True:
            await trio.sleep(0.2)
            self.served.studio.clock.advance(timedelta(seconds=self.dice.choice([1, 5, 60])))

    async def _call(self, what: str, method: str, path: str, body: Any = None) -> Answer:
        answer = await self.served.call(method, API + path, body)
        code = answer.body.get("code", "") if isinstance(answer.body, dict) else ""
        self.answers[what, answer.status, code] += 1
        return answer

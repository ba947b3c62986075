"""One Instagram account is one account here, whatever it is called or whoever's token is pasted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.connecting import GraphAccess, connect
from instagram import errors
from instagram.private.session_file import session_of_cookie
from publish import scheduler
from sandbox import Sandbox
from sandbox.wire.faults import Fault, Status
from storage import accounts, credentials, holds, secrets, troubles
from storage.accounts import Account
from storage.secrets import AccountSecret
from storage.store import Database
from tests.support.clock import TestClock
from tests.support.graph import serve_publicly
from tests.support.posting import API, photo_id, publish, story, until, until_held
from tests.support.served import Answer, Served
from tests.support.studio import PASSWORD, Studio

ACCOUNTS = f"{API}/auth/accounts"
LOGIN = f"{API}/settings/private-api-credentials"
IMPORT = f"{LOGIN}/session"


@pytest.fixture
async def public(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Served]:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.02)
    async with serve_publicly(sandbox, clock, tmp_path) as served:
        yield served


async def rows(served: Served) -> dict[str, Account]:
    found = await served.studio.core.store.read(accounts.every)
    return {account.username: account for account in found}


def told_of(answer: Answer, *names: str) -> bool:
    assert answer.status in (400, 401), (answer.status, answer.body)
    return all(f"@{name}" in answer.body["error"] for name in names)


def pasted(username: str, token: str, **more: str) -> dict[str, str]:
    return {"username": username, "accessToken": token, **more}


async def test_a_token_of_somebody_else_is_refused_whichever_way_it_is_pasted(
    public: Served,
) -> None:
    world, call = public.studio.sandbox.world, public.call
    bob, carla = world.add_person("bob"), world.add_person("carla")
    token, facebook = (
        world.connect_graph(bob).token,
        world.connect_graph(bob, login_method="facebook"),
    )
    by_page = {"loginMethod": "facebook", "igUserId": facebook.ig_user_id}
    for name in ("alice", "studio"):  # a new account, and one that is here
        assert told_of(await call("POST", ACCOUNTS, pasted(name, token)), "bob", name)
        answer = await call("POST", ACCOUNTS, pasted(name, facebook.token, **by_page))
        assert told_of(answer, "bob", name)
        # Meta's number of somebody else, in a form that takes it from the token itself.
        answer = await call(
            "POST", ACCOUNTS, pasted(name, token, igUserId=world.connect_graph(carla).ig_user_id)
        )
        assert told_of(answer, "bob", name)
    assert set(await rows(public)) == {"studio"}
    core = public.studio.core
    kept = await core.store.read(
        secrets.exists, public.studio.account.id, AccountSecret.ACCESS_TOKEN
    )
    assert not kept

    # Whoever is connected is not connected again under another name, and stays as it was.
    made = await call("POST", ACCOUNTS, pasted("bob", token))
    assert made.status == 201
    assert told_of(await call("POST", ACCOUNTS, pasted("alice", token)), "bob")
    answer = await call("POST", ACCOUNTS, {"username": "alice", "igUserId": facebook.ig_user_id})
    assert told_of(answer, "bob")
    # The same by Facebook Login, and again: one account.
    for body in (pasted("BOB", token), pasted("bob", facebook.token, **by_page)):
        again = await call("POST", ACCOUNTS, body)
        assert (again.status, again.body["id"]) == (201, made.body["id"])
    assert set(await rows(public)) == {"studio", "bob"}


@pytest.mark.parametrize(
    "silence", [Status(503), Status(200, json={"user_id": "1784"}), Status(429, text="")]
)
async def test_nothing_goes_out_with_a_token_before_meta_has_told_whose_it_is(
    public: Served, silence: Any
) -> None:
    world, ledger = public.studio.sandbox.world, public.studio.sandbox.ledger
    bob, alice = world.add_person("bob"), world.add_person("alice")
    silent = public.studio.sandbox.faults.add(Fault(path="/me", kind=silence, times=3))
    wrong = await public.call("POST", ACCOUNTS, pasted("alice", world.connect_graph(bob).token))
    assert wrong.status == 201
    body = {"mediaType": "IMAGE", "caption": "for alice", "mediaFileId": await photo_id(public)}
    post_id = await publish(public, {**body, "accountId": wrong.body["id"]})
    await until_held(public, post_id)
    # Meta answers again.
    silent.remove()
    core = public.studio.core
    await core.store.write(troubles.clear, wrong.body["id"], core.clock.now())
    await core.store.write(holds.release, wrong.body["id"], core.clock.now())
    failed = await until(public, post_id, "FAILED")
    assert failed["errorCode"] == "TOKEN_EXPIRED"
    assert "@bob" in failed["errorMessage"]
    assert ledger.count("/media", host="graph.instagram.com") == 0
    assert (world.published(bob), world.published(alice)) == ([], [])
    # It stays so: neither a retry nor the care for tokens takes it up again.
    mark = ledger.mark()
    assert (await public.call("POST", f"{API}/posts/{post_id}/retry")).status == 401
    public.studio.clock.advance(timedelta(days=2))
    await public.studio.core.tokens.look_after_all()
    assert ledger.count(host="graph.instagram.com", since=mark) == 0
    # With the right one it goes out.
    token = world.connect_graph(alice).token
    right = await public.call("POST", ACCOUNTS, pasted("alice", token))
    assert (right.status, right.body["id"]) == (201, wrong.body["id"])
    assert (await public.call("POST", f"{API}/posts/{post_id}/retry")).status == 202
    await until(public, post_id, "PUBLISHED")
    assert [post.caption for post in world.published(alice)] == ["for alice"]


async def test_a_token_is_asked_about_again_wherever_it_may_have_come_from(public: Served) -> None:
    """By an import, a restore, an earlier release or a renewal: see `storage.migrations`."""
    studio = public.studio
    world, core = studio.sandbox.world, studio.core
    bob = world.connect_graph(world.add_person("bob"))

    def keep(db: Database) -> None:
        token = AccountSecret.ACCESS_TOKEN
        secrets.put(db, core.vault, studio.account.id, token, bob.token)
        accounts.change(db, studio.account.id, token_unproven=True, ig_user_id=bob.ig_user_id)

    await core.store.write(keep)
    api = core.graph.account(studio.account.id)
    calls: list[Any] = [
        api.quota,
        api.page,
        lambda: api.recent(stories=True),
        lambda: api.permalink("17"),
        lambda: api.delete("17"),
        lambda: api.create_container({"image_url": "https://media.example/x"}),
        lambda: api.publish("17"),
    ]
    mark = studio.sandbox.ledger.mark()
    # Its number was taken over with it, so that only the name tells.
    for call in calls:
        with pytest.raises(errors.TokenExpired):
            await call()
    asked = [entry.path for entry in studio.sandbox.ledger.since(mark)]
    assert len(asked) <= 1, asked


async def test_a_new_name_on_instagram_is_followed(public: Served) -> None:
    studio, call = public.studio, public.call
    world, core = studio.sandbox.world, studio.core
    token = world.connect_graph(studio.person).token
    first = await call("POST", ACCOUNTS, pasted("studio", token))
    assert first.body["id"] == studio.account.id
    # Reconnected under its new name, it is the same account.
    studio.person.username = "studio.berlin"
    again = await call("POST", ACCOUNTS, pasted("studio.berlin", token))
    assert (again.status, again.body["id"]) == (201, studio.account.id)
    assert set(await rows(public)) == {"studio.berlin"}
    # Without anybody's doing, by the daily look.
    studio.person.username = "studio.madrid"
    studio.clock.advance(timedelta(days=2))
    await core.tokens.look_after_all()
    assert set(await rows(public)) == {"studio.madrid"}
    # The login is made by that name, and follows too.
    body = {"accountId": studio.account.id, "igUsername": "studio.madrid", "igPassword": PASSWORD}
    assert (await call("POST", LOGIN, body)).status == 200
    studio.person.username = "studio.lisbon"
    assert (await call("POST", LOGIN, {**body, "igUsername": "studio.lisbon"})).status == 200
    studio.person.username = "studio.oslo"
    await core.logins.go_on(studio.account.id)
    login = await core.store.read(credentials.find, studio.account.id)
    assert login is not None
    assert (login.ig_username, set(await rows(public))) == ("studio.oslo", {"studio.oslo"})
    # A name that another account here still has is not taken from it.
    world.add_person("porto")
    await call("POST", ACCOUNTS, {"username": "porto"})
    world.find_person(username="porto").username = "elsewhere"  # type: ignore[union-attr]
    studio.person.username = "porto"
    await core.logins.go_on(studio.account.id)
    assert set(await rows(public)) == {"studio.oslo", "porto"}


async def test_a_login_of_somebody_else_is_refused_whichever_way_it_is_made(
    public: Served,
) -> None:
    studio, call = public.studio, public.call
    world, core, ledger = studio.sandbox.world, studio.core, studio.sandbox.ledger
    bob = world.add_person("bob", password="bobs password")
    bob.other_names.add("bob@example.com")
    mine = studio.account.id
    given = {"accountId": mine, "igUsername": "bob", "igPassword": "bobs password"}

    mark = ledger.mark()
    assert told_of(await call("POST", LOGIN, given), "bob", "studio")
    assert len(ledger.since(mark)) == 0  # before anything is sent
    by_address = {**given, "igUsername": "bob@example.com"}
    assert told_of(await call("POST", LOGIN, by_address), "bob", "studio")
    opened = world.sessions.open(bob).id
    cookie = {"accountId": mine, "sessionid": opened}
    assert told_of(await call("POST", IMPORT, cookie), "bob", "studio")
    settings = {"accountId": mine, "settings": session_of_cookie(opened)}
    assert told_of(await call("POST", IMPORT, settings), "bob", "studio")
    assert await core.store.read(credentials.find, mine) is None
    assert not await core.store.read(secrets.exists, mine, AccountSecret.PASSWORD)

    # Whoever is logged in is not logged in to a second account.
    await core.logins.log_in(mine, "studio", PASSWORD)
    other = (await call("POST", ACCOUNTS, {"username": "second"})).body["id"]
    given = {"accountId": other, "igUsername": "studio", "igPassword": PASSWORD}
    assert told_of(await call("POST", LOGIN, given), "studio")
    cookie = {"accountId": other, "sessionid": world.sessions.open(studio.person).id}
    assert told_of(await call("POST", IMPORT, cookie), "studio")
    studio.person.username = "second"  # a new name, and a new account of that name
    given["igUsername"] = "second"
    assert told_of(await call("POST", LOGIN, given), "studio")
    assert await core.store.read(credentials.find, other) is None
    # And one that is logged in does not become somebody else who has its name now.
    studio.person.username = "gone"
    world.add_person("studio", password="another")
    answer = await call("POST", LOGIN, {**given, "accountId": mine, "igUsername": "studio",
                                        "igPassword": "another"})  # fmt: skip
    assert told_of(answer, "studio")
    kept = await core.store.read(credentials.find, mine)
    assert kept is not None
    assert kept.private_pk == str(studio.person.pk)


async def test_an_automatic_login_that_lands_with_somebody_else_stops_the_account(
    studio: Studio,
) -> None:
    core, world = studio.core, studio.sandbox.world
    await core.store.write(lambda db: db.conn.execute("UPDATE credentials SET private_pk = '4711'"))
    world.expire_sessions(studio.person)
    with pytest.raises(errors.LoginStopped):
        await studio.api.inbox_page()
    assert await core.store.read(troubles.active, studio.account.id, studio.clock.now())
    with pytest.raises(errors.AccountOnHold):
        await studio.api.inbox_page()


async def test_an_account_that_is_there_twice_goes_on_once(served: Served) -> None:
    """Databases of earlier releases may have it twice; one of them is held, and both say so."""
    studio, core = served.studio, served.studio.core
    ledger = studio.sandbox.ledger
    cases = {
        "its login": {"private_pk": str(studio.person.pk)},
        "its number": {"ig_user_id": str(studio.person.pk)},
        "a login under its name": {"private_pk": "4711", "ig_username": "STUDIO"},
    }
    for what, same in cases.items():

        def twin(db: Database, what: str = what, same: dict[str, str] = same) -> Account:
            later = core.clock.now() + timedelta(seconds=1)
            made = accounts.add(db, user_id=core.owner.id, username="twin", now=later)
            own = credentials.find(db, studio.account.id)
            session = secrets.get(db, core.vault, studio.account.id, AccountSecret.SESSION)
            assert own is not None
            assert session is not None
            secrets.put(db, core.vault, made.id, AccountSecret.SESSION, session)
            accounts.change(db, made.id, ig_user_id=same.get("ig_user_id", ""))
            if what == "a login under its name":
                # Known by the name only while the other one has no login of its own.
                db.conn.execute("UPDATE credentials SET account_id = ?", (made.id,))
                db.conn.execute("UPDATE credentials SET ig_username = 'STUDIO'")
            elif "private_pk" in same:
                db.conn.execute(
                    "INSERT INTO credentials SELECT ?, ig_username, private_pk,"
                    " session_started_at, last_login_at, NULL, NULL, created_at"
                    " FROM credentials",
                    (made.id,),
                )
            return made

        made = await core.store.write(twin)
        mark = ledger.mark()
        with pytest.raises(errors.AccountOnHold, match="@studio"):
            await core.gateway.account(made.id).inbox_page()
        with pytest.raises(errors.AccountOnHold, match="@studio"):
            await core.graph.account(made.id).quota()
        if what == "its login":
            media = await photo_id(served, 360, 640)
            held = await until_held(
                served, await publish(served, story(served, media, accountId=made.id))
            )
            assert "@studio" in held["errorMessage"]
        assert len(ledger.since(mark)) == 0, what
        assert await core.store.read(holds.active, studio.account.id, core.clock.now()) is None
        if what != "a login under its name":
            await studio.api.inbox_page()
        assert (await served.call("DELETE", f"{ACCOUNTS}/{made.id}")).status == 200
    assert set(await rows(served)) == {"studio"}


async def test_meta_not_asked_a_number_that_comes_with_a_token_is_believed(studio: Studio) -> None:
    core, number = studio.core, "17841400000000001"
    access = GraphAccess(token="IGAAfirst", login_method="instagram")

    async def give(username: str) -> Account:
        return await core.store.write(
            connect, core.vault, user_id=core.owner.id, username=username,
            ig_user_id=number, access=access, now=core.clock.now(),
        )  # fmt: skip

    first, second = await give("shop"), await give("shop.berlin")
    assert (second.id, second.username, second.token_unproven) == (first.id, "shop.berlin", True)

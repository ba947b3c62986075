"""Tokens of the official API: given, checked, renewed well before their end, replaced."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.tokens import LIFETIME, REFRESH_BEFORE, login_of
from instagram import errors
from sandbox import Sandbox
from sandbox.wire.faults import Fault, Status
from sandbox.world.graph_account import GraphAccount
from storage import accounts, secrets
from storage.secrets import AccountSecret
from tests.support.clock import TestClock
from tests.support.graph import connect
from tests.support.served import Served
from tests.support.studio import Studio, open_studio
from tests.support.wrong import NO_TOKENS

PATH = "/api/v1/auth/accounts"


@pytest.fixture
async def tokens(sandbox: Sandbox, clock: TestClock, tmp_path: Path) -> AsyncIterator[Studio]:
    async with open_studio(
        sandbox, clock, tmp_path, logged_in=False, facebook_app_id="77", facebook_app_secret="s"
    ) as studio:
        sandbox.world.facebook_app("77", "s")
        yield studio


async def token_of(studio: Studio) -> str | None:
    core = studio.core
    login = await core.store.read(login_of, core.vault, studio.account.id, core.clock.now())
    return login.token if login else None


async def given(studio: Studio, login_method: Any = "instagram") -> GraphAccount:
    return await connect(Served(studio=studio, url="", key="", client=None), login_method)  # type: ignore[arg-type]


@pytest.mark.parametrize("login_method", ["instagram", "facebook"])
async def test_a_token_is_renewed_before_it_ends(tokens: Studio, login_method: str) -> None:
    graph = await given(tokens, login_method)
    first = graph.token
    tokens.clock.advance(LIFETIME - REFRESH_BEFORE - timedelta(days=1))
    await tokens.core.tokens.look_after_all()
    assert await token_of(tokens) == first
    tokens.clock.advance(timedelta(days=2))
    await tokens.core.tokens.look_after_all()
    assert await token_of(tokens) == graph.token != first
    account = await tokens.core.store.read(accounts.get, tokens.account.id)
    assert account.token_expires_at is not None
    left = account.token_expires_at - tokens.clock.now()
    assert timedelta(days=59) < left <= timedelta(days=60)
    # With it the account's record is filled, zeros too.
    page = (graph.page_id, graph.page_name) if login_method == "facebook" else (None, None)
    assert (account.facebook_page_id, account.facebook_page_name) == page
    assert (account.followers_count, account.media_count) == (0, 0)
    # What is said oddly once of the Page does not say that there is none.
    odd = Status(400, {"error": {"message": "Sorry", "type": "OAuthException", "code": 4711}})
    tokens.sandbox.faults.add(Fault(path_end="/me/accounts", kind=odd))
    tokens.clock.advance(timedelta(days=2))
    await tokens.core.tokens.look_after_all()
    account = await tokens.core.store.read(accounts.get, tokens.account.id)
    assert (account.facebook_page_id, account.facebook_page_name) == page
    graph.page_id = None
    tokens.clock.advance(timedelta(days=2))
    await tokens.core.tokens.look_after_all()
    account = await tokens.core.store.read(accounts.get, tokens.account.id)
    assert (account.facebook_page_id, account.facebook_page_name) == (None, None)


@pytest.mark.parametrize("login_method", ["instagram", "facebook"])
async def test_what_can_be_no_token_is_refused_where_it_comes_in(
    served: Served, login_method: str
) -> None:
    for number, token in enumerate(each for each in NO_TOKENS if isinstance(each, str)):
        body = {
            "username": f"person{number}", "accessToken": token, "loginMethod": login_method,
            "igUserId": "17841400000000001",
        }  # fmt: skip
        refused = await served.call("POST", PATH, body)
        assert refused.status in (400, 401), (token, refused.body)
        assert refused.body["code"] in ("TOKEN_EXPIRED", "VALIDATION_ERROR")
    assert len((await served.call("GET", "/api/v1/auth/me")).body["accounts"]) == 1


@pytest.mark.parametrize("login_method", ["instagram", "facebook"])
async def test_a_stored_token_that_is_none_stops_nobody_else(
    tokens: Studio, login_method: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As an older release took it in."""
    await given(tokens, login_method)
    core = tokens.core
    for token in (each for each in NO_TOKENS if isinstance(each, str) and each):
        await core.store.write(
            secrets.put, core.vault, tokens.account.id, AccountSecret.ACCESS_TOKEN, token
        )
        for _ in range(2):
            tokens.clock.advance(timedelta(days=2))
            await core.tokens.look_after_all()
        assert "Traceback" not in caplog.text
        with pytest.raises(errors.TokenExpired):
            await core.graph.account(tokens.account.id).profile()


async def test_one_account_in_trouble_does_not_keep_others_from_being_renewed(
    tokens: Studio,
) -> None:
    graph = await given(tokens)
    graph.revoked = True
    other = tokens.sandbox.world.add_person("other")
    account = await tokens.core.store.write(
        accounts.add, user_id=tokens.core.owner.id, username="other", now=tokens.clock.now()
    )
    theirs = await connect(
        Served(studio=tokens, url="", key="", client=None),  # type: ignore[arg-type]
        account=account,
    )
    first = theirs.token
    tokens.clock.advance(timedelta(days=45))
    await tokens.core.tokens.look_after_all()
    assert await token_of(tokens) is None
    assert theirs.token != first
    synced = await tokens.core.store.read(accounts.get, account.id)
    assert (synced.ig_user_id, synced.name) == (theirs.ig_user_id, other.full_name or None)


async def test_an_account_is_connected_with_its_token(served: Served) -> None:
    world = served.studio.sandbox.world
    person = world.add_person("shop", full_name="The Shop")
    graph = world.connect_graph(person)
    body = {"username": "shop", "accessToken": graph.token}
    made = await served.call("POST", PATH, body)
    assert made.status == 201
    assert made.body["igUserId"] == graph.ig_user_id
    assert (made.body["name"], made.body["accountType"]) == ("The Shop", "BUSINESS")
    assert graph.token not in str(made.body)
    # Who makes sure of it again and again asks Meta no more often.
    ledger = served.studio.sandbox.ledger
    asked = len(ledger.find(account="shop"))
    for _ in range(3):
        once_more = await served.call("POST", PATH, body)
        assert (once_more.status, once_more.body) == (201, made.body)
    assert len(ledger.find(account="shop")) == asked > 0
    # Reconnecting gives the same account the new token.
    again = world.connect_graph(person)
    second = await served.call("POST", PATH, {**body, "accessToken": again.token})
    assert (second.status, second.body["id"]) == (201, made.body["id"])


async def test_a_token_that_meta_refuses_is_not_kept(served: Served) -> None:
    person = served.studio.sandbox.world.add_person("shop")
    graph = served.studio.sandbox.world.connect_graph(person)
    graph.revoked = True
    refused = await served.call("POST", PATH, {"username": "shop", "accessToken": graph.token})
    assert (refused.status, refused.body["code"]) == (401, "TOKEN_EXPIRED")
    me = await served.call("GET", "/api/v1/auth/me")
    assert [account["username"] for account in me.body["accounts"]] == ["studio"]
    no_id = {"username": "shop", "accessToken": "EAAG", "loginMethod": "facebook"}
    assert (await served.call("POST", PATH, no_id)).body["code"] == "MISSING_PARAM"

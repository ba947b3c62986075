"""Every request in the name of an account asks first what holds it: one door for each route."""

from __future__ import annotations

import ast
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from instagram import errors
from instagram.graph.api import GraphApi
from instagram.graph.http import GraphLogin
from instagram.graph.objects import ContainerCode, ContainerState, FacebookPage
from instagram.private.api import PrivateApi
from storage import accounts, credentials, troubles
from storage.store import Database
from storage.troubles import Trouble, TroubleKind
from tests.support.graph import connect
from tests.support.served import Served
from tests.support.studio import Studio

ROOT = Path(__file__).parents[2]
# A person logs in: that is how a hold is ended.
BY_A_PERSON = {"log_in", "submit_code", "go_on", "resume", "restore"}
ASKS_NOTHING = {"failure_of"}
LOGIN = GraphLogin(ig_user_id="1", token="t", login_method="facebook")
VALUES: dict[Any, Any] = {
    str: "17",
    int: 1,
    float: 1.0,
    bool: False,
    Path: Path("nothing.jpg"),
    GraphLogin: LOGIN,
    FacebookPage: FacebookPage("17", "Page", LOGIN),
    ContainerState: ContainerState(ContainerCode.ERROR, ""),
}


def value_for(hint: Any) -> Any:
    """Return something of a type: no call gets as far as to look at it."""
    origin = typing.get_origin(hint) or hint
    if hint in VALUES:
        return VALUES[hint]
    if origin is tuple:
        return (1, 1)
    if origin is Mapping:
        return {}
    if origin is Sequence:
        return []
    return None


def calls(api: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    for name, method in inspect.getmembers(api, inspect.iscoroutinefunction):
        if name.startswith("_") or name in BY_A_PERSON | ASKS_NOTHING:
            continue
        hints = typing.get_type_hints(method)
        given = {
            parameter.name: value_for(hints[parameter.name])
            for parameter in inspect.signature(method).parameters.values()
            if parameter.default is inspect.Parameter.empty
        }
        yield name, partial(method, **given)


async def became_of(call: Callable[[], Any]) -> type[Exception] | None:
    try:
        await call()
    except errors.InstagramError as error:
        return type(error)
    return None


def troubled(kind: TroubleKind, until: timedelta | None) -> Callable[[Studio], Any]:
    def hold(studio: Studio) -> Any:
        now = studio.clock.now()
        return lambda db: troubles.add(
            db,
            Trouble(
                account_id=studio.account.id,
                kind=kind,
                reason="held",
                at=now,
                until=now + until if until else None,
            ),
        )

    return hold


def double(studio: Studio) -> Any:
    def write(db: Database) -> None:
        login = credentials.find(db, studio.account.id)
        assert login is not None
        before = studio.clock.now() - timedelta(days=900)
        accounts.add(db, user_id=studio.core.owner.id, username="older",
                     ig_user_id=login.private_pk, now=before)  # fmt: skip

    return write


HOLDS = {
    f"{kind} {until}": troubled(kind, until)
    for kind in TroubleKind
    for until in (timedelta(minutes=5), timedelta(days=3), None)
} | {"double": double}


@pytest.mark.parametrize("hold", HOLDS, ids=str)
async def test_nothing_is_asked_under_any_hold(studio: Studio, hold: str) -> None:
    core, account_id = studio.core, studio.account.id
    await connect(Served(studio=studio, url="", key="", client=None))  # type: ignore[arg-type]
    await core.store.write(HOLDS[hold](studio))
    ledger = studio.sandbox.ledger
    mark = ledger.mark()
    asked = list(calls(core.gateway.account(account_id)))
    if not hold.startswith(TroubleKind.LOGIN):  # which the official API does without
        asked += calls(core.graph.account(account_id))
    assert len(asked) > 20
    for name, call in asked:
        assert await became_of(call) is errors.AccountOnHold, name
    await core.tokens.look_after_all()
    requests = ledger.since(mark)
    if hold.startswith(TroubleKind.LOGIN):
        requests = [entry for entry in requests if entry.host != "graph.instagram.com"]
    assert requests == []


def test_every_method_of_both_routes_is_walked() -> None:
    for api in (PrivateApi, GraphApi):
        for name, method in vars(api).items():
            if not name.startswith("_"):
                assert inspect.iscoroutinefunction(method), name


@pytest.mark.acceptance
def test_nobody_reaches_either_route_but_through_its_door() -> None:
    """The clients of both routes are made and called where the holds are asked, nowhere else."""
    callers: dict[str, set[str]] = {"GraphHttp": set(), "PrivateClient": set()}
    for path in ROOT.rglob("*.py"):
        relative = path.relative_to(ROOT)
        not_ours = ("tests", "sandbox")
        if relative.parts[0] in not_ours or relative.parts[0].startswith("."):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    if alias.name in callers:
                        callers[alias.name].add(str(relative))
    private = {
        name for name in callers["PrivateClient"] if not name.startswith("instagram/private")
    }
    assert private == set()
    assert callers["GraphHttp"] == {
        "instagram/graph/api.py",
        "instagram/graph/gateway.py",
        "accounts/tokens.py",  # a token that a person has just pasted
        "instagram/graph/login.py",  # or logs in for
        "daemon/core.py",  # which makes it
        "daemon/doctor/tokens.py",  # asks no account that is held
    }

"""How logins, settings, challenges and ends of sessions are tried. They come after all others."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from sandbox.world.person import LoginBehaviour, Person
from tests.session_api.desk import Desk, code_now
from tests.session_api.trying import Try


def _person(desk: Desk, name: str) -> Person:
    known = desk.world.find_person(username=name)
    return known or desk.world.add_person(name, password=f"{name}'s own")


def _login(desk: Desk) -> dict[str, Any]:
    return {"username": "wilma", "password": _person(desk, "wilma").password}


async def _wilma(desk: Desk) -> None:
    answer = await desk.ask("POST", "/auth/login", _login(desk), session=None)
    desk.kept["wilma"] = answer.json()


async def _a_day_later(desk: Desk) -> None:
    await _wilma(desk)
    desk.served.studio.clock.advance(timedelta(hours=24, seconds=1))


async def _seed(desk: Desk) -> None:
    desk.kept["seed"] = (await desk.ask("GET", "/auth/totp/seed")).json()


async def _challenged(desk: Desk) -> None:
    carla = _person(desk, "carla")
    carla.login = LoginBehaviour.CHALLENGE
    given = {"username": "carla", "password": carla.password}
    met = await desk.ask("POST", "/auth/login", given, session=None)
    desk.kept["last_json"] = json.dumps(met.json()["last_json"])


def _cookie(desk: Desk) -> dict[str, Any]:
    return {"sessionid": desk.world.sessions.open(_person(desk, "nora")).id}


# In the order in which they are tried.
AUTH: dict[str, Try] = {
    "postAuthLogin": Try(_login, lambda d, a: "." in a, session=lambda d: None, sends=8),
    "postAuthLoginBySessionid": Try(_cookie, lambda d, a: "." in a, session=lambda d: None),
    "patchAuthSettings": Try(lambda d: {"timezone": "7200"}, lambda d, a: a == d.session),
    "patchAuthRelogin": Try(before=_a_day_later, session=lambda d: d.kept["wilma"]),
    "getAuthTotpSeed": Try(gives=lambda d, a: len(a) >= 16),
    "postAuthTotp": Try(
        lambda d: {"verification_code": code_now(d.kept["seed"])},
        lambda d, a: isinstance(a, list),
        lambda d: d.studio.totp_seed == d.kept["seed"],
        before=_seed,
    ),
    "deleteAuthTotp": Try(
        lambda d: {"confirm": "studio"},
        leaves=lambda d: d.studio.totp_seed is None,
        before=_a_day_later,
    ),
    "postAuthChallengeResolve": Try(
        lambda d: {
            "last_json": d.kept["last_json"],
            "security_code": _person(d, "carla").security_code,
        },
        before=_challenged,
        session=lambda d: None,
        sends=8,
    ),
    "deleteAuthSession": Try(before=_wilma, session=lambda d: d.kept["wilma"]),
}

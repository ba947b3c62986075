"""The simulated Instagram that a sandbox's daemon talks to, told what shall happen in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ground.refusal import ErrorCode, Refusal

_DAY = timedelta(days=1)
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes wrong: the fault as the sandbox knows it, and how a person says it."""

    fault: Mapping[str, object]
    says: str


TROUBLES: Mapping[str, Trouble] = {
    "challenge": Trouble(
        {"kind": "challenge_required"}, "Instagram asks for a code at the next request."
    ),
    "block": Trouble(
        {"kind": "feedback_required", "path": "direct_v2"},
        "Instagram blocks what the account does next.",
    ),
    "network": Trouble({"kind": "reset", "path": "direct_v2", "times": 6}, "The network fails."),
}


@dataclass(frozen=True, slots=True)
class Simulation:
    """A sandbox by the address of its control interface, and what moves this daemon's clock."""

    control: str | None
    move_on: Callable[[timedelta], object] | None

    async def mention(self, username: str) -> str:
        """Let somebody mention the account in a story; returns who did."""
        world = await self._told("GET", "/world")
        names = [each["username"] for each in world["people"] if each["username"] != username]
        if not names:
            raise Refusal(ErrorCode.NOT_FOUND, "Nobody else is in this sandbox")
        who: str = random.choice(names)
        kind = "video" if random.random() < 0.2 else "photo"
        await self._told("POST", "/mentions", {"from": who, "to": username, "kind": kind})
        return who

    async def trouble(self, username: str, kind: str) -> None:
        """Let one of `TROUBLES` meet the account at its next requests."""
        fault = {**TROUBLES[kind].fault, "account": username}
        await self._told("POST", "/faults", fault)

    async def mend(self) -> None:
        """Let everything work again that was made to fail."""
        await self._told("DELETE", "/faults")

    async def tomorrow(self) -> None:
        """Let a day pass, there and here."""
        await self._told("POST", "/clock", {"seconds": _DAY.total_seconds()})
        if self.move_on is not None:
            self.move_on(_DAY)

    async def login_page(self, url: str) -> str:
        """Return where this sandbox has the page that Instagram has there, for any app."""
        asked = urlsplit(url)
        await self._told("POST", "/login-app", {"id": parse_qs(asked.query)["client_id"][0]})
        return f"{str(self.control).rstrip('/')}{asked.path}?{asked.query}"

    async def _told(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        import httpx  # in life nobody needs it here

        if self.control is None:
            raise Refusal(ErrorCode.NOT_FOUND, "This sandbox takes no orders")
        try:
            async with httpx.AsyncClient(timeout=_TIMEOUT_S, trust_env=False) as client:
                answer = await client.request(method, self.control.rstrip("/") + path, json=body)
        except httpx.HTTPError:
            raise Refusal(ErrorCode.NOT_FOUND, "The sandbox does not answer") from None
        said: dict[str, Any] = answer.json()
        if answer.is_error:
            raise Refusal(ErrorCode.VALIDATION_ERROR, f"The sandbox says: {said.get('error')}")
        return said

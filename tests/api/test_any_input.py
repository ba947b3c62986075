"""Any body for any write: an envelope or a documented success, and a refusal changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.app import BASE_PATH, operations
from api.contract import Auth, Operation
from api.errors import CODES
from api.openapi import error_codes
from tests.support.limits import DEADLOCK_S
from tests.support.outside import Outside, outside

NOBODY = "00000000-0000-4000-8000-000000000000"
WRITES = [
    operation
    for operation in operations()
    if operation.method in ("POST", "PUT") and not operation.upload
]
# What is stored even when a login is refused: how often may it be tried?
_REACHED_INSTAGRAM = {"LOGIN_FAILED", "LOGIN_RATE_LIMITED", "SERVICE_UNAVAILABLE"}
SHARED = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
SHORT: Any = settings(derandomize=True, **SHARED)  # type: ignore[arg-type]
LONG: Any = settings(max_examples=5_000, **SHARED)  # type: ignore[arg-type]

TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet=st.characters(), min_size=2200, max_size=2210),
    st.sampled_from(
        ["", "\0", "UTC", "../../etc/passwd", "Mars/Olympus", "2099-01-01T00:00:00Z", "123456"]
    ),
    st.datetimes().map(lambda moment: moment.isoformat() + "+14:00"),
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXTS
    | st.sampled_from([10**400, -(10**400), 1e308, -0.0, NOBODY]),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=12,
)


class Target:
    """The daemon with what requests may name, so that they get past the first check."""

    def __init__(self, daemon: Outside, client: httpx.Client) -> None:
        self.daemon = daemon
        self.client = client
        # Without a login: nothing that is asked of Instagram goes on behind our back.
        account = self._make("/auth/accounts", {"username": "without.login"})
        self.account_id = account["id"]
        draft = {"accountId": self.account_id, "mediaType": "IMAGE"}
        self.draft_id = self._make("/posts/draft", draft)["id"]

    def _make(self, path: str, body: dict[str, str]) -> dict[str, str]:
        made: dict[str, str] = self.client.post(path, json=body, headers=self.daemon.headers).json()
        return made

    def send(self, operation: Operation, resource: str, content: bytes, kind: str) -> None:
        """Send one request and compare the answer and the database with the contract."""
        path = operation.path.replace("<id>", resource)
        caller = self.daemon.cookie_header if operation.auth is Auth.COOKIE else self.daemon.headers
        before = self.daemon.rows()
        answer = self.client.request(
            operation.method, path, content=content, headers={"Content-Type": kind, **caller}
        )
        if answer.status_code == operation.status:
            return
        body = answer.json()
        assert set(body) == {"error", "code", "status"}, body
        assert body["status"] == answer.status_code
        assert 400 <= answer.status_code < 500 or body["code"] == "SERVICE_UNAVAILABLE", body
        assert body["code"] in error_codes(operation), body
        assert answer.status_code in (CODES[body["code"]].status, 413)
        if body["code"] not in _REACHED_INSTAGRAM:
            assert self.daemon.rows() == before, body


Request = Callable[[Target, st.DataObject], None]


@pytest.fixture(scope="module")
def target(sandbox_keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with outside(tmp_path_factory.mktemp("any-input"), sandbox_keys) as daemon:
        with httpx.Client(
            base_url=f"{daemon.url}{BASE_PATH}", trust_env=False, timeout=DEADLOCK_S
        ) as client:
            yield Target(daemon, client)
        assert " ERROR " not in daemon.log.read_text()


def bodies(target: Target, operation: Operation) -> st.SearchStrategy[Any]:
    """Return objects with the documented fields, filled as is likely, but for one at most."""
    assert operation.body is not None
    fields = {field.alias or name: field for name, field in operation.body.model_fields.items()}
    accounts = st.sampled_from([target.account_id, target.account_id, NOBODY])
    likely = {name: _LIKELY.get(name, st.integers(0, 50)) for name in fields}
    likely |= {"accountId": accounts} if "accountId" in fields else {}
    objects = st.fixed_dictionaries(
        {name: likely[name] for name, field in fields.items() if field.is_required()},
        optional={
            name: st.none() | likely[name]
            for name, field in fields.items()
            if not field.is_required()
        },
    )
    odd: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.just({}) | _one_of(sorted(fields))
    return st.builds(dict.__or__, objects, odd)


def _one_of(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(st.sampled_from(names), VALUES).map(lambda pair: dict([pair]))


def _people(**more: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["anna", "@ben", "a" * 31, "", " "]) | TEXTS
    return st.fixed_dictionaries({"username": names}, optional=more)


_STICKERS = st.fixed_dictionaries(
    {"type": st.sampled_from(["link", "hashtag", "location", "poll"])},
    optional={
        "url": st.sampled_from(["https://example.com/a", "http://[", "javascript:1"]) | TEXTS,
        "name": st.sampled_from(["#sea", "1", "a b"]) | TEXTS,
        "id": st.sampled_from(["213385402", "x"]) | TEXTS,
        "x": st.floats(-1, 2),
        "width": st.floats(0, 2),
        "rotation": st.floats(),
    },
)
_LIKELY: dict[str, st.SearchStrategy[Any]] = {
    "mediaType": st.sampled_from(["IMAGE", "REELS", "STORIES", "CAROUSEL"]),
    "mediaFileId": st.none() | st.just(NOBODY),
    "mediaFileIds": st.just([]) | st.lists(st.just(NOBODY), max_size=11),
    "scheduledFor": st.sampled_from(["2099-01-01T00:00:00Z", "2001-01-01T00:00:00+02:00"]),
    "timezone": st.sampled_from(["UTC", "Europe/Berlin"]),
    "code": st.sampled_from(["123456", "12345678"]),
    "userTags": st.just([]) | st.lists(_people(x=st.floats(-1, 2), y=st.floats(0, 1)), max_size=22),
    "storyMentions": st.just([]) | st.lists(_people(x=st.floats(0, 1)), max_size=6),
    "storyStickers": st.just([]) | st.lists(_STICKERS, max_size=13),
    "altTexts": st.just([]) | st.lists(st.none() | TEXTS, max_size=11),
    "collaborators": st.just([]) | st.lists(st.sampled_from(["anna", "ben", ""]), max_size=4),
    "crossPostToFacebook": st.booleans(),
    "pollIntervalHours": st.integers(6, 48),
    **dict.fromkeys(
        ["caption", "locationId", "locationName", "igUsername", "igPassword", "username", "name"],
        st.text(max_size=30) | TEXTS,
    ),
}


def encoded(value: Any) -> bytes:
    """Return JSON as any language writes it: NaN and lone surrogates may come."""
    return json.dumps(value).encode()


def any_request(target: Target, data: st.DataObject) -> None:
    """Send whatever: JSON or not, with any type, to any write."""
    operation = data.draw(st.sampled_from(WRITES), label="operation")
    content = data.draw(VALUES.map(encoded) | st.binary(max_size=200), label="body")
    kinds = ["application/json"] * 8 + ["application/json; charset=utf-16", "text/plain", ""]
    resource = data.draw(st.sampled_from([target.draft_id, NOBODY]), label="id")
    target.send(operation, resource, content, data.draw(st.sampled_from(kinds), label="type"))


def likely_request(target: Target, data: st.DataObject) -> None:
    """Send what looks right, so that the rules behind the shape are reached."""
    operation = data.draw(st.sampled_from([o for o in WRITES if o.body]), label="operation")
    body = data.draw(bodies(target, operation), label="body")
    target.send(operation, target.draft_id, encoded(body), "application/json")


@settings(SHORT, max_examples=40)
@given(data=st.data())
def test_any_body_for_any_write(target: Target, data: st.DataObject) -> None:
    any_request(target, data)


@settings(SHORT, max_examples=80)
@given(data=st.data())
def test_likely_bodies_for_any_write(target: Target, data: st.DataObject) -> None:
    likely_request(target, data)


@pytest.mark.soak
@pytest.mark.parametrize("kind", [any_request, likely_request])
@settings(LONG)
@given(data=st.data())
def test_bodies_for_long(target: Target, data: st.DataObject, kind: Request) -> None:
    kind(target, data)


@pytest.mark.acceptance
@pytest.mark.parametrize("content", [b"[", b'{"a":', b"1,1,1,1,1,"])
@pytest.mark.parametrize("times", [20_000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_json_that_is_deep_or_long(target: Target, content: bytes, times: int) -> None:
    content = b"[" + content * times
    for operation in WRITES:
        target.send(operation, target.draft_id, content, "application/json")

"""Sessions made elsewhere: taken over when they work and are the account's, else refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from instagram.private.session_file import MAX_BYTES, session_of_cookie, session_of_settings
from storage import credentials
from storage.credentials import Credentials
from tests.support.served import Answer, Served
from tests.support.studio import USERNAME, Studio, open_studio

PATH = "/api/v1/settings/private-api-credentials"
COOKIE = "4100000018%3AaB3dE6gH9jK2mN5pQ8%3A7"


async def bring(served: Served, **session: Any) -> Answer:
    body = {"accountId": served.studio.account.id, **session}
    return await served.call("POST", f"{PATH}/session", body)


async def found(studio: Studio) -> Credentials | None:
    return await studio.core.store.read(credentials.find, studio.account.id)


async def saved(studio: Studio) -> dict[str, Any]:
    kept = await studio.core.store.read(
        credentials.saved_login, studio.core.vault, studio.account.id
    )
    assert kept is not None
    return dict(kept.session)


@pytest.mark.parametrize("form", [str, unquote])
async def test_a_browsers_sessionid(served: Served, form: Any, tmp_path: Any) -> None:
    studio, ledger = served.studio, served.studio.sandbox.ledger
    await served.call("DELETE", f"{PATH}/{studio.account.id}")
    submitted = ledger.logins(USERNAME)
    sessionid = studio.sandbox.world.sessions.open(studio.person).id
    answer = await bring(served, sessionid=form(sessionid))
    assert answer.status == 200, answer.body
    assert sessionid not in str(answer.body)
    await studio.api.inbox_page()
    kept = await found(studio)
    assert kept is not None
    assert kept.private_pk == str(studio.person.pk)
    assert ledger.logins(USERNAME) == submitted
    assert ledger.count(host="www.instagram.com") == 0
    # There is no password: when the session ends, a person is asked, and nothing is sent.
    studio.sandbox.world.expire_sessions(studio.person)
    answer = await served.call("POST", "/api/v1/story-repost/scan", {"accountId": kept.account_id})
    assert answer.status != 200
    assert ledger.logins(USERNAME) == submitted


async def test_the_known_device_stays_and_the_phases_begin_anew(studio: Studio) -> None:
    from datetime import timedelta

    before, device = await found(studio), (await saved(studio))["uuids"]
    assert before is not None
    studio.clock.advance(timedelta(days=3))
    cookie = studio.sandbox.world.sessions.open(studio.person).id
    await studio.core.logins.import_session(studio.account.id, session_of_cookie(cookie))
    after = await found(studio)
    assert after is not None
    assert after.session_started_at - before.session_started_at >= timedelta(days=3)
    assert (await saved(studio))["uuids"] == device
    studio.sandbox.world.expire_sessions(studio.person)
    await studio.api.inbox_page()  # its password is still known, and used once
    assert studio.sandbox.ledger.logins(USERNAME) == 2


async def test_a_settings_file_is_taken_over_without_what_belonged_to_its_process(
    served: Served, tmp_path: Any
) -> None:
    studio = served.studio
    settings = await saved(studio) | {
        "tls_verify": "/tmp/test-ca.pem",
        "request_timeout": 0,
        "private_transport": "requests",
        "public_transport": "curl",
        "public_request_retries_count": 99,
        "proxy": "http://elsewhere:1",
        "fbns_auth": {"x": 1},
    }
    await served.call("DELETE", f"{PATH}/{studio.account.id}")
    answer = await bring(served, settings=settings)
    assert answer.status == 200, answer.body
    await studio.api.inbox_page()
    kept = await saved(studio)
    assert kept["uuids"] == settings["uuids"]
    foreign = {"tls_verify", "request_timeout", "private_transport", "public_transport", "proxy"}
    assert foreign.isdisjoint(kept)
    assert kept.get("public_request_retries_count") != 99
    assert "fbns_auth" not in kept
    assert studio.sandbox.ledger.logins(USERNAME) == 1
    assert len(studio.sandbox.ledger.devices(USERNAME)) == 1


async def test_an_old_settings_file_gets_an_app_that_can_log_in(studio: Studio) -> None:
    cookie = studio.sandbox.world.sessions.open(studio.person).id
    old = {
        "uuids": {"uuid": "6f2f0c43-2f5c-4b6f-9b8a-0a6f4c1f5b11", "android_device_id": "android-1"},
        "cookies": {"sessionid": cookie, "csrftoken": "x"},
        "device_settings": {
            "app_version": "203.0.0.29.118",
            "version_code": "314665256",
            "manufacturer": "OnePlus",
            "model": "6T Dev",
        },
        "user_agent": "Instagram 203.0.0.29.118 Android",
        "last_login": 1613893712.1,
    }
    session = session_of_settings(json.dumps(old))
    await studio.core.logins.import_session(studio.account.id, session)
    await studio.api.inbox_page()
    kept = await saved(studio)
    assert kept["uuids"]["android_device_id"] == "android-1"
    assert kept["device_settings"]["model"] == "6T Dev"
    assert kept["device_settings"]["bloks_versioning_id"]
    assert "203.0.0.29.118" not in kept["user_agent"]


async def test_what_cannot_be_taken_over_changes_nothing(served: Served) -> None:
    studio, world = served.studio, served.studio.sandbox.world
    before, session = await found(studio), await saved(studio)

    dead = world.sessions.open(studio.person)
    dead.valid = False
    other = world.sessions.open(world.add_person("somebody", password="pw"))
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"sessionid": dead.id}, 401, "LOGIN_FAILED"),
        ({"sessionid": other.id}, 401, "LOGIN_FAILED"),
        ({"sessionid": "hunter2"}, 400, "VALIDATION_ERROR"),
        ({"sessionid": COOKIE + "\n\r"}, 401, "LOGIN_FAILED"),
        ({"settings": {"cookies": {}}}, 400, "VALIDATION_ERROR"),
        ({"settings": {"uuids": "hunter2"}}, 400, "VALIDATION_ERROR"),
        ({"settings": {}, "sessionid": COOKIE}, 400, "VALIDATION_ERROR"),
        ({}, 400, "VALIDATION_ERROR"),
    ]
    for body, status, code in cases:
        answer = await bring(served, **body)
        assert (answer.status, answer.body["code"]) == (status, code), body
        assert "hunter2" not in str(answer.body)
        assert str(body.get("sessionid", "-")) not in str(answer.body)
    assert "@somebody" in (await bring(served, sessionid=other.id)).body["error"]
    assert (await found(studio), await saved(studio)) == (before, session)
    await studio.api.inbox_page()


async def test_a_taken_over_session_under_a_challenge(studio: Studio, tmp_path: Any) -> None:
    """Instagram asks for a code before it lets the session in: nothing is kept of it."""
    from instagram import errors

    studio.person.challenge.step = "selfie_captcha"
    studio.sandbox.world.challenge(studio.person)
    cookie = studio.sandbox.world.sessions.open(studio.person).id
    with pytest.raises(errors.ChallengeRequired):
        await studio.core.logins.import_session(studio.account.id, session_of_cookie(cookie))
    studio.person.met_challenge()
    await studio.core.logins.go_on(studio.account.id)
    async with open_studio(studio.sandbox, studio.clock, tmp_path, logged_in=False) as again:
        await again.api.inbox_page()


@given(
    st.binary(max_size=200)
    | st.text().map(str.encode)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "uuids",
                        "cookies",
                        "authorization_data",
                        "device_settings",
                        "sessionid",
                        "ds_user_id",
                        "mid",
                        "usdid",
                        "locale",
                    ]
                )
                | st.text(max_size=5),
                inner,
                max_size=4,
            )
        ),
        max_leaves=10,
    ).map(lambda value: json.dumps(value).encode())
)
@settings(max_examples=150, suppress_health_check=list(HealthCheck))
def test_no_file_whatever_does_more_than_be_refused(content: bytes) -> None:
    refusal = ""
    session: dict[str, Any] = {}
    try:
        session = session_of_settings(content)
    except ValueError as error:
        refusal = str(error)
    assert refusal.startswith("it is no se") or session["authorization_data"]["sessionid"]


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than"):
        session_of_settings(b" " * (MAX_BYTES + 1))


@pytest.mark.parametrize("form", [bytes, str])
def test_a_file_may_begin_with_a_byte_order_mark(form: type[bytes] | type[str]) -> None:
    login = {"ds_user_id": "123", "sessionid": "123%3Aabcdefghijklmnopqrst%3A8"}
    text = json.dumps({"uuids": {"uuid": "u"}, "authorization_data": login})
    marked = f"\ufeff{text}"
    given = marked if form is str else marked.encode()
    assert session_of_settings(given) == session_of_settings(text)

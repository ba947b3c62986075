"""Each account's own proxy, locale and timezone: used for everything, and never shown whole."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trio_asyncio

from daemon.settings import SettingsError, load_settings
from instagram import errors
from instagram.private.client import PrivateClient
from instagram.private.options import (
    check_locale,
    check_proxy,
    check_timezone,
    offset_of,
    proxy_host,
)
from sandbox import Sandbox
from sandbox.private.cdn import photo_url
from storage import accounts, client_options, credentials
from storage.client_options import StoredOptions
from storage.store import Database
from tests.support.in_turn import in_turn
from tests.support.relay import WORD, Relay, open_relay
from tests.support.served import Served
from tests.support.studio import PASSWORD, USERNAME, Studio, open_studio

PATH = "/api/v1/settings/private-api-options"
LOGIN = "/api/v1/settings/private-api-credentials"


@pytest.fixture
async def relay(sandbox: Sandbox) -> AsyncIterator[Relay]:
    async with open_relay(sandbox) as opened:
        yield opened


async def options(served: Served, body: Any = None) -> Any:
    path = f"{PATH}/{served.studio.account.id}"
    answer = await served.call("PUT" if body is not None else "GET", path, body)
    assert answer.status == 200, answer.body
    return answer.body


@pytest.mark.acceptance
@pytest.mark.parametrize("scheme", ["http", "socks5", "socks5h"])
async def test_an_own_proxy_carries_everything_from_the_login_to_the_media(
    served: Served, relay: Relay, scheme: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    studio, account_id = served.studio, served.studio.account.id
    await served.call("DELETE", f"{LOGIN}/{account_id}")
    body = {
        "accountId": account_id,
        "igUsername": USERNAME,
        "igPassword": PASSWORD,
        "proxy": relay.url.replace("http", scheme),
        "locale": "de_DE",
        "timezone": "Asia/Tokyo",
    }
    answer = await served.call("POST", LOGIN, body)
    assert answer.status == 200, answer.body
    # Its device registration and login, its key (by the public session) and its first requests.
    assert {"b.i.instagram.com", "i.instagram.com"} == set(relay.hosts)
    key = next(e for e in studio.sandbox.ledger.find("qe/sync/") if e.http == "1.1")
    assert key.status == 200

    story = studio.sandbox.world.add_story(studio.friend("anna"), studio.photo())
    await studio.api.download(photo_url(story), tmp_path / "media")
    assert relay.hosts[-1].endswith("cdninstagram.com")

    tunnels = len(relay.hosts)
    studio.sandbox.world.expire_sessions(studio.person)
    await studio.api.inbox_page()  # an automatic login goes the same way
    assert "b.i.instagram.com" in relay.hosts[tunnels:]
    assert relay.refused == 0

    shown = await options(served)
    assert shown == {
        "proxy": f"127.0.0.1:{relay.port}",
        "locale": "de_DE",
        "timezone": "Asia/Tokyo",
        "hasTotpSeed": False,
        "warnings": [],
    }
    assert WORD not in f"{answer.body} {shown}"
    ours = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore", "h"))]
    assert not [r for r in ours if WORD in f"{r.getMessage()} {r.exc_text}"]


async def test_options_are_told_to_instagram_and_survive_a_restart(
    studio: Studio, tmp_path: Path
) -> None:
    chosen = {"locale": "de_DE", "timezone": "Asia/Tokyo"}
    await studio.core.options.change(studio.account.id, chosen)
    await studio.core.gateway.close()
    async with open_studio(studio.sandbox, studio.clock, tmp_path, logged_in=False) as again:
        client = await again.core.gateway._build_client(again.account.id, None)
        assert (client.locale, client.country) == ("de_DE", "DE")
        assert client.base_headers["X-IG-App-Locale"] == "de_DE"
        assert client.base_headers["X-IG-Timezone-Offset"] == str(9 * 3600)
        assert client.timezone_name == "Asia/Tokyo"
        assert "de_DE" in client.user_agent
        await trio_asyncio.aio_as_trio(client.close)()
        await again.api.inbox_page()
        assert (await again.core.options.shown(again.account.id)).locale == "de_DE"
    assert studio.sandbox.ledger.logins(USERNAME) == 1
    assert len(studio.sandbox.ledger.devices(USERNAME)) == 1


async def test_all_three_sessions_take_the_own_proxy_before_the_common_one(
    studio: Studio, relay: Relay
) -> None:
    gateway = studio.core.gateway
    account_id = studio.account.id

    async def proxies() -> set[str]:
        client: PrivateClient = await gateway._build_client(account_id, None)
        found = {str(s.proxy) for s in (client.private, client.public, client.graphql)}
        await trio_asyncio.aio_as_trio(client.close)()
        return found

    assert await proxies() == {studio.sandbox.proxy_url}
    await studio.core.options.change(account_id, {"proxy": relay.url})
    assert await proxies() == {relay.url}
    await studio.core.options.change(account_id, {"proxy": ""})
    assert await proxies() == {studio.sandbox.proxy_url}


async def test_changes_leave_out_what_was_not_sent_and_clear_what_is_empty(served: Served) -> None:
    await options(served, {"locale": "fr_FR", "timezone": "-18000", "totpSeed": "A" * 16})
    shown = await options(served, {"timezone": ""})
    assert (shown["locale"], shown["timezone"], shown["hasTotpSeed"]) == ("fr_FR", None, True)
    shown = await options(served, {"locale": None, "totpSeed": None})
    assert (shown["locale"], shown["hasTotpSeed"]) == (None, False)


@in_turn(
    ("body", "word"),
    [
        ({"proxy": "ftp://me:hunter2@example.com"}, "proxy"),
        ({"proxy": "http://me:hunter2@"}, "proxy"),
        ({"proxy": "http://me:hunter2@example.com:99999"}, "proxy"),
        ({"proxy": "http://me:hunter2@proxy.example.com:8080"}, "REPRISE_PACE"),
        ({"locale": "german"}, "locale"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "1234567"}, "timezone"),
        ({"timezone": "100"}, "offset"),
        ({"totpSeed": "hunter2"}, "totpSeed"),
        ({"locale": "de_DE", "timezone": "nowhere"}, "timezone"),
    ],
)
async def test_bad_options_are_refused_and_nothing_is_set(
    served: Served, body: dict[str, str], word: str
) -> None:
    answer = await served.call("PUT", f"{PATH}/{served.studio.account.id}", body)
    assert (answer.status, answer.body["code"]) == (400, "VALIDATION_ERROR")
    assert word in answer.body["error"]
    assert "hunter2" not in str(answer.body)
    shown = await options(served)
    assert (shown["proxy"], shown["locale"], shown["hasTotpSeed"]) == (None, None, False)


async def test_options_of_an_unknown_account(served: Served) -> None:
    for method in ("GET", "PUT"):
        path = f"{PATH}/00000000-0000-4000-8000-000000000000"
        body = {"locale": "de_DE"} if method == "PUT" else None
        answer = await served.call(method, path, body)
        assert answer.body["code"] == "NOT_FOUND"


async def test_more_than_ten_accounts_on_one_address_are_warned_of(
    studio: Studio, caplog: pytest.LogCaptureFixture
) -> None:
    core = studio.core

    def crowd(db: Database) -> None:
        for number in range(10):
            name = f"lodger{number}"
            added = accounts.add(db, user_id=core.owner.id, username=name, now=core.clock.now())
            credentials.save_login(
                db,
                core.vault,
                account_id=added.id,
                username=name,
                private_pk=str(number),
                session={},
                now=core.clock.now(),
            )

    assert (await core.options.shown(studio.account.id)).warnings == ()
    await core.store.write(crowd)
    (warning,) = (await core.options.shown(studio.account.id)).warnings
    assert warning.startswith("11 accounts share the proxy 127.0.0.1:")
    await studio.log_in()
    assert warning in caplog.text
    # One of them moves out.
    moved = await core.store.read(accounts.by_username, "lodger0")
    assert moved is not None
    own = StoredOptions(proxy="http://u:hunter2@127.0.0.1:9")
    await core.store.write(client_options.save, core.vault, moved.id, own)
    assert (await core.options.shown(studio.account.id)).warnings == ()
    assert (await core.options.shown(moved.id)).warnings == ()
    assert "hunter2" not in repr(own)


async def test_a_foreign_proxy_is_not_used_without_pauses(
    studio: Studio,
) -> None:
    """Set with another pace, it is refused when it would be used."""
    own = StoredOptions(proxy="http://proxy.example.com:8080")
    await studio.core.store.write(client_options.save, studio.core.vault, studio.account.id, own)
    await studio.core.gateway.forget(studio.account.id)
    with pytest.raises(errors.Refused, match="REPRISE_PACE"):
        await studio.api.inbox_page()


@pytest.mark.parametrize(
    ("proxy", "shown"),
    [
        ("https://user:pw@proxy.example.com:1080", "proxy.example.com:1080"),
        ("socks5://user:pw@[::1]:1080", "[::1]:1080"),
        ("http://proxy.example.com", "proxy.example.com"),
    ],
)
def test_of_a_proxy_only_its_place_is_shown(proxy: str, shown: str) -> None:
    assert proxy_host(check_proxy(proxy)) == shown


@pytest.mark.parametrize(
    "text",
    [
        *("", "proxy", "ftp://h:1", "http://", "http://h:99999", "http://h h:1", " http://h"),
        # What Python splits, and nobody can ask.
        *("http://h:0", "http://ü..de:80", "http://[::1]x:80", "http://u\0:p@h:1", "http://\ud83d"),
    ],
    ids=ascii,
)
def test_no_proxy(text: str) -> None:
    with pytest.raises(ValueError, match="an address like"):
        check_proxy(text)


@pytest.mark.parametrize("text", ["", "en", "en-US", "EN_us", "de_DE\n", "de_DEU"])
def test_no_locale(text: str) -> None:
    with pytest.raises(ValueError, match="a locale like"):
        check_locale(text)


def test_timezones_follow_the_clocks() -> None:
    winter = datetime(2026, 1, 1, tzinfo=UTC)
    summer = datetime(2026, 7, 1, tzinfo=UTC)
    assert offset_of(check_timezone("Europe/Berlin"), winter) == (3600, "Europe/Berlin")
    assert offset_of("Europe/Berlin", summer) == (7200, "Europe/Berlin")
    assert offset_of(check_timezone("-12600"), summer) == (-12600, "")


def test_the_common_proxy_is_checked_the_same(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({"REPRISE_PROXY": "gopher://me:hunter2@host", "HOME": str(tmp_path)})
    assert "hunter2" not in str(refused.value)

"""The first run and the forms over HTTP: every state a login can wait in, and what is saved."""

from __future__ import annotations

from typing import Any

from sandbox.world.person import LoginBehaviour
from storage import accounts, api_keys, posts, repost_configs
from storage.posts import PostStatus
from tests.support.posting import photo_id
from tests.support.served import Served
from tests.support.studio import PASSWORD, USERNAME

CREDENTIALS = "/api/v1/settings/private-api-credentials"


async def send(served: Served, path: str, **form: str) -> Any:
    return await served.client.post(path, data=form, headers={"Accept": "text/html"})


async def read(served: Served, path: str) -> str:
    answer = await served.client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200, answer.text
    return answer.text


async def log_in(served: Served, password: str = PASSWORD) -> Any:
    return await send(served, "/welcome/login", username=USERNAME, password=password)


async def test_from_nothing_to_the_rules(served: Served) -> None:
    studio = served.studio
    await served.sign_in()
    await served.call("DELETE", f"/api/v1/auth/accounts/{studio.account.id}")
    first = await served.client.get("/", headers={"Accept": "text/html"})
    assert (first.status_code, first.headers["Location"]) == (303, "/welcome")
    assert "Connect my account" in await read(served, "/welcome")
    odd = await send(served, "/welcome/account", username="no such <b>name</b>")
    assert (odd.status_code, "notice bad" in odd.text) == (200, True)
    assert "<b>name" not in odd.text
    made = await send(served, "/welcome/account", username=f"@{USERNAME}")
    assert made.status_code == 303
    assert made.headers["Location"].startswith("/welcome/login?account=")
    assert (await log_in(served)).headers["Location"] == "/welcome/rules"
    rules = {"timezone": "Asia/Kathmandu", "asleep": "22", "awake": "6", "limit": "4"}
    for field, value in (("limit", "ninety"), ("timezone", "Mars/Base"), ("asleep", "-1")):
        wrong = await send(served, "/welcome/rules", **{**rules, field: value})
        assert (wrong.status_code, "notice bad" in wrong.text) == (200, True), field
    ruled = await send(served, "/welcome/rules", approval="on", **rules)
    assert (ruled.status_code, ruled.headers["Location"]) == (303, "/welcome/next")
    assert "The first repost goes out" in await read(served, "/welcome/next")
    every = await studio.core.store.read(accounts.of_user, studio.core.owner.id)
    config = await studio.core.store.read(repost_configs.get, every[0].id)
    assert config.timezone == "Asia/Kathmandu"
    assert config.is_enabled
    assert config.approval_required
    assert (config.sleep_window_start, config.daily_repost_limit) == (22, 4)


async def test_every_state_that_a_login_waits_in_is_shown_and_survives_a_reload(
    served: Served,
) -> None:
    studio = served.studio
    await served.sign_in()
    for behaviour, heading, asks in (
        (LoginBehaviour.CHALLENGE, "One more step", "one-time-code"),
        (LoginBehaviour.TWO_FACTOR, "One more step", "one-time-code"),
        (LoginBehaviour.CONSENT, "Confirm it in the Instagram app", "I have confirmed it"),
    ):
        await served.call("DELETE", f"{CREDENTIALS}/{studio.account.id}")
        studio.person.login = behaviour
        shown = (await log_in(served)).text
        for page in (shown, await read(served, "/welcome/login")):
            assert heading in page, behaviour
            assert asks in page, behaviour
            assert PASSWORD not in page
    studio.person.login = LoginBehaviour.CHALLENGE
    await served.call("DELETE", f"{CREDENTIALS}/{studio.account.id}")
    await log_in(served)
    wrong = await send(served, "/welcome/code", code="000 000")
    assert "notice bad" in wrong.text
    assert "one-time-code" in wrong.text
    right = await send(served, "/welcome/code", code=studio.person.security_code)
    assert right.headers["Location"] == "/welcome/rules"


async def test_what_a_login_is_refused_with_is_said_beside_the_form(served: Served) -> None:
    await served.sign_in()
    for behaviour in (LoginBehaviour.UNKNOWN_USER, LoginBehaviour.RATE_LIMITED):
        served.studio.person.login = behaviour
        shown = await log_in(served)
        assert "notice bad" in shown.text, behaviour
    served.studio.person.login = LoginBehaviour.OK
    await served.call("DELETE", f"{CREDENTIALS}/{served.studio.account.id}")
    shown = await log_in(served, "another password")
    assert "notice bad" in shown.text
    assert "another password" not in shown.text


async def test_rules_keys_and_switches_are_saved(served: Served) -> None:
    studio = served.studio
    await served.sign_in()
    await studio.configure(approval_required=True)
    saved = await send(
        served, "/account", timezone="Europe/Oslo", denied_authors="spam.one, @Spam_Two\n",
        excluded_words="", daily_repost_limit="3",
    )  # fmt: skip
    assert saved.headers["Location"] == "/account?saved=1"
    assert "spam.one\nspam_two" in await read(served, "/account?saved=1")
    assert not (await studio.config()).approval_required
    assert "notice bad" in (await send(served, "/account", poll_interval_hours="1")).text
    shown = await read(served, "/account")
    assert "10 by default" in shown
    await send(served, "/account/pause")
    assert (await studio.config()).paused_at is not None
    await send(served, "/account/resume")
    await send(served, "/account/disable")
    assert not (await studio.config()).is_enabled
    assert "Switch reposts on" in await read(served, "/account")
    await send(served, "/account/disconnect", name="somebody")
    assert len(await studio.core.store.read(accounts.of_user, studio.core.owner.id)) == 1


async def test_a_key_is_shown_once_and_revoked(served: Served) -> None:
    studio = served.studio
    await served.sign_in()
    made = await send(served, "/settings/keys", name="<i>cron</i>", preset="publisher")
    assert 'id="full-key">vg_live_' in made.text
    assert "<i>" not in made.text
    assert "full-key" not in await read(served, "/settings")
    every = await studio.core.store.read(api_keys.of_user, studio.core.owner.id)
    newest = next(key for key in every if "cron" in key.name)
    assert "posts:publish" in newest.scopes
    await send(served, "/settings/keys/revoke", id=newest.id)
    assert "revoked" in await read(served, "/settings")


async def test_a_failed_post_is_listed_and_made_a_draft(served: Served) -> None:
    studio = served.studio
    await served.sign_in()
    body = {
        "accountId": studio.account.id, "mediaType": "IMAGE", "mediaFileId": await photo_id(served),
    }  # fmt: skip
    draft = (await served.call("POST", "/api/v1/posts/draft", body)).body

    def fail(db: Any) -> None:
        posts.change_status(
            db, draft["id"], PostStatus.FAILED, now=studio.clock.now(), error_message="<b>no</b>"
        )

    await studio.core.store.write(fail)
    page = await read(served, "/history?state=FAILED")
    assert "&lt;b&gt;no&lt;/b&gt;" in page
    assert "Try again" in page
    assert "draft now" in (await send(served, "/history/release", id=draft["id"])).text
    assert "Try again" not in await read(served, "/history")

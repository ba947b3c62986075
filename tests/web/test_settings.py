"""Settings over HTTP: who gets in and out, who is told, copies, and what the doctor finds."""

from __future__ import annotations

import re
from typing import Any

from storage import account_sessions, api_keys, browser_sessions, users
from storage.copies import kept_copies
from tests.support.served import Served

HTML = {"Accept": "text/html"}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0"


async def send(served: Served, path: str, **form: str) -> Any:
    return await served.client.post(f"/settings/{path}", data=form, headers=HTML)


async def page(served: Served) -> str:
    answer = await served.client.get("/settings", headers=HTML)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


async def test_another_device_is_let_in_and_signed_out_again(served: Served) -> None:
    core = served.studio.core
    await served.sign_in()
    invited = await send(served, "browsers/invite", role="approver")
    assert invited.headers["Cache-Control"] == "no-store"
    assert '<svg xmlns="http://www.w3.org/2000/svg"' in invited.text
    assert "address of this machine alone" in invited.text
    found = re.search(r'id="invitation">([^<]+)<', invited.text)
    assert found is not None
    assert found[1].split("/login")[0] == served.url
    mine = dict(served.client.cookies)
    served.client.cookies.clear()
    visited = await served.client.get(
        found[1], headers={"User-Agent": FIREFOX, "Sec-Fetch-Dest": "document"}
    )
    assert visited.status_code == 200
    other = dict(served.client.cookies)
    assert (await served.client.get("/settings", headers=HTML)).status_code == 403  # an approver
    served.client.cookies.clear()
    again = await served.client.get(found[1], headers={"Sec-Fetch-Dest": "document"})
    assert again.status_code == 401  # it works once
    served.client.cookies.update(mine)
    shown = await page(served)
    assert "Firefox on Linux" in shown
    assert "(this one)" in shown
    sessions = await core.store.read(browser_sessions.of_user, core.owner.id, core.clock.now())
    assert not any(each.id in shown for each in sessions)  # whoever has an id is signed in
    named = re.findall(r'browsers/end"><input type="hidden" name="id" value="(\w+)"', shown)
    assert len(named) == 1
    assert (await send(served, "browsers/end", id="0" * 16)).text.count("notice bad") == 1
    ended = await send(served, "browsers/end", id=named[0])
    assert ended.status_code == 303
    assert "Firefox on Linux" not in await page(served)
    served.client.cookies.clear()
    served.client.cookies.update(other)
    assert (await served.client.get("/mentions", headers=HTML)).status_code == 401


async def test_a_key_is_limited_by_preset_account_and_time(served: Served) -> None:
    core = served.studio.core
    await served.sign_in()
    account = served.studio.account.id
    made = await send(
        served, "keys", name="<i>cron</i>", preset="drafts-only", days="30", only=account
    )
    assert 'id="full-key">vg_live_' in made.text
    assert "<i>" not in made.text
    (key,) = [
        each
        for each in await core.store.read(api_keys.of_user, core.owner.id)
        if "cron" in each.name
    ]
    assert key.account_ids == [account]
    assert "posts:publish" not in key.scopes
    assert key.expires_at is not None
    assert (key.expires_at - core.clock.now()).days in (29, 30)
    strange = await send(served, "keys", name="x", only="00000000-0000-4000-8000-000000000000")
    assert "notice bad" in strange.text


async def test_people_are_told_and_quiet_hours_are_kept(served: Served) -> None:
    await served.sign_in()
    bad = await send(served, "notices", url="nonsense")
    assert "notice bad" in bad.text
    told = await send(served, "notices", url="json://localhost:1/s3cret", name="<b>me</b>")
    assert told.status_code == 303, told.text
    shown = await page(served)
    assert "&lt;b&gt;me" in shown
    assert "s3cret" not in shown
    assert (await send(served, "quiet", begins="22:00", ends="22:00")).text.count("notice bad") == 1
    await send(served, "quiet", begins="21:30", ends="07:15")
    assert "Quiet from 21:30 to 07:15" in await page(served)
    await send(served, "quiet", end="1")
    assert "There are no quiet hours" in await page(served)
    found = re.search(r'notices/delete"><input type="hidden" name="id" value="([^"]+)"', shown)
    assert found is not None
    await send(served, "notices/delete", id=found[1])
    assert "&lt;b&gt;me" not in await page(served)
    words = (await served.client.get("/settings?done=Call+0800+now", headers=HTML)).text
    assert "Call 0800 now" not in words


async def test_the_machine_is_its_owners(served: Served) -> None:
    core = served.studio.core
    await served.sign_in()
    before = len(kept_copies(core.store.path))
    assert (await send(served, "copies")).status_code == 303
    assert len(kept_copies(core.store.path)) == before + 1
    shown = await page(served)
    assert "Free on the disk" in shown
    assert f"{before + 1} kept" in shown
    findings = (await served.client.get("/settings/machine", headers=HTML)).text
    for check in ("database", "disk", "key"):
        assert f"<b>{check}</b>" in findings
    anna = await core.store.write(users.add, core.clock.now(), "anna")
    code = await core.store.write(
        browser_sessions.create_code, user_id=anna.id, now=core.clock.now()
    )
    served.client.cookies.clear()
    await served.client.get(f"/login?code={code}", headers={"Sec-Fetch-Dest": "document"})
    shown = await page(served)
    assert "Free on the disk" not in shown
    assert "A browser" in shown or "python" in shown
    for method, path in (
        ("GET", "findings"), ("GET", "room"), ("GET", "copies"), ("POST", "copies"),
    ):  # fmt: skip
        answer = await served.client.request(
            method, f"/api/v1/system/{path}", headers={"Origin": served.url}
        )
        assert answer.status_code == 404, path


async def test_programs_that_use_an_account_are_seen_and_ended(served: Served) -> None:
    core, account = served.studio.core, served.studio.account
    await served.sign_in()
    assert "Programs that use an account" not in await page(served)
    await core.store.write(account_sessions.open_for, core.owner.id, account.id, core.clock.now())
    assert f"@{account.username}</b><span>connected here" in await page(served)
    ended = await send(served, "sessions/end", id=account.id)
    assert ended.headers["Location"].endswith("done=That+session+is+over.")
    assert "Programs that use an account" not in await page(served)


async def test_a_webhook_has_a_new_secret_and_a_login_is_forgotten(served: Served) -> None:
    await served.sign_in()
    made = await send(served, "webhooks", url="https://127.0.0.1:1/<b>")
    old = re.search(r"<pre><code>([^<]+)</code>", made.text)
    one = re.search(r'webhooks/rotate"><input type="hidden" name="id" value="([^"]+)"', made.text)
    assert (old, one) != (None, None), made.text
    assert old is not None
    assert one is not None
    again = re.search(
        r"<pre><code>([^<]+)</code>", (await send(served, "webhooks/rotate", id=one[1])).text
    )
    assert again is not None
    assert again[1] != old[1]
    sent = await send(served, "webhooks/recover", id=one[1])
    assert sent.status_code == 303, sent.text
    assert "is+sent+again" in sent.headers["Location"]
    # A login goes, the account stays.
    account = (await served.client.get("/account", headers=HTML)).text
    assert "Forget the login" in account
    await served.client.post("/account/forget", headers=HTML)
    account = (await served.client.get("/account", headers=HTML)).text
    assert "Forget the login" not in account
    assert "Not logged in" in account

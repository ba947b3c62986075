"""Approving, skipping and pausing on the command line, with the daemon off and on."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.reposts import RepostStatus
from tests.api.test_story_repost import until
from tests.support.command import announced, command
from tests.support.served import Served, serve_studio
from tests.support.studio import Studio

GHOST = "5b0c9c1e-0000-4000-8000-000000000000"


async def test_decisions_with_the_daemon_off(studio: Studio) -> None:
    data = studio.core.settings.data_dir
    # They may ask a Worker, and write down whom they trust where the studio has it too.
    (data / "none.toml").write_text(f'ca_file = "{studio.core.settings.ca_file}"\n')
    await studio.configure(approval_required=True)
    for name in ("anna", "ben", "carla"):
        studio.mention(studio.friend(name))
    await studio.run_all()

    shown = (await command("pending", "--json", data=data)).json
    ids = {item["originalUsername"]: item["id"] for item in shown}
    assert set(ids) == {"anna", "ben", "carla"}
    for item in shown:
        for file in (item["previewFile"], item["storyFile"]):
            assert Path(file).read_bytes().startswith(b"\xff\xd8")
    listed = await command("pending", "--username", "@studio", data=data)
    assert ids["anna"] in listed.out
    assert shown[0]["previewFile"] in listed.out

    approved = await command("approve", ids["anna"], data=data)
    assert approved.out == f"Approved @anna ({ids['anna']})\n"
    skipped = await command("skip", ids["ben"], "--json", data=data)
    assert [item["status"] for item in skipped.json["decided"]] == ["SKIPPED"]
    late = await command("approve", ids["ben"], ids["carla"], data=data)
    assert (late.code, late.out) == (1, f"Approved @carla ({ids['carla']})\n")
    assert "it is SKIPPED" in late.err
    nothing = await command("approve", "--all", data=data)
    assert nothing.out == "Nothing waits for your approval\n"
    back = await command("undo", ids["carla"], data=data)
    assert back.out == f"Taken back: @carla ({ids['carla']})\n"
    assert (await command("approve", ids["carla"], data=data)).code == 0
    paused = await command("pause", "--for", "1d12h", "--json", data=data)
    assert [(row["igUsername"], row["paused"]) for row in paused.json] == [("studio", True)]

    await studio.advance()
    await studio.publish_due()
    assert studio.sandbox.ledger.published == []
    assert (await command("resume", data=data)).code == 0
    # What is skipped already stays so; the rule is about what comes and what is open.
    ruled = await command("author", "@ben", "always", "--username", "studio", data=data)
    assert ruled.out == "What @ben shows of you goes out without asking\n"
    told = await command("author", "ben", "never", "--username", "studio", "--json", data=data)
    assert (told.json["before"], told.json["decided"]) == ("always", [])
    await studio.advance()
    await studio.publish_due()
    assert {repost.author_username: repost.status for repost in await studio.history()} == {
        "anna": RepostStatus.PUBLISHED,
        "ben": RepostStatus.SKIPPED,
        "carla": RepostStatus.PUBLISHED,
    }
    # They may ask a Worker, hence trust whom their own settings say: the studio asks nobody after.
    assert (await command("stop", "--json", data=data)).json["since"] is not None
    assert (await command("go-on", data=data)).out == "Everything goes on\n"


async def test_the_running_daemon_hears_of_decisions(studio: Studio) -> None:
    await studio.configure(approval_required=True)
    for name in ("anna", "ben"):
        studio.mention(studio.friend(name))
    await studio.run_all()
    async with serve_studio(studio) as served:
        with announced(served) as data:
            await _decide(served, data)


async def _decide(served: Served, data: Path) -> None:
    (anna, ben) = (await command("pending", "--json", data=data)).json
    paused = await command("pause", "--until", "2099-01-01T00:00:00+02:00", data=data)
    assert "Paused until 2098-12-31 22:00 UTC" in paused.out
    assert (await command("approve", anna["id"], data=data)).code == 0
    seen = (await command("pending", data=data)).out.rpartition("--all --as-of ")[2].strip()
    earlier = await command("skip", "--all", "--as-of", "0", data=data)
    assert earlier.out.startswith("Nothing waits for your approval\n1 came or changed since")
    all_seen = ("--all", "--as-of", seen, "--username", "studio")
    skipped = await command("skip", *all_seen, data=data)
    assert skipped.out == f"Skipped @{ben['originalUsername']} ({ben['id']})\n"
    assert served.studio.sandbox.ledger.published == []
    assert "Resumed" in (await command("resume", "--username", "studio", data=data)).out
    await until(served, **{anna["originalUsername"]: "PUBLISHED"})
    refused = await command("approve", ben["id"], GHOST, data=data)
    assert (refused.code, refused.out) == (1, "")
    assert "it is SKIPPED" in refused.err
    assert "No repost with id" in refused.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["approve"], "Give IDs, or --all"),
        (["skip", GHOST, "--all"], "Give IDs, or --all"),
        (["approve", "no-id"], "is no id"),
        (["skip", GHOST, "--username", "a"], "goes with --all"),
        (["approve", GHOST, "--as-of", "1"], "--as-of goes with --all"),
        (["pause", "--for", "soon"], "--for takes"),
        (["pause", "--for", "0d"], "--for takes"),
        (["pause", "--for", "99999999999d"], "--for takes"),
        (["pause", "--until", "2030-01-01T00:00:00"], "--until"),
        (["pause", "--until", "0001-01-01T00:00:00+09:00"], "--until"),
        (["pause", "--until", "2020-01-01T00:00:00Z"], "in the future"),
        (["pause", "--until", "2030-01-01T00:00:00Z", "--for", "1d"], "not both"),
    ],
)
async def test_wrong_use_ends_with_2(tmp_path: Path, words: list[str], line: str) -> None:
    done = await command(*words, data=tmp_path)
    assert (done.code, done.out) == (2, "")
    assert line in done.err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["approve", GHOST], "No repost with id"),
        (["pending", "--username", "ghost"], "is not connected"),
        (["pause", "--username", "ghost"], "is not connected"),
        (["resume"], "No account reposts stories yet"),
    ],
)
async def test_failures_end_with_1_and_one_line(
    tmp_path: Path, words: list[str], line: str
) -> None:
    done = await command(*words, data=tmp_path)
    assert done.code == 1
    assert line in done.err
    assert len(done.err.strip().splitlines()) == 1

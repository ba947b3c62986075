"""A life that goes on after an import: nothing goes out twice, and no mention is lost."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from daemon import data_dir
from moving.plan import read_document
from moving.taking_in import take_in
from publish import intake, scheduler
from publish.library import MediaLibrary
from repost import approval
from sandbox import Sandbox
from sandbox.wire.faults import Fault, Status
from storage import media_files, posts, reposts
from storage.document import export
from storage.files import MediaFolder
from storage.media_files import Origin
from storage.posts import PostStatus
from storage.reposts import RepostStatus
from storage.store import open_store
from storage.users import ensure_owner
from storage.vault import load_vault
from tests.support.clock import TestClock
from tests.support.posting import photo_id, publish, story, until, until_held
from tests.support.served import serve_studio
from tests.support.studio import Studio, open_studio

HOUR = timedelta(hours=1)


def live(studio: Studio) -> int:
    return len(studio.sandbox.world.published(studio.person))


async def move(studio: Studio, to: Path, *, with_media: bool = True) -> None:
    """Export all of a studio, and import it into the data directory of another one."""
    core, now = studio.core, studio.clock.now()
    document = await core.store.read(export, core.owner.id, now, core.vault)
    data = to / "data"
    data.mkdir(parents=True)
    data_dir.prepare(data)
    async with open_store(data / "reprise.db") as store:
        owner = await store.write(ensure_owner, now)
        folder = MediaFolder(data / "media")
        plan = read_document(document, owner.id)
        library = MediaLibrary(store, folder, studio.core.clock)
        media = studio.folder.root if with_media else None
        vault = load_vault(data)
        await take_in(plan, store, vault, library, media=media, now=now)


async def test_what_was_on_its_way_is_recognised_by_a_retry_after_an_import(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "SLICE_S", 0.05)
    new = tmp_path / "new"
    async with (
        open_studio(sandbox, clock, tmp_path / "old") as studio,
        serve_studio(studio) as served,
    ):
        refused = Status(503, json={"message": "later", "status": "fail"})
        sandbox.faults.add(Fault(path="rupload_igphoto", kind=refused))
        post_id = await publish(served, story(served, await photo_id(served)))
        await until_held(served, post_id)
        await move(studio, new)
        clock.advance(HOUR / 4)
        # It went on there although its user had moved.
        await until(served, post_id, "PUBLISHED")
    async with open_studio(sandbox, clock, new, logged_in=False) as studio:
        await studio.publish_due()
        store = studio.core.store
        assert (await store.read(posts.get, post_id)).error_code == "DELIVERY_UNKNOWN"
        assert live(studio) == 1
        await store.write(intake.retry, post_id, clock.now())
        await studio.publish_due()
        assert (await store.read(posts.get, post_id)).status is PostStatus.PUBLISHED
        assert live(studio) == 1


@pytest.mark.parametrize("with_media", [True, False])
async def test_unfinished_mentions_come_along_and_wait(
    sandbox: Sandbox, clock: TestClock, tmp_path: Path, with_media: bool
) -> None:
    async with open_studio(sandbox, clock, tmp_path / "old") as studio:
        await studio.configure()
        studio.mention(studio.friend("anna"))
        await studio.run_all()
        await studio.configure(approval_required=True)
        studio.mention(studio.friend("bert"))
        await studio.scan()
        await studio.advance()
        old = {one.author_username: one for one in await studio.history()}
        assert old["bert"].status is RepostStatus.WAITING_APPROVAL
        await move(studio, tmp_path / "new", with_media=with_media)
        assert live(studio) == 1
    async with open_studio(sandbox, clock, tmp_path / "new", logged_in=False) as studio:
        store = studio.core.store
        new = {one.author_username: one for one in await studio.history()}
        assert new["anna"].status is RepostStatus.PUBLISHED
        if with_media:
            assert new["anna"].card_media_id == old["anna"].card_media_id
            card = await store.read(media_files.get, str(new["anna"].card_media_id))
            assert card.origin is Origin.REPOST
            assert studio.folder.path(card.storage_path).is_file()
            assert studio.folder.path(str(new["bert"].preview_path)).is_file()
        # Its user switches reposts on again: it waits all the same, also when downloaded anew.
        await studio.configure(approval_required=False)
        await studio.run_all()
        bert = await store.read(reposts.get, old["bert"].id)
        assert bert.status is RepostStatus.WAITING_APPROVAL
        assert "look there" in str(bert.reason)
        assert studio.folder.path(str(bert.media_path)).is_file()
        assert live(studio) == 1
        await store.write(approval.approve, bert.id, clock.now())
        clock.advance(HOUR / 2)
        await studio.run_all()
        assert live(studio) == 2

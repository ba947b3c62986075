"""Every call of the session API's table, made by the real client: see `tests.sandbox.calls`."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import aiograpi.mixins.public
import pytest

from sandbox import Sandbox
from sandbox.world.person import Person
from tests.sandbox.calls.direct import DIRECT
from tests.sandbox.calls.finding import FINDING
from tests.sandbox.calls.media import MEDIA
from tests.sandbox.calls.people import PEOPLE
from tests.sandbox.calls.row import Scene
from tests.sandbox.calls.talk import COMMENTS, STORIES, TAGS
from tests.sandbox.clients import AIOGRAPI, App
from tests.support.thinned import sparing

pytestmark = [
    pytest.mark.acceptance,
    AIOGRAPI,
    pytest.mark.usefixtures("no_waiting"),
    pytest.mark.filterwarnings("ignore:The `dict` method is deprecated"),  # aiograpi's own
]

SUBJECTS = {
    "people": PEOPLE,
    "media": MEDIA,
    "comments": COMMENTS,
    "tags": TAGS,
    "stories": STORIES,
    "direct": DIRECT,
    "finding": FINDING,
}


@pytest.fixture
def scene(
    sandbox: Sandbox, studio: Person, photo: Path, square: Path, video: Path, tmp_path: Path
) -> Scene:
    """A studio that follows Anna; Berta is private; Anna has a post and a Reel."""
    own_square = shutil.copy(square, tmp_path / "picture.jpg")  # aiograpi crops it in place
    world = sandbox.world
    anna = world.add_person("anna", full_name="Anna Berg")
    berta = world.add_person("berta", private=True)
    carl = world.add_person("carl")
    world.follow(studio, anna)
    return Scene(
        sandbox=sandbox,
        photo=photo,
        square=Path(own_square),
        video=video,
        studio=studio,
        anna=anna,
        berta=berta,
        carl=carl,
        post=world.add_post(anna, square, caption="Fresh #bread today"),
        reel=world.add_post(anna, video, product="reel", caption="Watch #bread rise"),
        own=world.add_post(studio, square, caption="Ours #bread"),
        story=world.add_story(anna, photo),
        own_story=world.add_story(studio, photo),
    )


@pytest.mark.parametrize("subject", sparing(SUBJECTS, every=3))
async def test_each_call(
    subject: str, scene: Scene, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sleep(seconds: float) -> None:
        pass

    monkeypatch.setattr(aiograpi.mixins.public, "asyncio", SimpleNamespace(sleep=sleep))
    await app.login(scene.studio)
    for row in SUBJECTS[subject]:
        row.before(scene)
        args = row.args(scene)
        said = f"{row.call}{args}"
        if row.refused is not None:
            with pytest.raises(row.refused):
                pytest.fail(f"{said} gave {await app(row.call, *args, **row.more)}")
            continue
        try:
            answer = await app(row.call, *args, **row.more)
        except Exception as error:
            error.add_note(said)
            raise
        assert row.gives(scene, answer), f"{said} gave {answer}"
        assert row.leaves(scene), f"{said} left something else"
    assert not scene.sandbox.ledger.unknown

"""The sandbox's pictures: each with its licence, small enough to go along with the package."""

from __future__ import annotations

import json

from PIL import Image

from sandbox.world.pictures import FOLDER, names

FREE = {"CC0 1.0", "CC BY 4.0", "public domain"}


def test_each_picture_says_whose_it_is_and_under_which_licence() -> None:
    known = json.loads((FOLDER / "manifest.json").read_text())
    assert set(known) == {each.name for each in FOLDER.glob("*.jpg")}
    assert {name.removesuffix(".jpg") for name in known} == set(names())
    for name, said in known.items():
        assert said["licence"] in FREE, name
        assert all(said[key] for key in ("title", "by", "licenceText", "from", "changed")), name
        with Image.open(FOLDER / name) as image:
            assert max(image.size) <= 1215
    assert sum(each.stat().st_size for each in FOLDER.iterdir()) < 1_500_000

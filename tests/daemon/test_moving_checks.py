"""What an import refuses: any wrong value in any field, and accounts that would be two or none."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from moving.media import Brought
from moving.plan import Imported, NotImported, read_document
from moving.rows import RowReader
from moving.taking_in import store_rows
from storage import along, media_files, posts, users
from storage.document import KINDS, export
from storage.errors import Unfit
from storage.files import MediaFolder
from storage.store import open_directly, transaction
from storage.users import ensure_owner
from storage.vault import Vault, load_vault
from tests.support.data import Commands
from tests.support.life import Life
from tests.support.process import environment
from tests.support.thinned import sparing
from tests.support.wrong import PYTHONS_WORDS

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LISTS = [kind.name for kind in KINDS] + list(along.LISTS)
WRONG: list[Any] = [
    None, "", "x", "\x00", "a\ud83d", "x" * 3000, 0, -1, 5, 10**30, 1e999, 0.5, True,
    [], [[]], [5], ["x"], [None], {}, {"a": 1}, [{"username": 5}], [{"username": "x", "x": "left"}],
    "2026-13-45", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "../../etc/passwd", "file:///etc/passwd", "{", '{"a": [',
]  # fmt: skip


FEW = [None, "x", "a\ud83d", -1, 10**30, 1e999, [5], {"a": 1}, "9999-12-31T23:59:59-14:00"]
_EVERY = pytest.param(WRONG, marks=pytest.mark.soak, id="every")


@dataclass
class Place:
    """A document with a full life, and an empty database to take it in."""

    document: dict[str, Any]
    db: Database
    owner: str
    vault: Vault

    def judge(self, document: Any) -> str:
        """Return what becomes of a document; it leaves nothing behind."""
        try:
            plan = read_document(document, self.owner)
        except NotImported as refused:
            return _in_our_words(refused)
        with suppress(_Undone), transaction(self.db):
            try:
                store_rows(self.db, plan, Brought(), self.vault, NOW, Imported())
            except (NotImported, Unfit):
                return "refused"
            # What was taken can be read, and taken again by another one.
            again = json.dumps(export(self.db, self.owner, NOW, self.vault), allow_nan=False)
            read_document(json.loads(again), self.owner)
            raise _Undone
        return "taken"


def _in_our_words(refused: NotImported) -> str:
    assert not PYTHONS_WORDS.search(str(refused)), refused
    return "refused"


class _Undone(Exception):
    pass


def thinned(document: dict[str, Any]) -> dict[str, Any]:
    """Keep a few rows of each list that belong to each other."""
    thin = copy.deepcopy(document)
    thin["posts"] = [
        next(row for row in thin["posts"] if row["status"] == status)
        for status in ("FAILED", "QUEUED")
    ]
    kept = {row["id"] for row in thin["posts"]}
    thin["deliveries"] = [row for row in thin["deliveries"] if row["postId"] in kept][:1]
    thin["reposts"] = thin["reposts"][:2]
    kept |= {row["id"] for row in thin["reposts"]}
    thin["events"] = [row for row in thin["events"] if row["subjectId"] in kept][:1]
    return thin


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("life")
    with open_directly(directory / "old.db") as db, transaction(db):
        vault = load_vault(directory)
        owner = ensure_owner(db, NOW)
        Life(db, vault, MediaFolder(directory / "media"), owner.id, NOW).fill()
        document = thinned(export(db, owner.id, NOW, vault))
    with open_directly(directory / "new.db") as db:
        with transaction(db):
            owner = ensure_owner(db, NOW)
        yield Place(document, db, owner.id, vault)


def test_the_document_itself_is_taken(place: Place) -> None:
    assert place.judge(place.document) == "taken"
    assert all(place.document[name] for name in LISTS)


@pytest.mark.parametrize("values", [pytest.param(FEW, id="few"), _EVERY])
@pytest.mark.parametrize("name", sparing(LISTS, every=3))
def test_any_wrong_value_in_any_field_is_refused_or_harmless(
    place: Place, name: str, values: list[Any]
) -> None:
    """And never a bug, a half import, or a row that nobody can read."""
    seen = set()
    # Of the few, each field meets a third, and each value a third of the fields.
    step = 3 if values is FEW else 1
    for number, field in enumerate(place.document[name][0]):
        for wrong in values[number % step :: step]:
            bad = copy.deepcopy(place.document)
            bad[name][0][field] = wrong
            seen.add(place.judge(bad))
    for wrong in values:
        bad = copy.deepcopy(place.document)
        bad[name] = wrong
        place.judge(bad)
        bad = copy.deepcopy(place.document)
        bad[name][0] = wrong
        place.judge(bad)
    for field in place.document[name][0]:
        bad = copy.deepcopy(place.document)
        del bad[name][0][field]
        place.judge(bad)
    assert "refused" in seen


@pytest.mark.parametrize("values", [pytest.param(FEW, id="few"), _EVERY])
@pytest.mark.parametrize("field", ["login", "session", "client_options", "password", "totp_seed"])
def test_any_wrong_secret_is_refused_or_harmless(
    place: Place, field: str, values: list[Any]
) -> None:
    for wrong in [*values, '{"proxy": 5}', '{"other": "x"}', "[]", '{"private_pk": 5}']:
        bad = copy.deepcopy(place.document)
        bad["accounts"][0]["secrets"][field] = wrong
        place.judge(bad)
    for name in place.document["accounts"][0]["secrets"]["login"] if field == "login" else ():
        for wrong in FEW:
            bad = copy.deepcopy(place.document)
            bad["accounts"][0]["secrets"]["login"][name] = wrong
            place.judge(bad)


# Accounts

ID, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def account(**more: Any) -> dict[str, Any]:
    return {
        "id": ID, "username": "studio", "igUserId": "1784", "loginMethod": "instagram",
        "createdAt": "2026-01-01T00:00:00Z", **more,
    }  # fmt: skip


@pytest.fixture
def reprise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Commands:
    return Commands(environment(tmp_path), monkeypatch, capsys)


@pytest.fixture
def take(reprise: Commands, tmp_path: Path) -> Callable[..., Any]:
    def run(*accounts: dict[str, Any], **more: Any) -> Any:
        file = tmp_path / "document.json"
        file.write_text(json.dumps({"accounts": accounts, **more}))
        return reprise("import", str(file), "--json")

    return run


@pytest.mark.parametrize(
    "wrong",
    [
        {"username": "no spaces"}, {"username": ""}, {"username": "a" * 31}, {"username": "../x"},
        {"username": "studio\n"}, {"loginMethod": "carrier pigeon"}, {"igUserId": "x"},
        {"igUserId": "1" * 33}, {"id": "7"},
    ],
    ids=str,
)  # fmt: skip
def test_an_account_of_another_form_is_refused(
    take: Callable[..., Any], reprise: Commands, wrong: dict[str, Any]
) -> None:
    done = take(account(**wrong))
    assert (done.code, done.out) == (2, "")
    assert len(done.err.strip().splitlines()) == 1
    assert "constraint" not in done.err.lower()
    assert json.loads(reprise("export").out)["accounts"] == []


@pytest.mark.parametrize(
    "second",
    [
        account(username="other", igUserId=""),
        account(id=OTHER, username="renamed"),
        account(id=OTHER, username="renamed", igUserId="1784"),
    ],
    ids=["its id, another name", "its number, another name", "the same"],
)
def test_one_instagram_account_is_one_account_here(
    take: Callable[..., Any], reprise: Commands, second: dict[str, Any]
) -> None:
    assert take(account()).code == 0
    done = take(account(id=str(OTHER).replace("2", "3"), username="fresh", igUserId="9"), second)
    assert (done.code, done.out) == (2, "")
    assert "as @studio" in done.err
    names = [one["username"] for one in json.loads(reprise("export").out)["accounts"]]
    assert names == ["studio"]  # not even the one that was good


@pytest.mark.parametrize(
    "second",
    [account(id=OTHER, username="STUDIO", igUserId=""), account(id=OTHER, username="other")],
    ids=["one name", "one number"],
)
def test_a_document_has_an_account_once(take: Callable[..., Any], second: dict[str, Any]) -> None:
    done = take(account(), second)
    assert done.code == 2
    assert "there twice" in done.err


def test_what_belongs_to_another_row_here_is_refused(
    place: Place, take: Callable[..., Any], reprise: Commands
) -> None:
    """Ids that are in use here for something else."""
    ours = {"format": "reprise-export", "version": 1}
    config = place.document["storyRepostConfigs"][0]
    assert (
        take(account(), storyRepostConfigs=[config | {"instagramAccountId": ID}], **ours).code == 0
    )
    taken = config | {"instagramAccountId": OTHER}
    other = account(id=OTHER, username="other", igUserId="")
    done = take(other, storyRepostConfigs=[taken], **ours)
    assert done.code == 2
    assert "do not fit" in done.err
    assert len(json.loads(reprise("export").out)["accounts"]) == 1


def test_protection_that_did_not_come_along_is_named(
    place: Place, take: Callable[..., Any]
) -> None:
    names = ["client_options", "totp_seed"]
    done = take(
        account(secretsLeftOut=names), account(id=OTHER, username="other", igUserId=""),
        format="reprise-export", version=1,
    )  # fmt: skip
    (note,) = done.json["protection"]
    assert note.startswith("@studio: its own proxy, locale or timezone and its TOTP seed")
    again = take(account(secretsLeftOut=names), format="reprise-export", version=1)
    assert again.json["protection"] == []


@pytest.mark.parametrize(
    "theirs",
    [account(), account(id=OTHER, username="STUDIO", igUserId=""), account(id=OTHER, username="x")],
    ids=["its id", "its name", "its number"],
)
def test_nothing_comes_into_an_account_of_somebody_else(
    place: Place, theirs: dict[str, Any]
) -> None:
    """Neither with the account, nor by its id alone, and no file of theirs either."""
    post = place.document["posts"][1] | {"instagramAccountId": ID}
    config = place.document["storyRepostConfigs"][0] | {"instagramAccountId": ID}
    ours = {"format": "reprise-export", "version": 1}
    alone = {**ours, "posts": [post], "storyRepostConfigs": [config], "lanes": [
        {"account_id": ID, "set_at": "2026-01-01T00:00:00Z", "free_at": "2026-01-01T00:00:00Z"}
    ]}  # fmt: skip
    with suppress(_Undone), transaction(place.db):
        take_rows(place, {"accounts": [account()]}, place.owner)
        for media in place.document["mediaFiles"]:
            row = RowReader(KINDS[1], [], Counter()).read(media, "", place.owner)
            assert row is not None
            media_files.add(place.db, row[0])
        zoe = users.add(place.db, NOW, "zoe").id
        with pytest.raises(NotImported, match="somebody else"):
            take_rows(place, {"accounts": [theirs]}, zoe)
        done = take_rows(place, alone, zoe)
        assert posts.get(place.db, post["id"]).account_id is None
        assert set(posts.media_ids_of(place.db, post["id"])) == {None}
        assert done.new == {"posts": 1}
        assert place.db.conn.execute("SELECT count(*) FROM lanes").fetchone() == (0,)
        raise _Undone


def take_rows(place: Place, document: dict[str, Any], user_id: str) -> Imported:
    done = Imported()
    store_rows(place.db, read_document(document, user_id), Brought(), place.vault, NOW, done)
    return done

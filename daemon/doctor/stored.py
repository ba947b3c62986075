"""The database and its key: whole, of this version, and readable with the key that is there."""

from __future__ import annotations

from daemon.doctor.finding import Finding, ok, problem, warning
from daemon.doctor.site import Site, in_thread
from storage.errors import Unusable
from storage.inspection import damage_in, open_untouched, schema_of
from storage.legibility import look_through
from storage.secrets import count_opening
from storage.vault import KEY_FILE, present_key

_QUICK_S = 8.0
_ROWS_S = 3.0
# What it means for a person that a row cannot be read.
_POST = "its post does not go out; look at the account whether it has, then make it anew"
_MENTION = "it is not reposted; look at the story in the Instagram app"
_ACCOUNT = "its account rests; disconnect it and connect it anew"
_OTHERS = "what it tells of is passed over"
_REST = {
    "posts": _POST, "jobs": _POST, "deliveries": _POST, "reposts": _MENTION, "accounts": _ACCOUNT,
    "credentials": _ACCOUNT, "story_repost_configs": _ACCOUNT, "troubles": _ACCOUNT,
    "author_rules": _ACCOUNT,
}  # fmt: skip
_PUT_BACK = "stop the daemon; reprise restore FILE (docs/backup.md)"


async def database(site: Site) -> list[Finding]:
    """The file is a whole database."""
    return await in_thread(_database, site)


def _database(site: Site) -> list[Finding]:
    path = site.settings.database
    if not path.exists():
        return [ok(f"none yet at {path}; the first command that writes makes it")]
    try:
        with open_untouched(path) as db:
            damage = damage_in(db, limit_s=_QUICK_S)
    except Unusable as error:
        return [problem(str(error), _PUT_BACK)]
    if damage is None:
        return [warning(f"too large to be looked at in {_QUICK_S:.0f} s; no damage seen so far")]
    if damage:
        return [problem(f"{path} is damaged: {damage[0]}", _PUT_BACK)]
    return [ok(f"whole, {path.stat().st_size / 1e6:.1f} MB at {path}")]


async def rows(site: Site) -> list[Finding]:
    """Every row can be read."""
    return await in_thread(_rows, site)


def _rows(site: Site) -> list[Finding]:
    looked = site.read(lambda db: look_through(db, limit_s=_ROWS_S))
    if looked is None:
        return []
    found = [
        problem(
            f"{'a row' if row.key is None else f'the row {row.key}'} of {row.table} cannot be read"
            f" ({row.column}): {_REST.get(row.table, _OTHERS)}",
            "an earlier copy may have it whole: " + _PUT_BACK,
        )
        for row in looked.rows
    ]
    if not looked.is_all:
        found.append(warning("there are more rows than could be looked at"))
    return found or [ok("every row can be read")]


async def migrations(site: Site) -> list[Finding]:
    """The schema is one that this version knows."""
    return await in_thread(_migrations, site)


def _migrations(site: Site) -> list[Finding]:
    try:
        with open_untouched(site.settings.database) as db:
            schema = schema_of(db)
    except Unusable:
        return []
    if schema.unknown:
        return [
            problem(
                f"the database was written by a newer Reprise (it knows {schema.unknown[-1]})",
                "install that version, or: reprise restore FILE (docs/upgrading.md)",
            )
        ]
    if schema.pending:
        return [
            warning(
                f"{len(schema.pending)} changes of the schema are made at the next start, "
                "after a copy",
                "restart the daemon",
            )
        ]
    return [ok("the schema is this version's")]


async def key(site: Site) -> list[Finding]:
    """The key is there and opens every secret of the database."""
    return await in_thread(_key, site)


def _key(site: Site) -> list[Finding]:
    path, vault = present_key(site.settings.data_dir), site.vault()
    sealed, opened = site.read(lambda db: count_opening(db, vault)) or (0, 0)
    mend = f"put the old {KEY_FILE} back, or: reprise rotate-key --lost"
    if path is None:
        if sealed:
            return [problem(f"the key is gone; {sealed} secrets cannot be read without it", mend)]
        return [ok("none yet; it is made when it is needed")]
    if vault is None:
        return [problem(f"{path} holds no key that can be used", mend)]
    if 0 < opened < sealed:
        moved = f"{sealed - opened} of {sealed} secrets were changed or moved in the database"
        return [problem(moved, "log their accounts in again, or restore a backup")]
    if opened < sealed:
        return [problem(f"{path} does not open the {sealed} secrets", mend)]
    return [ok(f"{path} opens all {sealed} secrets")]

"""Every statement of `storage/` as SQLite would run it: nothing reads a table that grows.

Each function that takes a database is called, with rows of every kind there, with and without what
may be left out, and each statement it makes is explained: as it was prepared, without statistics
(as a daemon has none) and with them.
"""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import pkgutil
import re
import sqlite3
import typing
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, cast

import pytest
from sqlite_utils import Database

import storage
from storage import pruning, records
from storage.errors import StorageError
from storage.store import open_directly
from storage.vault import Vault
from tests.storage.test_upgrade import NAMES, key, later_rows, make

NOW = datetime(2026, 11, 23, tzinfo=UTC)

# Of each there is one per account, per key or per setting, or it is emptied by its expiry.
FEW = {
    "accounts", "account_secrets", "daemon_secrets", "credentials", "challenges", "api_keys",
    "browser_sessions", "login_codes", "story_repost_configs", "author_rules", "lanes", "users",
    "facts", "row_counts", "state_counts", "_sqlite_migrations", "sqlite_sequence",
    "webhooks", "webhook_secrets", "quiet_hours", "cloud_worker", "cloud_lanes",
    "account_sessions",
    "session_calls",
}  # fmt: skip
# Indexes that hold what is open only, so that reading one to its end is short.
OF_WHAT_IS_OPEN = {
    "jobs_active", "jobs_lane", "jobs_open", "jobs_one_open_per_post", "reposts_open",
    "reposts_held", "deliveries_one_open", "posts_scheduled", "posts_unfinished", "notices_open",
    "jobs_pending", "cloud_posts_away", "cloud_posts_looked",
}  # fmt: skip
# Modules whose statements look at a file as a whole, on purpose: checks, copies, changes of schema.
WHOLE_FILES = {"migrations", "opening", "copies", "backup", "restore", "replaced", "inspection",
               "foreign", "rotation", "records", "along", "document", "legibility",
               "schema_check"}  # fmt: skip
OWNERS = ("(user_id=?)", "(account_id=?)", "(instagram_account_id=?)")
EXCEPTIONS = {
    "arrived.accounts_as_they_are": "a person imports, or takes an import back",
    "arrived.remove": "a person takes an import back",
    "idempotency.seal_anew": "a person changes the key, with the daemon stopped",
    "loose_files.some": "takes the first few and stops",
    "store.probe": "takes the first row of each and stops",
    "schema_check.check_schema": "the schema itself: a row for each table and index",
    "accounts.remove": "a person disconnects an account: all its rows are touched",
    "media_files.remove_cards_of": "as before",
    "users.remove": "a person leaves: all their rows are touched",
    "users.belongings": "a person is looked at on the command line, now and then",
    "posts.page_post_ids": "a Page copy is in doubt: the newest first",
    "posts.published_media_ids": "takes the first 300 of the index and stops",
    "repost_history.page": "takes the first of all and stops, where nothing is chosen",
    "reposts.last_kept": "a person looks at a card, of the newest mention with its file",
    "troubles.latest_at": "troubles of a year, of one account",
    "troubles.open_of": "troubles of a year, of one account",
    "repost_slots.last_failed_at": "max() takes the last of the index and stops",
    "troubles.active": "troubles of a year, of one account",
    "holds.active": "troubles of a year, of one account",
    "troubles.clear": "troubles of a year, of one account",
    "troubles.clear_disabling": "troubles of a year, of one account",
}


class Recorder:
    """A connection that keeps the statements it was given, with their parameters."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.statements: list[tuple[str, Any]] = []

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        self.statements.append((sql, parameters))
        return self._connection.execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any) -> sqlite3.Cursor:
        rows = list(parameters)
        if rows:
            self.statements.append((sql, rows[0]))
        return self._connection.executemany(sql, rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def functions() -> Iterator[tuple[str, Any]]:
    for module in pkgutil.iter_modules(storage.__path__):
        if module.name not in WHOLE_FILES:
            found = importlib.import_module(f"storage.{module.name}")
            for name, value in vars(found).items():
                if inspect.isfunction(value) and value.__module__ == found.__name__:
                    parameters = list(inspect.signature(value).parameters)
                    if parameters[:1] == ["db"] and not name.startswith("_"):
                        yield f"{module.name}.{name}", value


FUNCTIONS = dict(functions())


class Arguments:
    """Makes an argument of its name and type, of rows that are there."""

    def __init__(self, db: Database) -> None:
        self.ids = {}
        for table in ("account", "post", "repost", "job", "user", "media_file", "delivery",
                      "api_key", "browser_session", "webhook", "notice"):  # fmt: skip
            plural = "deliveries" if table == "delivery" else f"{table}s"
            (found,) = db.conn.execute(f"SELECT id FROM {plural} LIMIT 1").fetchone()
            self.ids[table] = found
        for name, kind in (("media", "media_file"), ("key", "api_key"), ("subject", "post"),
                           ("session", "browser_session")):  # fmt: skip
            self.ids[name] = self.ids[kind]
        self.db = db

    def of(self, name: str, hint: Any) -> Any:
        if name == "statement":
            return "SELECT 1"
        if name in ("after", "but"):
            return self.ids["repost"] if name == "after" else self.ids["post"]
        if name.endswith("_id") and name.removesuffix("_id") in self.ids:
            return self.ids[name.removesuffix("_id")]
        return self._of_type(hint)

    def _of_type(self, hint: Any) -> Any:
        if typing.get_origin(hint) is collections.abc.Callable:
            return lambda *_: None
        arms = [arm for arm in typing.get_args(hint) if arm is not type(None)]
        origin = typing.get_origin(hint)
        if origin is typing.Literal:
            return arms[0]
        if origin is typing.Union or (arms and type(None) in typing.get_args(hint)):
            return self._of_type(arms[0])
        if origin is not None and issubclass(
            origin, dict | typing.cast(Any, typing.Mapping).__origin__
        ):
            return {self._of_type(arms[0]): self._of_type(arms[1])} if arms else {}
        if origin is not None:
            return [self._of_type(arms[0])] if arms else []
        if hint is datetime:
            return NOW
        if hint is timedelta:
            return timedelta(days=1)
        if hint is Vault:
            return Vault(key())
        if hint is pruning.Rule:
            return pruning.RULES[0]
        if isinstance(hint, type) and issubclass(hint, Enum):
            return next(iter(hint))
        if is_dataclass(hint):
            return self._row(hint)
        return {str: "x", int: 1, bool: True, float: 1.0}.get(cast(Any, hint), {})

    def _row(self, cls: Any) -> Any:
        if not hasattr(cls, "TABLE"):
            hints = typing.get_type_hints(cls)
            return cls(**{each.name: self.of(each.name, hints[each.name]) for each in fields(cls)})
        found: Any = records.fetch_one(self.db, cls, "")
        return replace(found, id="new") if "id" in cls.__dataclass_fields__ else found


def call(function: Any, db: Database, made: Arguments, *, briefly: bool) -> None:
    """Call it with every argument, or `briefly`: without those that may be left out."""
    hints = typing.get_type_hints(function)
    signature = inspect.signature(function)
    positional, named = [], {}
    for name, parameter in list(signature.parameters.items())[1:]:
        may_be_left_out = parameter.default is not parameter.empty
        if parameter.kind is parameter.VAR_KEYWORD or (briefly and may_be_left_out):
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            positional.append(made.of(name, hints[name]))
        elif parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = made.of(name, hints[name])
        else:
            positional.append(made.of(name, hints[name]))
    with suppress(StorageError, sqlite3.IntegrityError):
        function(db, *positional, **named)


def statements_of(path: Path) -> dict[str, list[tuple[str, Any]]]:
    """Return what every function asks, each on the same rows."""
    found = {}
    with open_directly(path) as db:
        later_rows(db)
        made = Arguments(Database(db.conn, execute_plugins=False))
        connection = db.conn
        for name, function in FUNCTIONS.items():
            recorder = Recorder(connection)
            connection.execute("BEGIN")
            db.conn = cast(Any, recorder)
            try:
                if name == "pruning.prune":
                    for rule in pruning.RULES:
                        pruning.prune(db, rule, NOW)
                else:
                    call(function, db, made, briefly=False)
                    connection.execute("ROLLBACK")
                    connection.execute("BEGIN")
                    call(function, db, made, briefly=True)
            finally:
                db.conn = connection
                connection.execute("ROLLBACK")
            found[name] = recorder.statements
    return found


def table_of(plan: str, sql: str) -> str:
    """Return which table a line of a plan is about; aliases are looked up in the statement."""
    name = plan.split()[1]
    alias = re.search(rf"\b(\w+) AS {name}\b", sql)
    return alias[1] if alias else name


def reads_much(name: str, plan: str, sql: str) -> bool:
    kind, *_ = plan.split()
    if kind not in ("SCAN", "SEARCH") or "VIRTUAL TABLE" in plan or "CONSTANT ROW" in plan:
        return False
    table = table_of(plan, sql)
    if table in FEW or table.startswith(("(", "json_each", "subquery")):
        return False
    index = re.search(r"INDEX (\w+)", plan)
    if index and index[1] in OF_WHAT_IS_OPEN:
        return False
    if kind == "SCAN":
        return True
    # By its owner alone: that is the whole table, or a tenth of it. A limit does not help where
    # nothing is found, which is where most of them end.
    return plan.endswith(OWNERS)


def pretend_a_million(db: Database) -> None:
    """Let SQLite believe that every table that grows has a million rows, of ten accounts."""
    shares = {"user_id": 1, "account_id": 10, "instagram_account_id": 10, "status": 30, "origin": 2}
    db.conn.execute("ANALYZE")
    db.conn.execute("DELETE FROM sqlite_stat1")
    for table, in db.conn.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
    ).fetchall():  # fmt: skip
        for _, index, unique, _, _ in db.conn.execute(f"PRAGMA index_list({table})").fetchall():
            rows = 20 if index in OF_WHAT_IS_OPEN or table in FEW else 1_000_000
            each, numbers = rows, [rows]
            columns = db.conn.execute(f"PRAGMA index_info({index})").fetchall()
            for _, _, column in columns:
                each = max(1, min(each, rows // shares.get(column, 100_000)))
                numbers.append(each)
            if unique:
                numbers[-1] = 1
            db.conn.execute(
                "INSERT INTO sqlite_stat1 VALUES (?, ?, ?)",
                (table, index, " ".join(map(str, numbers))),
            )
    db.conn.execute("ANALYZE sqlite_schema")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "data" / "reprise.db"
    make(path, NAMES[0])
    with open_directly(path) as db:
        user = db.conn.execute("SELECT id FROM users").fetchone()[0]
        account = db.conn.execute("SELECT id FROM accounts").fetchone()[0]
        with db.conn:
            for number in range(400):
                at = f"2026-11-{number % 20 + 1:02}T00:00:{number % 60:02}.000Z"
                db.conn.execute(
                    "INSERT INTO posts (id, user_id, account_id, instagram_account_id, media_type,"
                    " source_type, status, ig_media_id, published_at, completed_at, created_at,"
                    " updated_at) VALUES (?1, ?2, ?3, ?3, 'STORIES', 'STORY_REPOST', 'PUBLISHED',"
                    " ?1, ?4, ?4, ?4, ?4)",
                    (f"p{number}", user, account, at),
                )
                db.conn.execute(
                    "INSERT INTO jobs (id, user_id, type, status, account_id, post_id, run_at,"
                    " max_attempts, created_at, updated_at, completed_at)"
                    " VALUES (?1, ?2, 'PUBLISH', 'COMPLETED', ?3, ?4, ?5, 5, ?5, ?5, ?5)",
                    (f"j{number}", user, account, f"p{number}", at),
                )
    return path


@pytest.fixture(scope="module")
def asked(database: Path) -> dict[str, list[tuple[str, Any]]]:
    return statements_of(database)


def test_every_function_asks_something(asked: dict[str, list[tuple[str, Any]]]) -> None:
    silent = {name for name, statements in asked.items() if not statements}
    # The one reads what a connection remembers, the other is a part of a transaction.
    known = {"events.untold", "store.part"}
    assert silent == known, "the test could not call them: teach it their arguments"
    assert len(asked) > 100


@pytest.mark.parametrize("statistics", [False, True])
def test_no_statement_reads_a_table_that_grows(
    database: Path, asked: dict[str, list[tuple[str, Any]]], statistics: bool
) -> None:
    read = []
    with open_directly(database) as db:
        if statistics:
            pretend_a_million(db)
        for name, statements in asked.items():
            for sql, parameters in statements:
                if sql.split()[0] not in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
                    continue
                plans = db.conn.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
                read += [
                    f"{name}: {plan} in {sql}"
                    for *_, plan in plans
                    if reads_much(name, plan, sql) and name not in EXCEPTIONS
                ]
        if statistics:
            db.conn.execute("DROP TABLE sqlite_stat1")
    assert not read, "\n".join(read)


def test_what_refers_to_a_row_that_goes_is_found_by_an_index(database: Path) -> None:
    """Deleting one row looks for those that refer to it, in tables that may have a million."""
    with open_directly(database) as db:
        tables = [row[0] for row in db.conn.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlite%'"
        )]  # fmt: skip
        for table in tables:
            for _, _, parent, column, *_ in db.conn.execute(f"PRAGMA foreign_key_list({table})"):
                if parent == "users" or table in FEW:
                    continue  # the owner never goes
                plan = db.conn.execute(
                    f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {column} = ?", ("x",)
                ).fetchone()[3]
                assert plan.startswith("SEARCH"), (table, column, plan)

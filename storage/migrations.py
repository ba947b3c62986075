"""The schema's history. A migration is never edited once it is on `main`; changes are new ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sqlite_utils import Database, Migrations

from storage.scripts.early import (
    CHANGES,
    CONTROL,
    DECISIONS,
    IDEMPOTENCY,
    PEOPLE,
    RAILS,
    READ_WITH_CARE,
    SCOPES,
)
from storage.scripts.initial import INITIAL

migrations = Migrations("reprise")


@migrations()
def m0001_initial(db: Database) -> None:
    """Everything of the first release."""
    for statement in _statements(INITIAL):
        db.conn.execute(statement)


@migrations()
def m0002_story_stickers(db: Database) -> None:
    """Links, hashtags and places on stories."""
    db.conn.execute("ALTER TABLE posts ADD COLUMN story_stickers TEXT")


@migrations()
def m0006_control(db: Database) -> None:
    """What the user decides about reposts, and the account's own posts as reposts."""
    for statement in _statements(CONTROL):
        db.conn.execute(statement)


@migrations()
def m0003_rails(db: Database) -> None:
    """What a look costs and has left unread, and indexes for rails and history."""
    for statement in _statements(RAILS):
        db.conn.execute(statement)


_GROWTH = """
-- What is asked for often is found by an index, however much there is.
CREATE INDEX deliveries_of_post ON deliveries (post_id, created_at);
CREATE INDEX deliveries_closed ON deliveries (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX jobs_by_post ON jobs (post_id);
CREATE INDEX jobs_by_account ON jobs (account_id, status, run_at, id);
CREATE INDEX jobs_open ON jobs (user_id, status, run_at)
    WHERE status IN ('PENDING', 'PROCESSING');
CREATE INDEX jobs_ended ON jobs (completed_at)
    WHERE status IN ('COMPLETED', 'FAILED', 'CANCELLED');
CREATE INDEX events_by_age ON events (at);
CREATE INDEX posts_live ON posts (instagram_account_id, published_at)
    WHERE ig_media_id IS NOT NULL;
CREATE INDEX posts_published ON posts (account_id, published_at) WHERE published_at IS NOT NULL;
CREATE INDEX posts_around
    ON posts (account_id, coalesce(published_at, scheduled_for, created_at));
CREATE INDEX posts_unfinished ON posts (account_id) WHERE status NOT IN ('PUBLISHED', 'FAILED');
CREATE INDEX posts_failed_reposts ON posts (account_id, completed_at)
    WHERE status = 'FAILED' AND source_type IN ('STORY_REPOST', 'AUTO_REPOST');
CREATE INDEX deleted_posts_by_age ON deleted_posts (deleted_at);
CREATE INDEX media_files_by_processed ON media_files (processed_path)
    WHERE processed_path IS NOT NULL;
CREATE INDEX reposts_sent ON reposts (account_id, status) WHERE post_id IS NOT NULL;
CREATE INDEX reposts_by_author ON reposts (account_id, lower(author_username), detected_at);
CREATE INDEX reposts_held ON reposts (held_until)
    WHERE status IN ('DETECTED', 'DOWNLOADED', 'WAITING_APPROVAL', 'QUEUED');
CREATE INDEX repost_slots_by_age ON repost_slots (at);
CREATE INDEX troubles_by_age ON troubles (at);
CREATE INDEX author_followers_by_age ON author_followers (read_at);

-- How many there are in which state, whoever's they are: for the status line and the metrics.
CREATE TABLE state_counts (
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (kind, state)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER jobs_counted_in AFTER INSERT ON jobs BEGIN
    INSERT INTO state_counts VALUES ('job', new.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER jobs_counted_out AFTER DELETE ON jobs BEGIN
    UPDATE state_counts SET count = count - 1 WHERE kind = 'job' AND state = old.status;
END;
CREATE TRIGGER jobs_counted_over AFTER UPDATE OF status ON jobs
WHEN new.status != old.status BEGIN
    UPDATE state_counts SET count = count - 1 WHERE kind = 'job' AND state = old.status;
    INSERT INTO state_counts VALUES ('job', new.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER reposts_counted_in AFTER INSERT ON reposts BEGIN
    INSERT INTO state_counts VALUES ('repost', new.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER reposts_counted_out AFTER DELETE ON reposts BEGIN
    UPDATE state_counts SET count = count - 1 WHERE kind = 'repost' AND state = old.status;
END;
CREATE TRIGGER reposts_counted_over AFTER UPDATE OF status ON reposts
WHEN new.status != old.status BEGIN
    UPDATE state_counts SET count = count - 1 WHERE kind = 'repost' AND state = old.status;
    INSERT INTO state_counts VALUES ('repost', new.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
INSERT INTO state_counts SELECT 'job', status, count(*) FROM jobs GROUP BY status;
INSERT INTO state_counts SELECT 'repost', status, count(*) FROM reposts GROUP BY status;

-- Stored paths that a row has let go of, whatever became of the row: upkeep deletes those files
-- that no other row refers to.
CREATE TABLE loose_files (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TRIGGER reposts_let_go AFTER DELETE ON reposts BEGIN
    INSERT OR IGNORE INTO loose_files SELECT value FROM json_each(
        json_array(old.media_path, old.preview_path)) WHERE value IS NOT NULL;
END;
CREATE TRIGGER reposts_let_go_of AFTER UPDATE OF media_path, preview_path ON reposts BEGIN
    INSERT OR IGNORE INTO loose_files SELECT value FROM json_each(
        json_array(old.media_path, old.preview_path)) WHERE value IS NOT NULL
        AND value NOT IN (coalesce(new.media_path, ''), coalesce(new.preview_path, ''));
END;
CREATE TRIGGER media_files_let_go AFTER DELETE ON media_files BEGIN
    INSERT OR IGNORE INTO loose_files SELECT value FROM json_each(
        json_array(old.storage_path, old.thumbnail_path, old.processed_path))
        WHERE value IS NOT NULL;
END;
CREATE TRIGGER media_files_let_go_of
AFTER UPDATE OF storage_path, thumbnail_path, processed_path ON media_files BEGIN
    INSERT OR IGNORE INTO loose_files SELECT value FROM json_each(
        json_array(old.storage_path, old.thumbnail_path, old.processed_path))
        WHERE value IS NOT NULL AND value NOT IN (new.storage_path,
        coalesce(new.thumbnail_path, ''), coalesce(new.processed_path, ''));
END;
CREATE TRIGGER renditions_let_go AFTER DELETE ON renditions BEGIN
    INSERT OR IGNORE INTO loose_files VALUES (old.stored_path);
END;
CREATE TRIGGER renditions_let_go_of AFTER UPDATE OF stored_path ON renditions BEGIN
    INSERT OR IGNORE INTO loose_files VALUES (old.stored_path);
END;

-- Cards of accounts that were disconnected before they went with them.
DELETE FROM media_files WHERE origin = 'REPOST'
    AND id NOT IN (SELECT card_media_id FROM reposts WHERE card_media_id IS NOT NULL)
    AND id NOT IN (SELECT media_file_id FROM post_media JOIN posts ON posts.id = post_id
        WHERE media_file_id IS NOT NULL AND account_id IS NOT NULL);
"""


@migrations()
def m0008_growth(db: Database) -> None:
    """What stays quick at a million rows, and what becomes of files that nobody refers to."""
    for statement in _statements(_GROWTH):
        db.conn.execute(statement)


@migrations()
def m0009_read_with_care(db: Database) -> None:
    """For whom a story was meant, and what looks could not read."""
    for statement in _statements(READ_WITH_CARE):
        db.conn.execute(statement)


@migrations()
def m0011_decisions(db: Database) -> None:
    """What was decided when something began, to be compared when it goes on."""
    for statement in _statements(DECISIONS):
        db.conn.execute(statement)


@migrations()
def m0020_changes(db: Database) -> None:
    """Changes that know their account, and whose ids only rise."""
    for statement in _statements(CHANGES):
        db.conn.execute(statement)


@migrations()
def m0040_scopes(db: Database) -> None:
    """Keys and sessions that may do a part of what their user may."""
    for statement in _statements(SCOPES):
        db.conn.execute(statement)


@migrations()
def m0041_idempotency(db: Database) -> None:
    """Writes that are done once, however often they are asked for."""
    for statement in _statements(IDEMPOTENCY):
        db.conn.execute(statement)


@migrations()
def m0042_people(db: Database) -> None:
    """Several people on one machine."""
    for statement in _statements(PEOPLE):
        db.conn.execute(statement)


_ONE_ACCOUNT = """
-- Whose a token is was not asked when it was given: it is before anything goes out with it.
ALTER TABLE accounts ADD COLUMN token_unproven INTEGER NOT NULL DEFAULT 0;
UPDATE accounts SET token_unproven = 1
    WHERE id IN (SELECT account_id FROM account_secrets WHERE name = 'access_token');
"""


@migrations()
def m0050_one_account(db: Database) -> None:
    """One Instagram account is one account here, and a token is that account's."""
    for statement in _statements(_ONE_ACCOUNT):
        db.conn.execute(statement)


@migrations()
def m0051_wrong_clocks(db: Database) -> None:
    """Troubles that a wrong clock has dated in the future count from when they were met."""
    db.conn.execute("ALTER TABLE troubles ADD COLUMN counted_from TEXT")


_WEBHOOKS = """
-- Who is told of what happens: `cursor` is the last event that was looked at for it, `types` and
-- `account_ids` what it wants ('' and NULL are everything).
CREATE TABLE webhooks (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    url TEXT NOT NULL,
    types TEXT NOT NULL DEFAULT '',
    account_ids TEXT,
    cursor INTEGER NOT NULL,
    old_secret_until TEXT,
    -- For how many seconds it has failed without a success, by pieces of a day at most.
    failing_s INTEGER NOT NULL DEFAULT 0,
    last_failed_at TEXT,
    disabled_at TEXT,
    disabled_reason TEXT,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX webhooks_of_user ON webhooks (user_id, created_at);
CREATE TABLE webhook_secrets (
    webhook_id TEXT NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (webhook_id, name)
) STRICT;
-- One message to one webhook, from its event until it is told or given up.
CREATE TABLE webhook_deliveries (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    webhook_id TEXT NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    event_id INTEGER NOT NULL,
    type TEXT NOT NULL,
    body TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('PENDING', 'DELIVERED', 'FAILED')),
    tries INTEGER NOT NULL DEFAULT 0,
    due_at TEXT,
    created_at TEXT NOT NULL,
    tried_at TEXT,
    http_status INTEGER,
    took_ms INTEGER,
    answer TEXT
) STRICT;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at)
    WHERE status = 'PENDING';
CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id, event_id);
CREATE INDEX webhook_deliveries_of_user ON webhook_deliveries (user_id);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at);
"""


@migrations()
def m0060_webhooks(db: Database) -> None:
    """Addresses that are told of what happens, and what each was told."""
    for statement in _statements(_WEBHOOKS):
        db.conn.execute(statement)


@migrations()
def m0130_their_time(db: Database) -> None:
    """What was expired by a clock that was ahead is found; and Instagram's time before a post."""
    db.conn.execute(
        "CREATE INDEX reposts_expired ON reposts (account_id, updated_at) WHERE status = 'EXPIRED'"
    )
    db.conn.execute("ALTER TABLE deliveries ADD COLUMN their_time TEXT")


@migrations()
def m0100_page(db: Database) -> None:
    """What a person decides on the page can be taken back; and a person can stop everything."""
    db.conn.execute("ALTER TABLE reposts ADD COLUMN skipped_at TEXT")
    db.conn.execute("ALTER TABLE users ADD COLUMN stopped_at TEXT")


_CLOUD = """
-- The Worker in the user's Cloudflare account; at most one row. `told` is what it said last.
CREATE TABLE cloud_worker (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    account_id TEXT NOT NULL,
    url TEXT NOT NULL,
    version TEXT NOT NULL,
    bucket TEXT,
    deployed_at TEXT NOT NULL,
    verified_at TEXT,
    told TEXT,
    told_at TEXT
) STRICT;
"""


@migrations()
def m0120_cloud_worker(db: Database) -> None:
    """A Worker that publishes while this machine is off, and lends media a public address."""
    for statement in _statements(_CLOUD):
        db.conn.execute(statement)


@migrations()
def m0110_asked_via(db: Database) -> None:
    """Events know through which face somebody asked for them."""
    db.conn.execute("ALTER TABLE events ADD COLUMN via TEXT")


_NOTICES = """
-- A receiver is another program, or a person's device or mailbox: its `url` is only what may be
-- shown then, the whole is among the secrets.
ALTER TABLE webhooks ADD COLUMN kind TEXT NOT NULL DEFAULT 'webhook'
    CHECK (kind IN ('webhook', 'person'));
ALTER TABLE webhooks ADD COLUMN name TEXT;
-- Since when it may have been told: a try has begun, and nobody knows how it ended.
ALTER TABLE webhook_deliveries ADD COLUMN begun_at TEXT;
-- What needs a person, from when it was noticed until it is over; `key` is what tells it from
-- others, `covers_until` up to which mention it speaks, `deadline` when something is lost.
CREATE TABLE notices (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    account_id TEXT,
    key TEXT NOT NULL,
    text TEXT NOT NULL,
    remedy TEXT NOT NULL,
    deadline TEXT,
    covers_until TEXT,
    opened_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;
CREATE UNIQUE INDEX notices_open ON notices (user_id, key) WHERE ended_at IS NULL;
CREATE INDEX notices_of_user ON notices (user_id);
CREATE INDEX notices_ended ON notices (ended_at) WHERE ended_at IS NOT NULL;
-- When a person wants to hear nothing that can wait: times of day in a zone.
CREATE TABLE quiet_hours (
    user_id TEXT PRIMARY KEY REFERENCES users,
    begins TEXT NOT NULL,
    ends TEXT NOT NULL,
    timezone TEXT NOT NULL
) STRICT;
"""


@migrations()
def m0070_notices(db: Database) -> None:
    """Notices to people about what needs them."""
    for statement in _statements(_NOTICES):
        db.conn.execute(statement)


_SESSIONS = """
-- Accounts that are used by session; what is sent in its place carries a seal over this id.
CREATE TABLE account_sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    account_id TEXT NOT NULL UNIQUE REFERENCES accounts ON DELETE CASCADE,
    -- Whether the account was connected for it, and goes with it.
    is_own INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    used_at TEXT NOT NULL
) STRICT;
CREATE INDEX account_sessions_of_user ON account_sessions (user_id, created_at);
CREATE INDEX account_sessions_by_use ON account_sessions (used_at);
-- What was done by session within the last day: rails count it.
CREATE TABLE session_calls (
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    rail TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX session_calls_of_account ON session_calls (account_id, rail, at);
"""


@migrations()
def m0090_sessions(db: Database) -> None:
    """Accounts that are used by session, and what was done so."""
    for statement in _statements(_SESSIONS):
        db.conn.execute(statement)


@migrations()
def m0071_next_message(db: Database) -> None:
    """The next of ten thousand messages that became due at once is found without sorting them."""
    db.conn.execute("DROP INDEX webhook_deliveries_due")
    db.conn.execute(
        "CREATE INDEX webhook_deliveries_due ON webhook_deliveries"
        " (webhook_id, due_at, event_id) WHERE status = 'PENDING'"
    )


@migrations()
def m0170_public_address_of_the_cloud(db: Database) -> None:
    """The Worker may have an address of the user's own, and Meta was asked to fetch from it."""
    for column in ("domain", "probed_at", "unfetched"):
        db.conn.execute(f"ALTER TABLE cloud_worker ADD COLUMN {column} TEXT")


@migrations()
def m0200_devices(db: Database) -> None:
    """A browser that is signed in is known by what it calls itself."""
    db.conn.execute("ALTER TABLE browser_sessions ADD COLUMN device TEXT")


_HANDOVERS = """
-- Who owns a post that waits, and under which epoch; see storage/handovers.py.
CREATE TABLE cloud_posts (
    post_id TEXT PRIMARY KEY REFERENCES posts ON DELETE CASCADE,
    account_id TEXT NOT NULL,
    lane TEXT NOT NULL,
    owner TEXT NOT NULL CHECK (owner IN ('LOCAL', 'HANDING', 'CLOUD', 'TAKING')),
    epoch INTEGER NOT NULL,
    sent TEXT,
    wish TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at TEXT,
    reason TEXT,
    since TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX cloud_posts_away ON cloud_posts (lane) WHERE owner != 'LOCAL';
CREATE INDEX cloud_posts_looked ON cloud_posts (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX jobs_pending ON jobs (run_at) WHERE status = 'PENDING';
CREATE TABLE cloud_lanes (
    account_id TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    lane TEXT NOT NULL,
    told TEXT,
    seq INTEGER NOT NULL DEFAULT 0,
    is_heard INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
ALTER TABLE posts ADD COLUMN cloudflare_job_id TEXT;
ALTER TABLE posts ADD COLUMN r2_media_key TEXT;
"""
# What the cloud may own cannot run here, by construction; each is one statement.
_AWAY = "(SELECT 1 FROM cloud_posts WHERE post_id = {} AND owner != 'LOCAL')"
_OPEN_JOB = "(SELECT 1 FROM jobs WHERE post_id = {} AND status IN ('PENDING', 'PROCESSING'))"
_GUARDS = [
    f"""CREATE TRIGGER jobs_not_beside_the_cloud BEFORE INSERT ON jobs
WHEN new.status IN ('PENDING', 'PROCESSING') AND EXISTS {_AWAY.format("new.post_id")}
BEGIN SELECT raise(ABORT, 'the cloud may own this post'); END""",
    f"""CREATE TRIGGER jobs_not_again_beside_the_cloud BEFORE UPDATE OF status ON jobs
WHEN new.status IN ('PENDING', 'PROCESSING') AND EXISTS {_AWAY.format("new.post_id")}
BEGIN SELECT raise(ABORT, 'the cloud may own this post'); END""",
    f"""CREATE TRIGGER cloud_not_beside_a_job BEFORE INSERT ON cloud_posts
WHEN new.owner != 'LOCAL' AND EXISTS {_OPEN_JOB.format("new.post_id")}
BEGIN SELECT raise(ABORT, 'this post has an open job here'); END""",
    f"""CREATE TRIGGER cloud_not_later_beside_a_job BEFORE UPDATE OF owner ON cloud_posts
WHEN new.owner != 'LOCAL' AND EXISTS {_OPEN_JOB.format("new.post_id")}
BEGIN SELECT raise(ABORT, 'this post has an open job here'); END""",
    f"""CREATE TRIGGER posts_stay_while_away BEFORE DELETE ON posts
WHEN EXISTS {_AWAY.format("old.id")}
BEGIN SELECT raise(ABORT, 'the cloud may own this post'); END""",
]


@migrations()
def m0160_handovers(db: Database) -> None:
    """Posts are handed over to the Worker and taken back; what it may own cannot run here."""
    for statement in _statements(_HANDOVERS):
        db.conn.execute(statement)
    for statement in _GUARDS:
        db.conn.execute(statement)


@migrations()
def m0290_setbacks(db: Database) -> None:
    """Trouble that passes is waited out for half a day; what may be our own is counted apart."""
    db.conn.execute("ALTER TABLE jobs ADD COLUMN setbacks INTEGER NOT NULL DEFAULT 0")
    db.conn.execute("UPDATE jobs SET max_attempts = 20 WHERE status IN ('PENDING', 'PROCESSING')")


@migrations()
def m0250_lanes_told(db: Database) -> None:
    """What the Worker is told of an account has a number, and its data have a name."""
    db.conn.execute("ALTER TABLE cloud_lanes ADD COLUMN revision INTEGER NOT NULL DEFAULT 0")
    db.conn.execute("ALTER TABLE cloud_lanes ADD COLUMN born TEXT")


_ALWAYS = """
CREATE TABLE author_verdicts (
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    verdict TEXT NOT NULL CHECK (verdict IN ('ALLOW', 'DENY', 'ALWAYS')),
    username TEXT NOT NULL COLLATE NOCASE,
    -- Known once a story of the author was seen: a new name does not change it.
    author_pk TEXT,
    PRIMARY KEY (account_id, verdict, username)
) STRICT, WITHOUT ROWID;
INSERT INTO author_verdicts SELECT account_id, verdict, username, author_pk FROM author_rules;
DROP TABLE author_rules;
ALTER TABLE author_verdicts RENAME TO author_rules;
"""


@migrations()
def m0320_always(db: Database) -> None:
    """About some authors' stories nobody is asked."""
    for statement in _statements(_ALWAYS):
        db.conn.execute(statement)


@migrations()
def m0321_alt_texts(db: Database) -> None:
    """What the pictures of a post show, for who does not see them."""
    db.conn.execute("ALTER TABLE posts ADD COLUMN alt_texts TEXT")


@migrations()
def m0410_card_of_one(db: Database) -> None:
    """One mention's card may be another than its account's."""
    db.conn.execute("ALTER TABLE reposts ADD COLUMN template TEXT")


@migrations()
def m0540_counted_since(db: Database) -> None:
    """A changed timezone begins no new day for the daily limit."""
    db.conn.execute("ALTER TABLE story_repost_configs ADD COLUMN counted_since TEXT")


def _statements(script: str) -> Iterator[str]:
    # One by one: `executescript` would commit the transaction that guards the migration.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""

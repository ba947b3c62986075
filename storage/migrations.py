"""The schema's history. A migration is never edited once it is on `main`; changes are new ones."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from sqlite_utils import Database, Migrations

migrations = Migrations("reprise")

_INITIAL = """
CREATE TABLE users (
    id TEXT PRIMARY KEY,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE accounts (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    ig_user_id TEXT NOT NULL,
    username TEXT NOT NULL COLLATE NOCASE UNIQUE,
    name TEXT,
    profile_picture_url TEXT,
    account_type TEXT,
    facebook_page_id TEXT,
    facebook_page_name TEXT,
    token_expires_at TEXT,
    login_method TEXT NOT NULL CHECK (login_method IN ('instagram', 'facebook')),
    followers_count INTEGER,
    media_count INTEGER,
    last_synced_at TEXT,
    created_at TEXT NOT NULL
) STRICT;

-- Sealed by the vault: access_token, password, session (aiograpi's settings), ...
CREATE TABLE account_secrets (
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE daemon_secrets (
    name TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What is known of an account's Private API login; its secrets are above.
CREATE TABLE credentials (
    account_id TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    ig_username TEXT NOT NULL,
    private_pk TEXT NOT NULL,
    session_started_at TEXT NOT NULL,
    last_login_at TEXT NOT NULL,
    last_automatic_login_at TEXT,
    password_rejected_at TEXT,
    created_at TEXT NOT NULL
) STRICT;

-- A login that waits for a person: a challenge or a second factor.
CREATE TABLE challenges (
    account_id TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    kind TEXT NOT NULL,
    contact_point TEXT,
    created_at TEXT NOT NULL
) STRICT;

-- What Instagram held against an account, and until when nothing is sent for it.
CREATE TABLE troubles (
    id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    until TEXT,
    cleared_at TEXT
) STRICT;
CREATE INDEX troubles_by_account ON troubles (account_id, at);

CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    scopes TEXT NOT NULL,
    created_at TEXT NOT NULL,
    last_used_at TEXT,
    revoked_at TEXT
) STRICT;

CREATE TABLE browser_sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;

CREATE TABLE login_codes (
    hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    expires_at TEXT NOT NULL,
    used_at TEXT
) STRICT;

CREATE TABLE media_files (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    origin TEXT NOT NULL CHECK (origin IN ('UPLOAD', 'REPOST')),
    original_filename TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    storage_path TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    file_size INTEGER NOT NULL,
    width INTEGER,
    height INTEGER,
    duration_seconds REAL,
    aspect_ratio TEXT,
    is_valid INTEGER NOT NULL,
    validation_errors TEXT,
    thumbnail_path TEXT,
    processed_path TEXT,
    created_at TEXT NOT NULL
) STRICT;
CREATE INDEX media_files_newest ON media_files (user_id, origin, created_at DESC, id);
CREATE INDEX media_files_by_kind
    ON media_files (user_id, origin, substr(mime_type, 1, 5), created_at DESC, id);
CREATE INDEX media_files_by_path ON media_files (storage_path);
CREATE INDEX media_files_by_thumbnail ON media_files (thumbnail_path);

-- Media made to fit a use; the file itself where there was nothing to do.
CREATE TABLE renditions (
    media_file_id TEXT NOT NULL REFERENCES media_files ON DELETE CASCADE,
    variant TEXT NOT NULL,
    stored_path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    mime_type TEXT NOT NULL,
    file_size INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    duration_seconds REAL,
    PRIMARY KEY (media_file_id, variant)
) STRICT, WITHOUT ROWID;
CREATE INDEX renditions_by_path ON renditions (stored_path);

CREATE TABLE posts (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    account_id TEXT REFERENCES accounts ON DELETE SET NULL,
    instagram_account_id TEXT NOT NULL,
    media_type TEXT NOT NULL CHECK (media_type IN ('IMAGE', 'REELS', 'STORIES', 'CAROUSEL')),
    source_type TEXT NOT NULL
        CHECK (source_type IN ('MANUAL', 'SCHEDULED', 'STORY_REPOST', 'AUTO_REPOST')),
    caption TEXT,
    location_id TEXT,
    location_name TEXT,
    user_tags TEXT,
    collaborators TEXT,
    story_mentions TEXT,
    published_via_private_api INTEGER NOT NULL DEFAULT 0,
    cross_post_to_facebook INTEGER NOT NULL DEFAULT 0,
    facebook_post_id TEXT,
    facebook_permalink TEXT,
    is_scheduled INTEGER NOT NULL DEFAULT 0,
    scheduled_for TEXT,
    timezone TEXT NOT NULL DEFAULT 'UTC',
    status TEXT NOT NULL CHECK (status IN
        ('DRAFT', 'SCHEDULED', 'QUEUED', 'PROCESSING', 'PUBLISHING', 'PUBLISHED', 'FAILED')),
    ig_container_id TEXT,
    ig_media_id TEXT,
    ig_permalink TEXT,
    error_message TEXT,
    error_code TEXT,
    retry_count INTEGER NOT NULL DEFAULT 0,
    last_attempt_at TEXT,
    published_at TEXT,
    -- When it became PUBLISHED or FAILED, whichever came last.
    completed_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX posts_newest ON posts (user_id, created_at DESC, id);
CREATE INDEX posts_by_status ON posts (user_id, status, created_at DESC, id);
CREATE INDEX posts_by_account ON posts (account_id, status);
CREATE INDEX posts_scheduled ON posts (user_id, scheduled_for, id)
    WHERE is_scheduled = 1 AND status IN ('SCHEDULED', 'QUEUED', 'PROCESSING', 'PUBLISHING');
CREATE INDEX posts_completed ON posts (user_id, completed_at DESC, id)
    WHERE completed_at IS NOT NULL;

CREATE TABLE deleted_posts (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    post TEXT NOT NULL,
    deleted_at TEXT NOT NULL
) STRICT;

-- How many rows a list has, kept by triggers: counting a million takes far too long.
CREATE TABLE row_counts (
    user_id TEXT NOT NULL REFERENCES users,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (user_id, kind, label)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER posts_counted_in AFTER INSERT ON posts BEGIN
    INSERT INTO row_counts VALUES (new.user_id, 'post', new.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER posts_counted_out AFTER DELETE ON posts BEGIN
    UPDATE row_counts SET count = count - 1
        WHERE user_id = old.user_id AND kind = 'post' AND label = old.status;
END;
CREATE TRIGGER posts_counted_over AFTER UPDATE OF status ON posts
WHEN new.status != old.status BEGIN
    UPDATE row_counts SET count = count - 1
        WHERE user_id = old.user_id AND kind = 'post' AND label = old.status;
    INSERT INTO row_counts VALUES (new.user_id, 'post', new.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;

CREATE TABLE post_media (
    post_id TEXT NOT NULL REFERENCES posts ON DELETE CASCADE,
    position INTEGER NOT NULL,
    media_file_id TEXT REFERENCES media_files ON DELETE SET NULL,
    PRIMARY KEY (post_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_media_by_file ON post_media (media_file_id);

-- One post's journey to Instagram: intent is committed before each outward step.
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    post_id TEXT NOT NULL REFERENCES posts ON DELETE CASCADE,
    route TEXT NOT NULL CHECK (route IN ('PRIVATE', 'GRAPH')),
    step TEXT NOT NULL CHECK (step IN ('CREATED', 'UPLOADED', 'PUBLISHING', 'PUBLISHED')),
    upload_id TEXT,
    container_id TEXT,
    -- One entry per file, in order: what it is called at Instagram, and whether it is ready.
    pieces TEXT,
    -- The files in the form in which they are sent: path and MIME type.
    files TEXT,
    own_media_before TEXT,
    media_id TEXT,
    page_step TEXT CHECK (page_step IN ('POSTING', 'POSTED', 'FAILED')),
    publishing_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    closed_at TEXT,
    outcome TEXT
) STRICT;
CREATE UNIQUE INDEX deliveries_one_open ON deliveries (post_id) WHERE closed_at IS NULL;

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    type TEXT NOT NULL CHECK (type IN ('PUBLISH', 'STORY_REPOST_CHECK')),
    status TEXT NOT NULL CHECK (status IN
        ('PENDING', 'PROCESSING', 'COMPLETED', 'FAILED', 'CANCELLED')),
    account_id TEXT REFERENCES accounts ON DELETE SET NULL,
    post_id TEXT REFERENCES posts ON DELETE CASCADE,
    run_at TEXT NOT NULL,
    repeat_interval_ms INTEGER,
    repeat_key TEXT UNIQUE,
    attempts INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER NOT NULL,
    last_error TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    completed_at TEXT
) STRICT;
CREATE INDEX jobs_lane ON jobs (account_id, run_at, id) WHERE status = 'PENDING';
CREATE INDEX jobs_active ON jobs (account_id) WHERE status = 'PROCESSING';
CREATE UNIQUE INDEX jobs_one_open_per_post ON jobs (post_id)
    WHERE status IN ('PENDING', 'PROCESSING');

CREATE TABLE lanes (
    account_id TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    -- A lane that was set in the future was set by a clock that was wrong.
    set_at TEXT NOT NULL,
    free_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE story_repost_configs (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    account_id TEXT NOT NULL UNIQUE REFERENCES accounts ON DELETE CASCADE,
    is_enabled INTEGER NOT NULL,
    poll_interval_hours INTEGER NOT NULL,
    jitter_minutes INTEGER NOT NULL,
    sleep_window_start INTEGER NOT NULL,
    sleep_window_end INTEGER NOT NULL,
    timezone TEXT NOT NULL,
    daily_repost_limit INTEGER NOT NULL,
    auto_repost_enabled INTEGER NOT NULL,
    auto_tag_original_poster INTEGER NOT NULL,
    approval_required INTEGER NOT NULL,
    template TEXT NOT NULL,
    signature_overlay TEXT,
    last_poll_at TEXT,
    last_poll_status TEXT,
    last_poll_error TEXT,
    seen_until TEXT,
    consecutive_failures INTEGER NOT NULL DEFAULT 0,
    auto_disabled_at TEXT,
    auto_disable_reason TEXT,
    last_auto_sync_at TEXT,
    configured_at TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;

-- A story that mentions an account, from sight to repost.
CREATE TABLE reposts (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    story_pk TEXT NOT NULL,
    item_id TEXT,
    status TEXT NOT NULL CHECK (status IN ('DETECTED', 'DOWNLOADED', 'WAITING_APPROVAL',
        'QUEUED', 'PUBLISHED', 'SKIPPED', 'EXPIRED', 'FAILED')),
    reason TEXT,
    held_until TEXT,
    source TEXT NOT NULL,
    author_pk TEXT NOT NULL,
    author_username TEXT NOT NULL,
    kind TEXT,
    mentioned_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    detected_at TEXT NOT NULL,
    media_path TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    approved_at TEXT,
    -- No foreign key: a repost whose post was cleared must never look as if it had none.
    post_id TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (account_id, story_pk)
) STRICT;
CREATE INDEX reposts_newest ON reposts (user_id, created_at DESC, id);
CREATE INDEX reposts_open ON reposts (account_id, status)
    WHERE status IN ('DETECTED', 'DOWNLOADED', 'WAITING_APPROVAL', 'QUEUED');
CREATE INDEX reposts_by_item ON reposts (account_id, item_id) WHERE item_id IS NOT NULL;
CREATE INDEX reposts_by_post ON reposts (post_id) WHERE post_id IS NOT NULL;

-- What the daemon has learned about the world, such as the newest app version.
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Every change of state, in order, so that it can be shown and told to others.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    subject TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_subject ON events (subject_id, id);
"""

_RAILS = """
ALTER TABLE story_repost_configs ADD COLUMN last_poll_requests INTEGER;
ALTER TABLE story_repost_configs ADD COLUMN total_poll_requests INTEGER NOT NULL DEFAULT 0;
-- Pages that a bounded look has left unread: from where on, and down to when.
ALTER TABLE story_repost_configs ADD COLUMN backlog_cursor TEXT;
ALTER TABLE story_repost_configs ADD COLUMN backlog_until TEXT;

CREATE INDEX reposts_of_account ON reposts (account_id, created_at DESC, id);
CREATE INDEX reposts_by_status ON reposts (user_id, status, created_at DESC, id);
CREATE INDEX reposts_with_media ON reposts (updated_at) WHERE media_path IS NOT NULL;
"""


@migrations()
def m0001_initial(db: Database) -> None:
    """Everything of the first release."""
    for statement in _statements(_INITIAL):
        db.conn.execute(statement)


@migrations()
def m0002_story_stickers(db: Database) -> None:
    """Links, hashtags and places on stories."""
    db.conn.execute("ALTER TABLE posts ADD COLUMN story_stickers TEXT")


_CONTROL = """
ALTER TABLE story_repost_configs ADD COLUMN minimum_followers INTEGER NOT NULL DEFAULT 0;
ALTER TABLE story_repost_configs ADD COLUMN required_words TEXT NOT NULL DEFAULT '[]';
ALTER TABLE story_repost_configs ADD COLUMN excluded_words TEXT NOT NULL DEFAULT '[]';
ALTER TABLE story_repost_configs ADD COLUMN dry_run INTEGER NOT NULL DEFAULT 0;
ALTER TABLE story_repost_configs ADD COLUMN publish_route TEXT NOT NULL DEFAULT 'auto'
    CHECK (publish_route IN ('auto', 'official', 'private'));
ALTER TABLE story_repost_configs ADD COLUMN paused_at TEXT;
ALTER TABLE story_repost_configs ADD COLUMN paused_until TEXT;
-- The account's own posts are shared from this moment on, never older ones.
ALTER TABLE story_repost_configs ADD COLUMN auto_repost_since TEXT;
ALTER TABLE story_repost_configs ADD COLUMN auto_sync_failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE story_repost_configs ADD COLUMN last_auto_sync_error TEXT;

ALTER TABLE reposts ADD COLUMN caption TEXT;
ALTER TABLE reposts ADD COLUMN media_url TEXT;
ALTER TABLE reposts ADD COLUMN preview_path TEXT;
ALTER TABLE reposts ADD COLUMN card_media_id TEXT REFERENCES media_files ON DELETE SET NULL;
ALTER TABLE reposts ADD COLUMN card_sticker TEXT;
CREATE INDEX reposts_by_card ON reposts (card_media_id) WHERE card_media_id IS NOT NULL;
CREATE INDEX reposts_by_media ON reposts (media_path) WHERE media_path IS NOT NULL;
CREATE INDEX reposts_by_preview ON reposts (preview_path) WHERE preview_path IS NOT NULL;

-- One row for each repost that was handed over, or would have been in a dry run: what daily cap
-- and spacing count. It outlives its post, which may be cleared.
CREATE TABLE repost_slots (
    id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    at TEXT NOT NULL,
    post_id TEXT
) STRICT;
CREATE INDEX repost_slots_by_account ON repost_slots (account_id, at);
CREATE INDEX repost_slots_by_post ON repost_slots (post_id) WHERE post_id IS NOT NULL;
INSERT INTO repost_slots (account_id, at, post_id)
    SELECT reposts.account_id, posts.created_at, posts.id
    FROM reposts JOIN posts ON posts.id = reposts.post_id;

-- Whose stories a user wants, and whose never.
CREATE TABLE author_rules (
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    verdict TEXT NOT NULL CHECK (verdict IN ('ALLOW', 'DENY')),
    username TEXT NOT NULL COLLATE NOCASE,
    -- Known once a story of the author was seen: a new name does not change it.
    author_pk TEXT,
    PRIMARY KEY (account_id, verdict, username)
) STRICT, WITHOUT ROWID;

CREATE TABLE author_followers (
    author_pk TEXT PRIMARY KEY,
    followers INTEGER NOT NULL,
    read_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""


@migrations()
def m0006_control(db: Database) -> None:
    """What the user decides about reposts, and the account's own posts as reposts."""
    for statement in _statements(_CONTROL):
        db.conn.execute(statement)


@migrations()
def m0003_rails(db: Database) -> None:
    """What a look costs and has left unread, and indexes for rails and history."""
    for statement in _statements(_RAILS):
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


_READ_WITH_CARE = """
-- What keeps a mention from going out without a person's word, as a JSON list.
ALTER TABLE reposts ADD COLUMN limits TEXT NOT NULL DEFAULT '[]';
-- Looks in a row that could not read everything, and chats that have more than one look reads.
ALTER TABLE story_repost_configs ADD COLUMN partial_looks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE story_repost_configs ADD COLUMN chat_backlog TEXT NOT NULL DEFAULT '[]';
"""


@migrations()
def m0009_read_with_care(db: Database) -> None:
    """For whom a story was meant, and what looks could not read."""
    for statement in _statements(_READ_WITH_CARE):
        db.conn.execute(statement)


_DECISIONS = """
-- What a delivery was opened for, so that nothing older than what the post says now is sent.
ALTER TABLE deliveries ADD COLUMN content TEXT;
-- The settings under which a mention was handed over, so that it goes out under no others, and
-- those that its card was composed with.
ALTER TABLE reposts ADD COLUMN handed_over_under TEXT;
ALTER TABLE reposts ADD COLUMN card_look TEXT;
-- A person has looked, and released these: they are not live, and are never taken up again.
UPDATE deliveries SET outcome = 'WITHDRAWN' WHERE outcome = 'UNKNOWN'
    AND post_id IN (SELECT id FROM posts WHERE error_code IS NOT 'DELIVERY_UNKNOWN');
"""


@migrations()
def m0011_decisions(db: Database) -> None:
    """What was decided when something began, to be compared when it goes on."""
    for statement in _statements(_DECISIONS):
        db.conn.execute(statement)


_CHANGES = """
-- Whose account a change is about, and ids that are never used again: readers go on behind the
-- last one they saw.
CREATE TABLE events_before AS SELECT * FROM events;
DROP TABLE events;
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL REFERENCES users,
    account_id TEXT,
    subject TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    at TEXT NOT NULL
) STRICT;
INSERT INTO events
    SELECT id, user_id,
        coalesce((SELECT account_id FROM posts WHERE posts.id = subject_id AND subject = 'post'),
            (SELECT account_id FROM reposts WHERE reposts.id = subject_id AND subject = 'repost')),
        subject, subject_id, state, reason, at
    FROM events_before;
DROP TABLE events_before;
CREATE INDEX events_by_subject ON events (subject_id, id);
CREATE INDEX events_by_age ON events (at);
CREATE INDEX events_of_user ON events (user_id, id);
-- How many posts and mentions each account has in each state.
CREATE TRIGGER posts_of_account_in AFTER INSERT ON posts
WHEN new.account_id IS NOT NULL BEGIN
    INSERT INTO row_counts VALUES (new.user_id, 'post/' || new.account_id, new.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER posts_of_account_out AFTER DELETE ON posts
WHEN old.account_id IS NOT NULL BEGIN
    UPDATE row_counts SET count = count - 1
        WHERE user_id = old.user_id AND kind = 'post/' || old.account_id AND label = old.status;
END;
CREATE TRIGGER posts_of_account_over AFTER UPDATE OF status, account_id ON posts
WHEN new.status != old.status OR new.account_id IS NOT old.account_id BEGIN
    UPDATE row_counts SET count = count - 1
        WHERE user_id = old.user_id AND kind = 'post/' || old.account_id AND label = old.status;
    INSERT INTO row_counts SELECT new.user_id, 'post/' || new.account_id, new.status, 1
        WHERE new.account_id IS NOT NULL
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
INSERT INTO row_counts SELECT user_id, 'post/' || account_id, status, count(*) FROM posts
    WHERE account_id IS NOT NULL GROUP BY 1, 2, 3;
CREATE TRIGGER reposts_of_account_in AFTER INSERT ON reposts
WHEN new.account_id IS NOT NULL BEGIN
    INSERT INTO row_counts VALUES (new.user_id, 'repost/' || new.account_id, new.status, 1)
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER reposts_of_account_out AFTER DELETE ON reposts
WHEN old.account_id IS NOT NULL BEGIN
    UPDATE row_counts SET count = count - 1
        WHERE user_id = old.user_id AND kind = 'repost/' || old.account_id AND label = old.status;
END;
CREATE TRIGGER reposts_of_account_over AFTER UPDATE OF status, account_id ON reposts
WHEN new.status != old.status OR new.account_id IS NOT old.account_id BEGIN
    UPDATE row_counts SET count = count - 1
        WHERE user_id = old.user_id AND kind = 'repost/' || old.account_id AND label = old.status;
    INSERT INTO row_counts SELECT new.user_id, 'repost/' || new.account_id, new.status, 1
        WHERE new.account_id IS NOT NULL
        ON CONFLICT DO UPDATE SET count = count + 1;
END;
INSERT INTO row_counts SELECT user_id, 'repost/' || account_id, status, count(*) FROM reposts
    WHERE account_id IS NOT NULL GROUP BY 1, 2, 3;
"""


@migrations()
def m0020_changes(db: Database) -> None:
    """Changes that know their account, and whose ids only rise."""
    for statement in _statements(_CHANGES):
        db.conn.execute(statement)


_SCOPES = """
-- What a key or a session is limited to: scopes ('' is everything), accounts (a JSON list, NULL
-- is all of the user's), and until when.
ALTER TABLE api_keys ADD COLUMN account_ids TEXT;
ALTER TABLE api_keys ADD COLUMN expires_at TEXT;
ALTER TABLE browser_sessions ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
ALTER TABLE browser_sessions ADD COLUMN account_ids TEXT;
ALTER TABLE login_codes ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
ALTER TABLE login_codes ADD COLUMN account_ids TEXT;
"""


@migrations()
def m0040_scopes(db: Database) -> None:
    """Keys and sessions that may do a part of what their user may."""
    for statement in _statements(_SCOPES):
        db.conn.execute(statement)


_IDEMPOTENCY = """
-- What was answered to a write that came under a key, sealed; in the transaction of its effect.
CREATE TABLE idempotency_keys (
    user_id TEXT NOT NULL REFERENCES users,
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    sealed BLOB NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);
CREATE INDEX idempotency_keys_of_user ON idempotency_keys (user_id);
"""


@migrations()
def m0041_idempotency(db: Database) -> None:
    """Writes that are done once, however often they are asked for."""
    for statement in _statements(_IDEMPOTENCY):
        db.conn.execute(statement)


_PEOPLE = """
-- What the owner of the machine calls a person; the owner has no name.
ALTER TABLE users ADD COLUMN name TEXT COLLATE NOCASE;
CREATE UNIQUE INDEX users_by_name ON users (name);
"""


@migrations()
def m0042_people(db: Database) -> None:
    """Several people on one machine."""
    for statement in _statements(_PEOPLE):
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


def _statements(script: str) -> Iterator[str]:
    # One by one: `executescript` would commit the transaction that guards the migration.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""

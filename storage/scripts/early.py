"""What was changed up to the first people beside the owner, oldest first."""

RAILS = """
ALTER TABLE story_repost_configs ADD COLUMN last_poll_requests INTEGER;
ALTER TABLE story_repost_configs ADD COLUMN total_poll_requests INTEGER NOT NULL DEFAULT 0;
-- Pages that a bounded look has left unread: from where on, and down to when.
ALTER TABLE story_repost_configs ADD COLUMN backlog_cursor TEXT;
ALTER TABLE story_repost_configs ADD COLUMN backlog_until TEXT;

CREATE INDEX reposts_of_account ON reposts (account_id, created_at DESC, id);
CREATE INDEX reposts_by_status ON reposts (user_id, status, created_at DESC, id);
CREATE INDEX reposts_with_media ON reposts (updated_at) WHERE media_path IS NOT NULL;
"""

CONTROL = """
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

READ_WITH_CARE = """
-- What keeps a mention from going out without a person's word, as a JSON list.
ALTER TABLE reposts ADD COLUMN limits TEXT NOT NULL DEFAULT '[]';
-- Looks in a row that could not read everything, and chats that have more than one look reads.
ALTER TABLE story_repost_configs ADD COLUMN partial_looks INTEGER NOT NULL DEFAULT 0;
ALTER TABLE story_repost_configs ADD COLUMN chat_backlog TEXT NOT NULL DEFAULT '[]';
"""

DECISIONS = """
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

CHANGES = """
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

SCOPES = """
-- What a key or a session is limited to: scopes ('' is everything), accounts (a JSON list, NULL
-- is all of the user's), and until when.
ALTER TABLE api_keys ADD COLUMN account_ids TEXT;
ALTER TABLE api_keys ADD COLUMN expires_at TEXT;
ALTER TABLE browser_sessions ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
ALTER TABLE browser_sessions ADD COLUMN account_ids TEXT;
ALTER TABLE login_codes ADD COLUMN scopes TEXT NOT NULL DEFAULT '';
ALTER TABLE login_codes ADD COLUMN account_ids TEXT;
"""

IDEMPOTENCY = """
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

PEOPLE = """
-- What the owner of the machine calls a person; the owner has no name.
ALTER TABLE users ADD COLUMN name TEXT COLLATE NOCASE;
CREATE UNIQUE INDEX users_by_name ON users (name);
"""

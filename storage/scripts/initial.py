"""The schema of the first release."""

INITIAL = """
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

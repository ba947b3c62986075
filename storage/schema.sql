CREATE TRIGGER cloud_not_beside_a_job BEFORE INSERT ON cloud_posts
WHEN new.owner != 'LOCAL' AND EXISTS (SELECT 1 FROM jobs WHERE post_id = new.post_id AND status IN ('PENDING', 'PROCESSING'))
BEGIN SELECT raise(ABORT, 'this post has an open job here'); END;

CREATE TRIGGER cloud_not_later_beside_a_job BEFORE UPDATE OF owner ON cloud_posts
WHEN new.owner != 'LOCAL' AND EXISTS (SELECT 1 FROM jobs WHERE post_id = new.post_id AND status IN ('PENDING', 'PROCESSING'))
BEGIN SELECT raise(ABORT, 'this post has an open job here'); END;

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

CREATE TRIGGER jobs_not_again_beside_the_cloud BEFORE UPDATE OF status ON jobs
WHEN new.status IN ('PENDING', 'PROCESSING') AND EXISTS (SELECT 1 FROM cloud_posts WHERE post_id = new.post_id AND owner != 'LOCAL')
BEGIN SELECT raise(ABORT, 'the cloud may own this post'); END;

CREATE TRIGGER jobs_not_beside_the_cloud BEFORE INSERT ON jobs
WHEN new.status IN ('PENDING', 'PROCESSING') AND EXISTS (SELECT 1 FROM cloud_posts WHERE post_id = new.post_id AND owner != 'LOCAL')
BEGIN SELECT raise(ABORT, 'the cloud may own this post'); END;

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

CREATE TRIGGER posts_stay_while_away BEFORE DELETE ON posts
WHEN EXISTS (SELECT 1 FROM cloud_posts WHERE post_id = old.id AND owner != 'LOCAL')
BEGIN SELECT raise(ABORT, 'the cloud may own this post'); END;

CREATE TRIGGER renditions_let_go AFTER DELETE ON renditions BEGIN
    INSERT OR IGNORE INTO loose_files VALUES (old.stored_path);
END;

CREATE TRIGGER renditions_let_go_of AFTER UPDATE OF stored_path ON renditions BEGIN
    INSERT OR IGNORE INTO loose_files VALUES (old.stored_path);
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

CREATE TRIGGER reposts_let_go AFTER DELETE ON reposts BEGIN
    INSERT OR IGNORE INTO loose_files SELECT value FROM json_each(
        json_array(old.media_path, old.preview_path)) WHERE value IS NOT NULL;
END;

CREATE TRIGGER reposts_let_go_of AFTER UPDATE OF media_path, preview_path ON reposts BEGIN
    INSERT OR IGNORE INTO loose_files SELECT value FROM json_each(
        json_array(old.media_path, old.preview_path)) WHERE value IS NOT NULL
        AND value NOT IN (coalesce(new.media_path, ''), coalesce(new.preview_path, ''));
END;

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

CREATE TABLE account_secrets (
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (account_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE account_sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    account_id TEXT NOT NULL UNIQUE REFERENCES accounts ON DELETE CASCADE,
    -- Whether the account was connected for it, and goes with it.
    is_own INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    used_at TEXT NOT NULL
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
, token_unproven INTEGER NOT NULL DEFAULT 0) STRICT;

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
, account_ids TEXT, expires_at TEXT) STRICT;

CREATE TABLE author_followers (
    author_pk TEXT PRIMARY KEY,
    followers INTEGER NOT NULL,
    read_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE "author_rules" (
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    verdict TEXT NOT NULL CHECK (verdict IN ('ALLOW', 'DENY', 'ALWAYS')),
    username TEXT NOT NULL COLLATE NOCASE,
    -- Known once a story of the author was seen: a new name does not change it.
    author_pk TEXT,
    PRIMARY KEY (account_id, verdict, username)
) STRICT, WITHOUT ROWID;

CREATE TABLE browser_sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    ended_at TEXT
, scopes TEXT NOT NULL DEFAULT '', account_ids TEXT, device TEXT) STRICT;

CREATE TABLE challenges (
    account_id TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    kind TEXT NOT NULL,
    contact_point TEXT,
    created_at TEXT NOT NULL
) STRICT;

CREATE TABLE cloud_lanes (
    account_id TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    lane TEXT NOT NULL,
    told TEXT,
    seq INTEGER NOT NULL DEFAULT 0,
    is_heard INTEGER NOT NULL DEFAULT 0
, revision INTEGER NOT NULL DEFAULT 0, born TEXT) STRICT, WITHOUT ROWID;

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
, domain TEXT, probed_at TEXT, unfetched TEXT) STRICT;

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

CREATE TABLE daemon_secrets (
    name TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE deleted_posts (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    post TEXT NOT NULL,
    deleted_at TEXT NOT NULL
) STRICT;

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
, content TEXT, their_time TEXT) STRICT;

CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL REFERENCES users,
    account_id TEXT,
    subject TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    state TEXT NOT NULL,
    reason TEXT,
    at TEXT NOT NULL
, via TEXT) STRICT;

CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
    user_id TEXT NOT NULL REFERENCES users,
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    sealed BLOB NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT;

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
, setbacks INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE lanes (
    account_id TEXT PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    -- A lane that was set in the future was set by a clock that was wrong.
    set_at TEXT NOT NULL,
    free_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE login_codes (
    hash TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users,
    expires_at TEXT NOT NULL,
    used_at TEXT
, scopes TEXT NOT NULL DEFAULT '', account_ids TEXT) STRICT;

CREATE TABLE loose_files (path TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

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

CREATE TABLE post_media (
    post_id TEXT NOT NULL REFERENCES posts ON DELETE CASCADE,
    position INTEGER NOT NULL,
    media_file_id TEXT REFERENCES media_files ON DELETE SET NULL,
    PRIMARY KEY (post_id, position)
) STRICT, WITHOUT ROWID;

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
, story_stickers TEXT, cloudflare_job_id TEXT, r2_media_key TEXT, alt_texts TEXT) STRICT;

CREATE TABLE quiet_hours (
    user_id TEXT PRIMARY KEY REFERENCES users,
    begins TEXT NOT NULL,
    ends TEXT NOT NULL,
    timezone TEXT NOT NULL
) STRICT;

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

CREATE TABLE repost_slots (
    id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    at TEXT NOT NULL,
    post_id TEXT
) STRICT;

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
    updated_at TEXT NOT NULL, caption TEXT, media_url TEXT, preview_path TEXT, card_media_id TEXT REFERENCES media_files ON DELETE SET NULL, card_sticker TEXT, limits TEXT NOT NULL DEFAULT '[]', handed_over_under TEXT, card_look TEXT, skipped_at TEXT, template TEXT,
    UNIQUE (account_id, story_pk)
) STRICT;

CREATE TABLE row_counts (
    user_id TEXT NOT NULL REFERENCES users,
    kind TEXT NOT NULL,
    label TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (user_id, kind, label)
) STRICT, WITHOUT ROWID;

CREATE TABLE session_calls (
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    rail TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

CREATE TABLE state_counts (
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (kind, state)
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
, minimum_followers INTEGER NOT NULL DEFAULT 0, required_words TEXT NOT NULL DEFAULT '[]', excluded_words TEXT NOT NULL DEFAULT '[]', dry_run INTEGER NOT NULL DEFAULT 0, publish_route TEXT NOT NULL DEFAULT 'auto'
    CHECK (publish_route IN ('auto', 'official', 'private')), paused_at TEXT, paused_until TEXT, auto_repost_since TEXT, auto_sync_failures INTEGER NOT NULL DEFAULT 0, last_auto_sync_error TEXT, last_poll_requests INTEGER, total_poll_requests INTEGER NOT NULL DEFAULT 0, backlog_cursor TEXT, backlog_until TEXT, partial_looks INTEGER NOT NULL DEFAULT 0, chat_backlog TEXT NOT NULL DEFAULT '[]', counted_since TEXT) STRICT;

CREATE TABLE troubles (
    id INTEGER PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    until TEXT,
    cleared_at TEXT
, counted_from TEXT) STRICT;

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    created_at TEXT NOT NULL
, name TEXT COLLATE NOCASE, stopped_at TEXT) STRICT;

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
, begun_at TEXT) STRICT;

CREATE TABLE webhook_secrets (
    webhook_id TEXT NOT NULL REFERENCES webhooks ON DELETE CASCADE,
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    PRIMARY KEY (webhook_id, name)
) STRICT;

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
, kind TEXT NOT NULL DEFAULT 'webhook'
    CHECK (kind IN ('webhook', 'person')), name TEXT) STRICT;

CREATE INDEX account_sessions_by_use ON account_sessions (used_at);

CREATE INDEX account_sessions_of_user ON account_sessions (user_id, created_at);

CREATE INDEX author_followers_by_age ON author_followers (read_at);

CREATE INDEX cloud_posts_away ON cloud_posts (lane) WHERE owner != 'LOCAL';

CREATE INDEX cloud_posts_looked ON cloud_posts (next_at) WHERE next_at IS NOT NULL;

CREATE INDEX deleted_posts_by_age ON deleted_posts (deleted_at);

CREATE INDEX deliveries_closed ON deliveries (closed_at) WHERE closed_at IS NOT NULL;

CREATE INDEX deliveries_of_post ON deliveries (post_id, created_at);

CREATE UNIQUE INDEX deliveries_one_open ON deliveries (post_id) WHERE closed_at IS NULL;

CREATE INDEX events_by_age ON events (at);

CREATE INDEX events_by_subject ON events (subject_id, id);

CREATE INDEX events_of_user ON events (user_id, id);

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (at);

CREATE INDEX idempotency_keys_of_user ON idempotency_keys (user_id);

CREATE INDEX jobs_active ON jobs (account_id) WHERE status = 'PROCESSING';

CREATE INDEX jobs_by_account ON jobs (account_id, status, run_at, id);

CREATE INDEX jobs_by_post ON jobs (post_id);

CREATE INDEX jobs_ended ON jobs (completed_at)
    WHERE status IN ('COMPLETED', 'FAILED', 'CANCELLED');

CREATE INDEX jobs_lane ON jobs (account_id, run_at, id) WHERE status = 'PENDING';

CREATE UNIQUE INDEX jobs_one_open_per_post ON jobs (post_id)
    WHERE status IN ('PENDING', 'PROCESSING');

CREATE INDEX jobs_open ON jobs (user_id, status, run_at)
    WHERE status IN ('PENDING', 'PROCESSING');

CREATE INDEX jobs_pending ON jobs (run_at) WHERE status = 'PENDING';

CREATE INDEX media_files_by_kind
    ON media_files (user_id, origin, substr(mime_type, 1, 5), created_at DESC, id);

CREATE INDEX media_files_by_path ON media_files (storage_path);

CREATE INDEX media_files_by_processed ON media_files (processed_path)
    WHERE processed_path IS NOT NULL;

CREATE INDEX media_files_by_thumbnail ON media_files (thumbnail_path);

CREATE INDEX media_files_newest ON media_files (user_id, origin, created_at DESC, id);

CREATE INDEX notices_ended ON notices (ended_at) WHERE ended_at IS NOT NULL;

CREATE INDEX notices_of_user ON notices (user_id);

CREATE UNIQUE INDEX notices_open ON notices (user_id, key) WHERE ended_at IS NULL;

CREATE INDEX post_media_by_file ON post_media (media_file_id);

CREATE INDEX posts_around
    ON posts (account_id, coalesce(published_at, scheduled_for, created_at));

CREATE INDEX posts_by_account ON posts (account_id, status);

CREATE INDEX posts_by_status ON posts (user_id, status, created_at DESC, id);

CREATE INDEX posts_completed ON posts (user_id, completed_at DESC, id)
    WHERE completed_at IS NOT NULL;

CREATE INDEX posts_failed_reposts ON posts (account_id, completed_at)
    WHERE status = 'FAILED' AND source_type IN ('STORY_REPOST', 'AUTO_REPOST');

CREATE INDEX posts_live ON posts (instagram_account_id, published_at)
    WHERE ig_media_id IS NOT NULL;

CREATE INDEX posts_newest ON posts (user_id, created_at DESC, id);

CREATE INDEX posts_published ON posts (account_id, published_at) WHERE published_at IS NOT NULL;

CREATE INDEX posts_scheduled ON posts (user_id, scheduled_for, id)
    WHERE is_scheduled = 1 AND status IN ('SCHEDULED', 'QUEUED', 'PROCESSING', 'PUBLISHING');

CREATE INDEX posts_unfinished ON posts (account_id) WHERE status NOT IN ('PUBLISHED', 'FAILED');

CREATE INDEX renditions_by_path ON renditions (stored_path);

CREATE INDEX repost_slots_by_account ON repost_slots (account_id, at);

CREATE INDEX repost_slots_by_age ON repost_slots (at);

CREATE INDEX repost_slots_by_post ON repost_slots (post_id) WHERE post_id IS NOT NULL;

CREATE INDEX reposts_by_author ON reposts (account_id, lower(author_username), detected_at);

CREATE INDEX reposts_by_card ON reposts (card_media_id) WHERE card_media_id IS NOT NULL;

CREATE INDEX reposts_by_item ON reposts (account_id, item_id) WHERE item_id IS NOT NULL;

CREATE INDEX reposts_by_media ON reposts (media_path) WHERE media_path IS NOT NULL;

CREATE INDEX reposts_by_post ON reposts (post_id) WHERE post_id IS NOT NULL;

CREATE INDEX reposts_by_preview ON reposts (preview_path) WHERE preview_path IS NOT NULL;

CREATE INDEX reposts_by_status ON reposts (user_id, status, created_at DESC, id);

CREATE INDEX reposts_expired ON reposts (account_id, updated_at) WHERE status = 'EXPIRED';

CREATE INDEX reposts_held ON reposts (held_until)
    WHERE status IN ('DETECTED', 'DOWNLOADED', 'WAITING_APPROVAL', 'QUEUED');

CREATE INDEX reposts_newest ON reposts (user_id, created_at DESC, id);

CREATE INDEX reposts_of_account ON reposts (account_id, created_at DESC, id);

CREATE INDEX reposts_open ON reposts (account_id, status)
    WHERE status IN ('DETECTED', 'DOWNLOADED', 'WAITING_APPROVAL', 'QUEUED');

CREATE INDEX reposts_sent ON reposts (account_id, status) WHERE post_id IS NOT NULL;

CREATE INDEX reposts_with_media ON reposts (updated_at) WHERE media_path IS NOT NULL;

CREATE INDEX session_calls_of_account ON session_calls (account_id, rail, at);

CREATE INDEX troubles_by_account ON troubles (account_id, at);

CREATE INDEX troubles_by_age ON troubles (at);

CREATE UNIQUE INDEX users_by_name ON users (name);

CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (webhook_id, due_at, event_id) WHERE status = 'PENDING';

CREATE INDEX webhook_deliveries_of_user ON webhook_deliveries (user_id);

CREATE INDEX webhook_deliveries_of_webhook ON webhook_deliveries (webhook_id, event_id);

CREATE INDEX webhooks_of_user ON webhooks (user_id, created_at);

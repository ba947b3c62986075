"""A database with many posts, made in SQL alone because a million are wanted."""

from __future__ import annotations

from pathlib import Path

from storage.store import open_directly, transaction

# Nothing is SCHEDULED or QUEUED: the daemon must have nothing else to do.
_POSTS = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :number)
INSERT INTO posts (id, user_id, instagram_account_id, media_type, source_type, caption, status,
    user_tags, ig_media_id, ig_permalink, published_at, completed_at, created_at, updated_at)
SELECT
    lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2)
        || '-a' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
    (SELECT id FROM users), 'studio', 'IMAGE', 'MANUAL',
    'Post number ' || n || ' of a long season: light, stone and the sea 🌊',
    CASE WHEN n % 20 THEN 'PUBLISHED' ELSE 'DRAFT' END,
    '[{"username":"marta.fotografa","x":0.25,"y":0.5}]',
    17900000000000000 + n, 'https://www.instagram.com/p/C' || n || '/',
    strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + n * 60, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + n * 60, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + n * 60, 'unixepoch'),
    strftime('%Y-%m-%dT%H:%M:%fZ', 1700000000 + n * 60, 'unixepoch')
FROM numbers
"""
_MEDIA = """
INSERT INTO media_files (id, user_id, origin, original_filename, sha256, storage_path, mime_type,
    file_size, width, height, aspect_ratio, is_valid, created_at)
SELECT 'picture', id, 'UPLOAD', 'sea.jpg', 'ab', 'ab/ab.jpg', 'image/jpeg', 482133, 1080, 1350,
    '4:5', 1, created_at FROM users
"""


def fill(database: Path, number: int) -> list[str]:
    """Store that many posts with one picture each; returns the ids of some."""
    with open_directly(database) as db, transaction(db):
        db.conn.execute(_MEDIA)
        db.conn.execute(_POSTS, {"number": number})
        db.conn.execute("INSERT INTO post_media SELECT id, 0, 'picture' FROM posts")
        return [row[0] for row in db.conn.execute("SELECT id FROM posts ORDER BY id LIMIT 500")]

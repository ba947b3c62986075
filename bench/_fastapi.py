"""The same three operations as one would write them with FastAPI, on the same database file.

Run: `python -m bench._fastapi DATABASE PORT`. The shapes are ours, with times left to pydantic.
Handlers read without a thread, which blocks the loop but is FastAPI's fastest way.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Query, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import Field

from api.rate_limits import RateLimits
from ground.clock import Clock
from operations import models as schemas


class Health(schemas.Health):
    timestamp: datetime


class MediaFile(schemas.MediaFile):
    created_at: datetime


class Post(schemas.Post):
    scheduled_for: datetime | None
    last_attempt_at: datetime | None
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime
    media_files: list[MediaFile] = Field(default_factory=list)  # type: ignore[assignment]


class PostList(schemas.PostList):
    posts: list[Post]  # type: ignore[assignment]


DATABASE, PORT = sys.argv[1], int(sys.argv[2])
STARTED = time.monotonic()
app = FastAPI()
bearer = HTTPBearer()
limits = RateLimits(10**9, 10**9, Clock(monotonic=time.monotonic))
db = sqlite3.connect(DATABASE, isolation_level=None)
db.row_factory = sqlite3.Row


async def user_of_key(
    sent: Annotated[HTTPAuthorizationCredentials, Depends(bearer)], response: Response
) -> str:
    digest = hashlib.sha256(sent.credentials.encode()).hexdigest()
    found = db.execute(
        "SELECT id, user_id FROM api_keys WHERE hash = ? AND revoked_at IS NULL", (digest,)
    ).fetchone()
    if found is None:
        raise HTTPException(401, "The key is unknown or revoked")
    verdict = limits.take(found["id"])
    if not verdict.allowed:
        raise HTTPException(429, "Rate limited", headers=verdict.headers)
    response.headers.update(verdict.headers)
    return str(found["user_id"])


User = Annotated[str, Depends(user_of_key)]


@app.get("/api/v1/health")
async def health() -> Health:
    db.execute("SELECT 1 FROM users LIMIT 1").fetchone()
    return Health(
        status="healthy",
        timestamp=datetime.now(UTC),
        services={"database": "connected"},
        uptime=time.monotonic() - STARTED,
    )


@app.get("/api/v1/posts", response_model=PostList)
async def list_posts(
    user: User,
    page: Annotated[int, Query(ge=1)] = 1,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Any:
    offset = (page - 1) * limit
    found = db.execute(
        "SELECT * FROM posts WHERE id IN (SELECT id FROM posts WHERE user_id = ?"
        " ORDER BY created_at DESC, id LIMIT ? OFFSET ?) ORDER BY created_at DESC, id",
        (user, limit, offset),
    ).fetchall()
    total = db.execute(
        "SELECT sum(count) FROM row_counts WHERE user_id = ? AND kind = 'post'", (user,)
    ).fetchone()[0]
    return {
        "posts": [dict(row) for row in found],
        "total": total,
        "page": page,
        "limit": limit,
        "has_more": offset + len(found) < total,
    }


@app.get("/api/v1/posts/{post_id}", response_model=Post)
async def get_post(post_id: str, user: User) -> Any:
    found = db.execute("SELECT * FROM posts WHERE id = ?", (post_id,)).fetchone()
    if found is None:
        raise HTTPException(404, "There is no such post")
    media = db.execute(
        "SELECT media_files.* FROM media_files JOIN post_media ON media_file_id = media_files.id"
        " WHERE post_id = ? ORDER BY position",
        (post_id,),
    ).fetchall()
    return {**found, "media_files": [_media(row) for row in media]}


def _media(row: sqlite3.Row) -> dict[str, Any]:
    thumbnail = f"/uploads/{row['thumbnail_path']}" if row["thumbnail_path"] else None
    return {
        **row,
        "preview_url": f"/uploads/{row['storage_path']}",
        "public_url": None,
        "thumbnail_url": thumbnail,
        "thumbnail_preview_url": thumbnail,
    }


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning", access_log=False)

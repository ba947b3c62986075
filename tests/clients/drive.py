"""A user's program against the client that openapi-python-client makes of the document.

Run with the address, the key and a photo: upload, draft, schedule, list.
"""

import datetime
import json
import sys
from pathlib import Path

from reprise_client import AuthenticatedClient
from reprise_client.api.auth import get_me
from reprise_client.api.media import upload_media
from reprise_client.api.posts import create_draft, get_post, list_posts, update_draft
from reprise_client.api.schedule import create_schedule, list_schedule
from reprise_client.models import (
    DraftChanges,
    ListScheduleStatus,
    MediaType,
    PostStatus,
    PublishablePost,
    ScheduleRequest,
    StoryMention,
    UploadMediaBody,
)
from reprise_client.types import File

url, key, photo = sys.argv[1:]
NOBODY = "00000000-0000-4000-8000-000000000000"

with AuthenticatedClient(base_url=f"{url}/api/v1", token=key) as client:
    account_id = get_me.sync(client=client).accounts[0].id
    with Path(photo).open("rb") as payload:
        form = UploadMediaBody(file=File(payload=payload, file_name="photo.jpg"))
        media = upload_media.sync(client=client, body=form)
    draft = create_draft.sync(
        client=client,
        body=PublishablePost(
            account_id=account_id,
            media_type=MediaType.IMAGE,
            media_file_id=media.id,
            caption="A draft",
        ),
    )
    changed = update_draft.sync(
        draft.id, client=client, body=DraftChanges(caption="A better draft")
    )
    scheduled = create_schedule.sync(
        client=client,
        body=ScheduleRequest(
            account_id=account_id,
            media_type=MediaType.STORIES,
            media_file_id=media.id,
            story_mentions=[StoryMention(username="anna")],
            scheduled_for=datetime.datetime.fromisoformat("2099-01-01T12:00:00+02:00"),
        ),
    )
    listed = list_schedule.sync(client=client, limit=5, status=ListScheduleStatus.SCHEDULED)
    drafts = list_posts.sync(client=client, status=PostStatus.DRAFT)
    refused = get_post.sync(NOBODY, client=client)

print(
    json.dumps(
        {
            "isValid": media.is_valid,
            "caption": changed.caption,
            "files": [str(file.id) for file in draft.media_files],
            "mediaId": str(media.id),
            "postId": str(scheduled.post_id),
            "scheduled": [[str(p.id), p.scheduled_for.isoformat()] for p in listed.posts],
            "drafts": [post.caption for post in drafts.posts],
            "refused": refused.code,
        }
    )
)

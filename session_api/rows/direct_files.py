"""Photos, videos and sounds into chats, to people who have written before."""

from __future__ import annotations

from typing import Any

from instagram.private import calls, chats
from session_api.attached import Kind, attached
from session_api.question import Question
from session_api.row import Group, Handler, Rail

direct_files = Group("Direct")
_TAKES = "file*:file, user_ids[i], thread_ids[i]"
_SENDS = {"photo": "direct_send_photo", "video": "direct_send_video", "sound": "direct_send_voice"}


def _sending(kind: Kind | None) -> Handler:
    async def send(question: Question) -> Any:
        given = question.given
        wanted: Kind = kind or given["content_type"]
        more = {"waveform": given["waveform"]} if given.get("waveform") else {}
        async with attached(question, "file", wanted) as file:

            async def step(client: Any) -> Any:
                to = await chats.known_threads(client, given["user_ids"], given["thread_ids"])
                sent = await getattr(client, _SENDS[wanted])(file, thread_ids=to, **more)
                return calls.told(sent)

            return await question.api.run(f"session.{question.row.name}", step, writes=True)

    return send


direct_files.row(
    "POST", "/direct/photo", _TAKES, None, "DirectMessage", Rail.DIRECT, "Send a photo",
    handler=_sending("photo"),
)  # fmt: skip
direct_files.row(
    "POST", "/direct/video", _TAKES, None, "DirectMessage", Rail.DIRECT, "Send a video",
    handler=_sending("video"),
)  # fmt: skip
direct_files.row(
    "POST", "/direct/voice", f"{_TAKES}, waveform[float]", None, "DirectMessage", Rail.DIRECT,
    "Send a spoken message (M4A)", handler=_sending("sound"),
)  # fmt: skip
direct_files.row(
    "POST", "/direct/file", f"{_TAKES}, content_type:photo|video=photo", None, "DirectMessage",
    Rail.DIRECT, "Send a photo or a video", handler=_sending(None),
)  # fmt: skip

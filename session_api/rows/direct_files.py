"""Photos, videos and sounds into chats, to people who have written before."""

from __future__ import annotations

from typing import Any

from instagram.private import calls, chats
from session_api.attached import Kind, attached
from session_api.question import Question
from session_api.row import Group, Handler, Rail

direct_files = Group("Direct")
_TAKES = "file*:file, user_ids[i..10], thread_ids[i..10]"
_SENT = "{} to {}: the file, then the message; for each chat once whether somebody has written"
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

            return await question.run(step)

    return send


direct_files.row(
    "POST", "/direct/photo", _TAKES, None, "DirectMessage", Rail.DIRECT, "Send a photo",
    handler=_sending("photo"), sends=_SENT.format(2, 12),
)  # fmt: skip
direct_files.row(
    "POST", "/direct/video", _TAKES, None, "DirectMessage", Rail.DIRECT, "Send a video",
    handler=_sending("video"), sends=_SENT.format(3, 13),
)  # fmt: skip
direct_files.row(
    "POST", "/direct/voice", f"{_TAKES}, waveform[float]", None, "DirectMessage", Rail.DIRECT,
    "Send a spoken message (M4A)", handler=_sending("sound"), sends=_SENT.format(3, 13),
)  # fmt: skip
direct_files.row(
    "POST", "/direct/file", f"{_TAKES}, content_type:photo|video=photo", None, "DirectMessage",
    Rail.DIRECT, "Send a photo or a video", handler=_sending(None), sends=_SENT.format(2, 13),
)  # fmt: skip

"""The rows of the routing table that are about direct messages."""

from __future__ import annotations

from sandbox.private import direct, direct_acts, direct_sends
from sandbox.wire.route import Route, private

_THREAD = "direct_v2/threads/<pk>"
_BROADCAST = "direct_v2/threads/broadcast"
_MESSENGER = "/messenger_<name>/<name>"

DIRECT_ROUTES: tuple[Route, ...] = (
    private("GET", "direct_v2/inbox/", direct.box("inbox")),
    private("GET", "direct_v2/pending_inbox/", direct.box("pending")),
    private("GET", "direct_v2/spam_inbox/", direct.box("spam")),
    private("GET", f"{_THREAD}/", direct.thread),
    private("GET", f"{_THREAD}/media/", direct.media),
    private("GET", "direct_v2/threads/get_by_participants/", direct.by_participants),
    private("GET", "direct_v2/search_secondary/", direct.search_messages),
    private("GET", "direct_v2/ranked_recipients/", direct.search_people),
    private("POST", "direct_v2/fetch_and_subscribe_presence/", direct.presence),
    private("GET", "direct_v2/get_presence_active_now/", direct.active_presence),
    # Done in a chat
    private("POST", f"{_THREAD}/approve/", direct_acts.approve),
    private("POST", f"{_THREAD}/mute/", direct_acts.mute),
    private("POST", f"{_THREAD}/unmute/", direct_acts.unmute),
    private("POST", f"{_THREAD}/mute_video_call/", direct_acts.mute_calls),
    private("POST", f"{_THREAD}/unmute_video_call/", direct_acts.unmute_calls),
    private("POST", f"{_THREAD}/mark_unread/", direct_acts.mark_unread),
    private("POST", f"{_THREAD}/hide/", direct_acts.hide),
    private("POST", f"{_THREAD}/update_title/", direct_acts.rename),
    private("POST", f"{_THREAD}/add_user/", direct_acts.add_people),
    private("POST", "direct_v2/create_group_thread/", direct_acts.create_group),
    private("POST", f"{_THREAD}/items/<pk>/seen/", direct_acts.see),
    private("POST", f"{_THREAD}/items/<pk>/delete/", direct_acts.unsend),
    private("POST", f"{_BROADCAST}/reaction/", direct_acts.react),
    # Sent into one
    *(
        private("POST", f"{_BROADCAST}/{name}/", direct_sends.broadcast(read))
        for name, read in (
            ("text", direct_sends.text),
            ("link", direct_sends.link),
            ("media_share", direct_sends.post),
            ("story_share", direct_sends.story),
            ("profile", direct_sends.profile),
            ("photo_attachment", direct_sends.photo),
            ("raven_attachment", direct_sends.video),
            ("voice_attachment", direct_sends.voice),
        )
    ),
    private("GET", _MESSENGER, direct_sends.offset, direct_sends.RUPLOAD_HOST),
    private("POST", _MESSENGER, direct_sends.receive, direct_sends.RUPLOAD_HOST),
)

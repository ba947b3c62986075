"""The own account: its profile, its picture, its privacy, its second factor, what it is told."""

from __future__ import annotations

import base64
import re
import secrets

from sandbox.private.accounts import own_json, user_json
from sandbox.private.asked import act, need, one_of, person_of
from sandbox.private.refused import Refused
from sandbox.private.second_step import totp_codes
from sandbox.wire.call import Call, PrivateHandler
from sandbox.wire.message import Response
from sandbox.world.person import LoginBehaviour, Person

_USERNAME = re.compile(r"[a-z0-9._]{1,30}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LONGEST_BIOGRAPHY = 150
_SETTING_VALUES = ("off", "following_only", "everyone")
_MUTE_VALUES = ("cancel", "15_minutes", "1_hour", "2_hour", "4_hour", "8_hour")
_CONTENT_TYPES = (
    *("likes", "like_and_comment_on_photo_user_tagged", "user_tagged", "comments"),
    *("comment_likes", "first_post", "new_follower", "follow_request_accepted"),
    *("connection_notification", "tagged_in_bio", "pending_direct_share"),
    *("direct_share_activity", "direct_group_requests", "video_call", "rooms"),
    *("live_broadcast", "felix_upload_result", "view_count", "fundraiser_creator"),
    *("fundraiser_supporter", "notification_reminders", "announcements", "report_updated"),
    "login_notification",
)
_TEXT = '(bk.components.Text ")'  # the key under which a Bloks screen has a text


async def edit(call: Call, viewer: Person) -> Response:
    """`accounts/edit_profile/`: all of the profile at once; what is left out is emptied."""
    act(call, viewer, "username")
    form = call.form
    username = str(form["username"]).strip().lower()
    email, phone = (str(form.get(name) or "") for name in ("email", "phone_number"))
    if not _USERNAME.fullmatch(username):
        raise Refused("Usernames can only use letters, numbers, underscores and periods.")
    holder = call.world.people.find(username=username)
    if holder not in (None, viewer):
        raise Refused("This username isn't available. Please try another.")
    if not email and not phone:
        raise Refused("You need an email or confirmed phone number.")
    if email and not _EMAIL.fullmatch(email):
        raise Refused("Enter a valid email address.")
    biography = _biography(form.get("biography") or "")
    profile = viewer.profile
    viewer.username = username
    viewer.full_name = str(form.get("first_name") or "")
    profile.biography = biography
    profile.external_url = str(form.get("external_url") or "")
    profile.email, profile.phone_number = email, phone
    return Response.ok({"user": own_json(viewer, call.world)})


async def set_biography(call: Call, viewer: Person) -> Response:
    act(call, viewer)
    viewer.profile.biography = _biography(call.form.get("raw_text") or "")
    return Response.ok({"user": own_json(viewer, call.world)})


def _biography(text: object) -> str:
    if len(str(text)) > _LONGEST_BIOGRAPHY:
        raise Refused(f"Your bio can have {_LONGEST_BIOGRAPHY} characters.")
    return str(text)


async def change_picture(call: Call, viewer: Person) -> Response:
    """Make an uploaded photo the profile picture."""
    act(call, viewer, "upload_id")
    upload = call.world.library.uploads.get((viewer.pk, str(call.form["upload_id"])))
    if upload is None or upload.probe.kind != "photo":
        raise Refused("Nothing was uploaded under this upload_id")
    viewer.profile.picture = upload.file
    return Response.ok({"user": user_json(viewer)})


def set_privacy(*, private: bool) -> PrivateHandler:
    """A handler that closes the account, or opens it and lets in all who asked."""

    async def change(call: Call, viewer: Person) -> Response:
        act(call, viewer)
        viewer.private = private
        if not private:
            call.world.ties.accept_all(viewer)
        return Response.ok({"user": user_json(viewer)})

    return change


async def change_notification(call: Call, viewer: Person) -> Response:
    """What the account is told of, by kind of content."""
    act(call, viewer, "content_type", "setting_value")
    mutes_all = call.form["content_type"] == "mute_all"
    kind = one_of(call.form["content_type"], (*_CONTENT_TYPES, "mute_all"), "content_type")
    values = _MUTE_VALUES if mutes_all else _SETTING_VALUES
    viewer.notification_settings[kind] = one_of(call.form["setting_value"], values, "setting_value")
    return Response.ok()


async def offer_totp(call: Call, viewer: Person) -> Response:
    """A seed for an authenticator, good once a code proves it."""
    act(call, viewer)
    viewer.offered_totp_seed = base64.b32encode(secrets.token_bytes(20)).decode()
    return Response.ok({"totp_seed": viewer.offered_totp_seed})


async def enable_totp(call: Call, viewer: Person) -> Response:
    """Ask for a second factor from now on; the answer carries the backup codes."""
    act(call, viewer, "verification_code")
    seed = viewer.offered_totp_seed
    if seed is None or str(call.form["verification_code"]) not in totp_codes(seed):
        raise Refused("This code isn't right. Please try again.")
    viewer.totp_seed, viewer.offered_totp_seed = seed, None
    viewer.login = LoginBehaviour.TWO_FACTOR
    viewer.backup_codes = {str(secrets.randbelow(90_000_000) + 10_000_000) for _ in range(5)}
    return Response.ok({"backup_codes": sorted(viewer.backup_codes)})


async def disable_totp(call: Call, viewer: Person) -> Response:
    act(call, viewer)
    viewer.totp_seed = None
    viewer.backup_codes = set()
    if viewer.login is LoginBehaviour.TWO_FACTOR:
        viewer.login = LoginBehaviour.OK
    return Response.ok()


async def about(call: Call, viewer: Person) -> Response:
    """The page "about this account", in the shape of a Bloks screen."""
    need(call, "target_user_id")
    person = person_of(call, viewer, call.form["target_user_id"])
    facts = person.profile
    texts = ["Date joined", facts.joined, "Former usernames", "", str(facts.former_usernames)]
    tree = [
        {_TEXT: person.username, "text_style": "bold"},
        *(
            {_TEXT: text, "text_style": "plain"}
            for text in [*texts, *(["Verified"] if facts.is_verified else [])]
        ),
    ]
    country = {"data": {"key": "about_account_country", "initial": facts.country}}
    return Response.ok({"layout": {"bloks_payload": {"data": [country], "tree": tree}}})

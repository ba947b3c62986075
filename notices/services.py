"""By which services people may be told: those that one message over HTTP or SMTP reaches.

Everything else of `apprise` is refused: what writes files or logs of this machine, shows windows,
starts programs, opens sockets of its own, or posts in public.
"""

from __future__ import annotations

import re

_NAMES = """
    apprise apprises bark barks chanify discord feishu flock form forms gchat gotify gotifys
    groupme hassio hassios httpsms ifttt join json jsons kodi kodis lametric lametrics lark line
    mailersend mailgun mailto mailtos matrix matrixs mmost mmosts msgbird ncloud nclouds nctalk
    nctalks notica noticas notifiarr ntfy ntfys onesignal opsgenie pagerduty pbul postmark pover
    prowl psafer push pushdeer pushdeers pushed pushme pushplus pushy resend rocket rockets ryver
    schan sendgrid signal signals signl4 simplepush slack smtp2go sparkpost splunk spugpush
    synology synologys tgram threema twilio twist vonage webex wecombot whatsapp workflows
    wxpusher wxteams xml xmls zoom zulip
"""
ALLOWED = frozenset(_NAMES.split())
LONGEST = 2000
_FORM = re.compile(r"([A-Za-z0-9]{2,20})://[!-~]{1,1980}")
ADVICE = (
    "no address of a service that Reprise tells people by, such as ntfy://my-topic,"
    " tgram://TOKEN/CHAT or mailto://USER:PASSWORD@example.com (docs/notices.md)"
)


class NoAddress(Exception):
    """No such address can be told anything; the message names no part of it."""


def schema_of(url: str) -> str:
    """Return by which service an address leads. Raises `NoAddress`."""
    found = _FORM.fullmatch(url)
    if found is None or (schema := found[1].lower()) not in ALLOWED:
        raise NoAddress(ADVICE)
    return schema


def masked(url: str) -> str:
    """Return what may be shown of an address: the service. All the rest may be a key."""
    return f"{schema_of(url)}://…"

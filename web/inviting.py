"""A link that signs another device in, as text and as a picture for its camera."""

from __future__ import annotations

import io
from dataclasses import dataclass
from urllib.parse import urlsplit

from markupsafe import Markup

from operations import machine, models
from web.visit import Visit, given

_OWN = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Invitation:
    """The link with its picture; `is_near` where only this machine can follow it."""

    link: str
    picture: Markup
    is_near: bool


async def invitation(visit: Visit, scopes: str, address: str) -> Invitation:
    """Return a link that works once, within five minutes, at the address that was asked."""
    asked = given(models.LoginCodeRequest, scopes=scopes)
    made: models.LoginCode = await visit.perform(machine.invite_browser, asked)
    link = f"{address.rstrip('/')}/login?code={made.code}"
    host = urlsplit(address).netloc.rpartition(":")
    return Invitation(link, _picture(link), (host[0] or host[2]) in _OWN)


def _picture(text: str) -> Markup:
    import segno  # when somebody is invited: no other page needs it

    drawn = io.BytesIO()
    segno.make(text, error="m").save(
        drawn, kind="svg", xmldecl=False, svgns=True, scale=4, dark="#15211c", light="#fff",
        title="The link as a QR code", svgclass="qr", lineclass=None,
    )  # fmt: skip
    # Of the library's own making: nothing in it is anybody's text.
    return Markup(drawn.getvalue().decode())  # noqa: S704

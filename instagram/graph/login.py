"""A token of the official API for the code with which Instagram ends a login."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from instagram import errors
from instagram.fields import is_token
from instagram.graph.http import HOSTS, GraphHttp
from instagram.graph.login_app import LoginApp

_EXCHANGE = "https://api.instagram.com/oauth/access_token"
_LENGTHEN = f"https://{HOSTS['instagram']}/access_token"


async def obtain(
    http: GraphHttp, app: LoginApp, code: str, redirect: str
) -> tuple[str, timedelta | None]:
    """Return a token for a code, and how long it lasts as far as Instagram tells.

    Raises `Refused` where Instagram takes the code or the app for none, and `InstagramError`s. A
    code is good once.
    """
    asked = {
        "client_id": app.id,
        "client_secret": app.secret,
        "grant_type": "authorization_code",
        "redirect_uri": redirect,
        "code": code,
    }
    short = _token(await http.for_app("login", "POST", _EXCHANGE, asked))
    longer = {
        "grant_type": "ig_exchange_token",
        "client_secret": app.secret,
        "access_token": short,
    }
    told = await http.for_app("lengthen", "GET", _LENGTHEN, longer)
    lasts = told.get("expires_in")
    if not isinstance(lasts, int) or isinstance(lasts, bool) or not 0 < lasts < 10**9:
        return _token(told), None
    return _token(told), timedelta(seconds=lasts)


def _token(told: Mapping[str, Any]) -> str:
    # One page of Meta's wraps what another shows bare.
    wrapped = told.get("data")
    if isinstance(wrapped, list) and wrapped and isinstance(wrapped[0], dict):
        told = wrapped[0]
    token = told.get("access_token")
    if not isinstance(token, str) or not is_token(token):
        raise errors.Unreachable("Instagram answered without a token")
    return token

"""Which handler answers what: every host, method and path that the sandbox knows."""

from __future__ import annotations

import re

from sandbox.graph import auth as graph_auth
from sandbox.graph import authorize
from sandbox.graph.routes import GRAPH_ROUTES
from sandbox.private import (
    accounts,
    activity,
    bloks,
    cdn,
    challenge,
    login,
    releases,
    second_step,
)
from sandbox.private.direct_routes import DIRECT_ROUTES
from sandbox.private.direct_sends import RUPLOAD_HOST
from sandbox.private.media_routes import MEDIA_ROUTES
from sandbox.private.social_routes import SOCIAL_ROUTES
from sandbox.wire.call import OpenHandler
from sandbox.wire.route import API_HOST, WEB_HOST, Route, private
from sandbox.world.ledger import CAA_LOGIN, LEGACY_LOGIN

LOGIN_HOST = "b.i.instagram.com"
_HOSTS = {
    API_HOST,
    LOGIN_HOST,
    WEB_HOST,
    releases.HOST,
    RUPLOAD_HOST,
    *graph_auth.HOSTS,
    authorize.EXCHANGE_HOST,
}
_CDN = re.compile(r"[a-z0-9.-]+\.(?:cdninstagram\.com|fbcdn\.net)")

_ASYNC = "/api/v1/bloks/async_action/"
_APPS = "/api/v1/bloks/apps/"


def is_known_host(host: str) -> bool:
    """Whether the sandbox plays this host, so that a tunnel to it may be opened."""
    return host in _HOSTS or _CDN.fullmatch(host) is not None


def _open(host: str | re.Pattern[str], method: str, path: str, handler: OpenHandler) -> Route:
    return Route(host=host, method=method, path=path, open=handler)


def _two_factor(path: str, handler: OpenHandler) -> Route:
    return _open(API_HOST, "POST", path, handler)


ROUTES = (
    # Logging in
    _open(LOGIN_HOST, "POST", "/graphql_www", login.register_device),
    _open(
        LOGIN_HOST,
        "POST",
        f"{_ASYNC}com.bloks.www.bloks.caa.login.process_client_data_and_redirect/",
        login.open_login_page,
    ),
    _open(LOGIN_HOST, "POST", "/api/v1/attestation/create_android_keystore/", login.attest),
    _open(
        LOGIN_HOST,
        "POST",
        f"{_ASYNC}com.bloks.www.caa.login.oauth.token.fetch.async/",
        login.fetch_token,
    ),
    _open(LOGIN_HOST, "POST", CAA_LOGIN, login.caa_login),
    _open(API_HOST, "GET", "/accounts/login/", login.web_page),
    _open(API_HOST, "GET", "/api/v1/qe/sync/", login.sync),
    _open(API_HOST, "POST", "/api/v1/qe/sync/", login.sync),
    _open(API_HOST, "POST", "/api/v1/launcher/sync/", login.launcher_sync),
    _open(API_HOST, "POST", LEGACY_LOGIN, login.legacy_login),
    # The second step of a login
    *(
        _two_factor(path, second_step.two_factor_screen)
        for path in (
            f"{_APPS}{bloks.TWO_FACTOR_SCREEN}/",
            f"{_APPS}com.bloks.www.two_step_verification.method_picker/",
            f"{_APPS}com.bloks.www.two_factor_login.enter_totp_code/",
            f"{_APPS}com.bloks.www.two_factor_login.enter_backup_code/",
        )
    ),
    _two_factor(
        f"{_ASYNC}com.bloks.www.two_step_verification.method_picker.navigation.async/",
        second_step.choose_two_factor,
    ),
    _open(API_HOST, "POST", "/api/v1/accounts/two_factor_login/", second_step.old_two_factor_login),
    _two_factor(
        f"{_ASYNC}com.bloks.www.two_step_verification.verify_code.async/",
        second_step.verify_two_factor,
    ),
    _open(
        LOGIN_HOST, "POST", f"{_ASYNC}{bloks.PROFILE_CODE_ENTRY}/", second_step.open_profile_code
    ),
    _open(
        LOGIN_HOST, "POST", f"{_APPS}{bloks.PROFILE_CODE_SCREEN}/", second_step.profile_code_screen
    ),
    _open(
        LOGIN_HOST, "POST", f"{_ASYNC}{bloks.PROFILE_CODE_SUBMIT}/", second_step.submit_profile_code
    ),
    *(
        _open(API_HOST, method, f"{prefix}/challenge/<pk>/<name>/", handler)
        for prefix in ("/api/v1", "/api")
        for method, handler in (("GET", challenge.show), ("POST", challenge.take))
    ),
    # Accounts
    private("GET", "/api/v1/accounts/current_user/", accounts.current_user),
    private("POST", "/api/v1/accounts/logout/", accounts.logout),
    private("GET", "/api/v1/users/<name>/usernameinfo/", accounts.info_by_username),
    private("GET", "/api/v1/users/<pk>/info/", accounts.info_by_pk),
    # What the account is told of
    private("GET", "/api/v1/news/inbox/", activity.inbox),
    # Files
    _open(_CDN, "GET", "/v/<pk>.jpg", cdn.photo_file),
    _open(_CDN, "GET", f"/v/<pk>_w{cdn.SMALL_WIDTH}.jpg", cdn.small_photo_file),
    _open(_CDN, "GET", "/v/<pk>.mp4", cdn.video_file),
    _open(_CDN, "GET", "/p/<pk>.jpg", cdn.avatar),
    _open(_CDN, "GET", "/a/<pk>.m4a", cdn.sound_file),
    _open(releases.HOST, "GET", releases.PATH, releases.client_config),
    *SOCIAL_ROUTES,
    *MEDIA_ROUTES,
    *DIRECT_ROUTES,
    *GRAPH_ROUTES,
)


def find_route(host: str, method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """The route for a request with the arguments in its path, None if there is none."""
    for route in ROUTES:
        arguments = route.match(host, method, path)
        if arguments is not None:
            return route, arguments
    return None

"""Which route a post takes, and why. Pure; the official API goes first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ground.refusal import ErrorCode
from publish.retry import Failure
from storage import cloud, credentials, deliveries, repost_configs, secrets
from storage.accounts import Account
from storage.deliveries import Delivery, Outcome, RouteName
from storage.media_files import MediaFile
from storage.posts import Post, SourceType
from storage.repost_configs import PublishRoute
from storage.secrets import AccountSecret
from storage.store import Database

PUBLIC_URL_ADVICE = (
    "Meta fetches the media itself, so set REPRISE_PUBLIC_URL to an address under which this "
    "daemon can be reached from the internet, a tunnel or a reverse proxy (docs/publishing.md), or "
    "`reprise cloud deploy` (docs/cloud.md)"
)

REPOSTS = (SourceType.STORY_REPOST, SourceType.AUTO_REPOST)
_SHORTEST_OFFICIAL_S = 3.0
_NO_MEANS = "The account has neither a Graph token nor a Private API login"
STICKERS_ADVICE = (
    "The official API carries no link, hashtag or location stickers; a Private API login does"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What an account can publish with."""

    has_token: bool
    # By our clock, which may be wrong: without another way Meta is asked all the same.
    token_valid: bool
    token_refused: bool = False
    login_method: str
    has_login: bool
    has_public_url: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """The route that a repost's owner wants, and why the official API cannot take it, if so."""

    route: PublishRoute = PublishRoute.AUTO
    obstacle: Failure | None = None


ANY_ROUTE = Wish()


@dataclass(frozen=True, slots=True)
class Choice:
    """The route to take; `reason` is for the log and for people."""

    route: RouteName
    reason: str


def means_of(db: Database, account: Account, *, has_public_url: bool, now: datetime) -> Means:
    """Return what an account can publish with now."""
    return Means(
        has_token=secrets.exists(db, account.id, AccountSecret.ACCESS_TOKEN),
        token_valid=not account.token_should_have_ended(now),
        token_refused=account.token_is_refused(now),
        login_method=account.login_method,
        has_login=credentials.find(db, account.id) is not None,
        # The Worker lends media its address.
        has_public_url=has_public_url or cloud.lends(db),
    )


def wish_for(db: Database, post: Post, media: Sequence[MediaFile]) -> Wish:
    """Return what a repost asks of its route; other posts take any."""
    if post.source_type not in REPOSTS or post.account_id is None:
        return ANY_ROUTE
    config = repost_configs.find(db, post.account_id)
    route = config.publish_route if config else PublishRoute.AUTO
    if any(file.is_video and (file.duration_seconds or 0) < _SHORTEST_OFFICIAL_S for file in media):
        reason = "The official API takes story videos from 3 s on"
        return Wish(route, Failure(ErrorCode.VIDEO_PROCESSING_FAILED, reason))
    refused = deliveries.has_ended(db, post.id, RouteName.GRAPH, Outcome.REFUSED)
    if refused and route is PublishRoute.AUTO:
        reason = "The official API has refused it"
        return Wish(route, Failure(ErrorCode.PROCESSING_FAILED, reason))
    return Wish(route)


def route_to_ask(db: Database, sent: Delivery, account_id: str) -> RouteName:
    """Return by which route to ask what became of a delivery.

    It is its own, unless its upload is not known: then by the one that shows everything, where
    the account has it.
    """
    if sent.is_named:
        return sent.route
    return RouteName.GRAPH if credentials.find(db, account_id) is None else RouteName.PRIVATE


def choose(
    means: Means, *, has_image: bool, has_stickers: bool, wish: Wish = ANY_ROUTE
) -> Choice | Failure:
    """Return the route for a post with or without photos and stickers, or why there is none."""
    if wish.route is PublishRoute.PRIVATE:
        if means.has_login:
            return Choice(RouteName.PRIVATE, "publishRoute is `private`")
        reason = "publishRoute is `private`, and the account has no Private API login"
        return Failure(ErrorCode.PRIVATE_API_REQUIRED, reason)
    obstacle = wish.obstacle or _obstacle(
        means, wish, has_image=has_image, has_stickers=has_stickers
    )
    if obstacle is None:
        return Choice(RouteName.GRAPH, "the account has a Graph token")
    if wish.route is PublishRoute.OFFICIAL:
        why = obstacle.reason if means.has_token else "The account has no Graph token"
        reason = f"{why}. publishRoute is `official`, so the Private API is not used"
        return Failure(obstacle.code, reason)
    if means.has_login:
        reason = obstacle.reason if means.has_token else "the account has no Graph token"
        return Choice(RouteName.PRIVATE, reason)
    return obstacle


def fetches_media(means: Means, *, has_image: bool) -> bool:
    """Whether Meta has to fetch the media from us: all but videos with Facebook Login."""
    return has_image or means.login_method != "facebook"


def _obstacle(means: Means, wish: Wish, *, has_image: bool, has_stickers: bool) -> Failure | None:
    if not means.has_token:
        return Failure(ErrorCode.PRIVATE_API_REQUIRED, _NO_MEANS)
    if has_stickers:
        return Failure(ErrorCode.PRIVATE_API_REQUIRED, STICKERS_ADVICE)
    has_other_way = means.has_login and wish.route is not PublishRoute.OFFICIAL
    if means.token_refused or (has_other_way and not means.token_valid):
        return Failure(
            ErrorCode.TOKEN_EXPIRED, "The Graph token has expired: reconnect the account"
        )
    if fetches_media(means, has_image=has_image) and not means.has_public_url:
        return Failure(ErrorCode.PUBLIC_URL_REQUIRED, PUBLIC_URL_ADVICE)
    return None

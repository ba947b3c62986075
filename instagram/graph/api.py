"""What Reprise does through the official API of one account, verb by verb."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from ground.refusal import ErrorCode
from instagram import errors
from instagram.graph.errors import translate_status
from instagram.graph.http import SLOW_LIMIT_S, FacebookApp, GraphHttp, GraphLogin
from instagram.graph.objects import (
    Container,
    ContainerCode,
    ContainerState,
    FacebookPage,
    GraphMedia,
    PagePost,
    Profile,
    all_in,
    cursor_in,
    id_in,
    media_in,
    page_in,
    page_post_in,
    profile_in,
    renewed_in,
    text_in,
)
from instagram.private.keeper import TokenKeeper

_RECENT = "id,permalink,timestamp,caption,media_type,media_product_type"
# A hundred Pages each: thousands, and an end to a list that leads back to itself.
_MOST_LISTS = 20
_PROFILE = "username,name,profile_picture_url,followers_count,media_count"


class GraphApi:
    """One account's official API. Every method raises `InstagramError` subclasses only."""

    def __init__(self, account_id: str, http: GraphHttp, keeper: TokenKeeper) -> None:
        self._account_id = account_id
        self._http = http
        self._keeper = keeper

    # Containers

    async def create_container(self, parameters: Mapping[str, str]) -> Container:
        """Make a container; a lost answer costs one of 400 a day, nothing else."""
        login = await self._ready()
        answer = await self._call("container", "POST", f"{login.ig_user_id}/media", parameters)
        return Container(id_in(answer), text_in(answer, "uri"))

    async def container_state(self, container_id: str) -> ContainerState:
        """Return how far a container is."""
        answer = await self._call(
            "container_status", "GET", container_id, {"fields": "status_code,status"}
        )
        try:
            code = ContainerCode(answer.get("status_code", ""))
        except ValueError:
            raise errors.Unreachable("Instagram names a container state we do not know") from None
        return ContainerState(code, str(answer.get("status") or "")[:200])

    async def failure_of(self, state: ContainerState) -> errors.InstagramError:
        """Return why a container came to nothing; what is held against the account is noted."""
        if state.code is not ContainerCode.ERROR:
            return errors.ContainerLost(f"The container is {state.code}")
        error = translate_status(state.status)
        if isinstance(error, (errors.AccountTrouble, errors.RateLimited)):
            await self._keeper.report(self._account_id, error)
        return error

    async def publish(self, container_id: str) -> str:
        """Make a finished container live and return the media id.

        What it raises is `maybe_applied`, refusals too, unless the request never left;
        `ContainerLost` is also raised for a container that was published before.
        """
        login = await self._ready()
        with _container_may_be_gone():
            answer = await self._call(
                "media_publish",
                "POST",
                f"{login.ig_user_id}/media_publish",
                {"creation_id": container_id},
                writes=True,
            )
        return id_in(answer, writes=True)

    async def upload_offset(self, uri: str) -> int:
        """Return how many bytes of a resumable upload have arrived."""
        login = await self._ready()
        with _container_may_be_gone():
            async with self._noted(login):
                return await self._http.upload_offset(login, uri)

    async def upload(self, uri: str, file: Path, size: int, offset: int) -> None:
        """Send the rest of a video from `offset`; nobody sees it before it is published."""
        login = await self._ready()
        with _container_may_be_gone():
            async with self._noted(login):
                await self._http.upload(login, uri, file, size, offset)

    # Reading

    async def quota(self) -> tuple[int, int]:
        """Return how many posts the last 24 hours have seen, and how many they may."""
        login = await self._ready()
        answer = await self._call(
            "publishing_limit",
            "GET",
            f"{login.ig_user_id}/content_publishing_limit",
            {"fields": "quota_usage,config"},
        )
        try:
            entry = answer["data"][0]
            return int(entry["quota_usage"]), int(entry["config"]["quota_total"])
        except (KeyError, IndexError, TypeError, ValueError, OverflowError):
            raise errors.Unreachable("Instagram does not tell the publishing limit") from None

    async def permalink(self, media_id: str) -> str | None:
        """Return the address of a post that is live."""
        answer = await self._call("media", "GET", media_id, {"fields": "permalink"})
        return text_in(answer, "permalink")

    async def recent(self, *, stories: bool) -> list[GraphMedia]:
        """Return the account's newest posts, or what is in its story now.

        Raises `Unreachable` when one cannot be read.
        """
        login = await self._ready()
        edge = "stories" if stories else "media"
        answer = await self._call(
            "recent_media", "GET", f"{login.ig_user_id}/{edge}", {"fields": _RECENT, "limit": "25"}
        )
        return all_in(answer, media_in)

    async def profile(self) -> Profile:
        """Return who the account is; raises `WrongToken` when its token is somebody else's."""
        login = await self._login()
        async with self._noted(login):
            told = await profile_of(self._http, login)
            await self._keeper.token_told(self._account_id, login.token, told)
        return told

    async def renewed_token(
        self, login: GraphLogin, app: FacebookApp | None
    ) -> tuple[str, timedelta]:
        """Return a new token for the account's `login`, and how long it lives.

        Raises `Refused` for one that cannot be renewed yet, or not without an app.
        """
        await self._check_hold()
        async with self._noted(login):
            return renewed_in(await self._http.exchange(login, app))

    async def page(self) -> FacebookPage:
        """Return the account's Facebook Page; raises `Refused` when it has none."""
        login = await self._ready()
        if login.login_method == "facebook":
            # An agency has hundreds of Pages, and a list is a hundred long.
            asked = {"fields": "id,name,access_token,instagram_business_account", "limit": "100"}
            for _ in range(_MOST_LISTS):
                answer = await self._call("pages", "GET", "me/accounts", asked)
                if (page := page_in(answer, login.ig_user_id)) is not None:
                    return page
                if (behind := cursor_in(answer)) is None:
                    break
                asked["after"] = behind
            else:
                raise errors.Unreachable("Instagram lists more Pages than can be looked through")
        raise errors.Refused(
            "No Facebook Page is linked to this account", ErrorCode.INVALID_CROSS_POST
        )

    async def page_posts(self, page: FacebookPage) -> list[PagePost]:
        """Return the newest posts of the Page; raises `Unreachable` when one cannot be read."""
        await self._check_hold()
        async with self._noted(page.login):
            answer = await self._http.call(
                page.login,
                "page_posts",
                "GET",
                f"{page.id}/published_posts",
                {"fields": "id,message,created_time", "limit": "25"},
            )
        return all_in(answer, page_post_in)

    # Writing

    async def delete(self, media_id: str) -> bool:
        """Delete a post of the account; says whether Instagram did."""
        answer = await self._call("delete", "DELETE", media_id, writes=True)
        return bool(answer.get("success"))

    async def post_on_page(
        self, page: FacebookPage, edge: str, parameters: Mapping[str, str]
    ) -> str:
        """Put a photo (`photos`) or a video (`videos`) on the Page and return the post's id."""
        await self._check_hold()
        async with self._noted(page.login):
            answer = await self._http.call(
                page.login,
                "page_post",
                "POST",
                f"{page.id}/{edge}",
                parameters,
                writes=True,
                limit_s=SLOW_LIMIT_S,
            )
        return id_in({"id": answer.get("post_id") or answer.get("id")}, writes=True)

    async def _check_hold(self) -> None:
        hold = await self._keeper.graph_hold(self._account_id)
        if hold is not None:
            raise errors.AccountOnHold(hold)

    async def _login(self) -> GraphLogin:
        await self._check_hold()
        login = await self._keeper.graph_login(self._account_id)
        if login is None:
            raise errors.TokenExpired("The account has no valid Graph token: reconnect it")
        return login

    async def _ready(self) -> GraphLogin:
        """Return the account's login; one that nobody has proven is, before anything else."""
        login = await self._login()
        if login.unproven:
            await self.profile()
            login = await self._login()
        return login

    async def _call(
        self,
        what: str,
        method: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        *,
        writes: bool = False,
    ) -> dict[str, Any]:
        login = await self._ready()
        async with self._noted(login):
            return await self._http.call(login, what, method, path, parameters, writes=writes)

    @asynccontextmanager
    async def _noted(self, login: GraphLogin) -> AsyncIterator[None]:
        """Let what an answer says of the token or the account be kept."""
        try:
            yield
        except errors.TokenExpired:
            await self._keeper.token_refused(self._account_id, login.token)
            raise
        except (errors.AccountTrouble, errors.RateLimited) as trouble:
            await self._keeper.report(self._account_id, trouble)
            raise


async def profile_of(http: GraphHttp, login: GraphLogin) -> Profile:
    """Return whose a token is, as Meta tells."""
    if login.login_method == "instagram":
        path, fields = "me", f"id,user_id,account_type,{_PROFILE}"
    else:
        path, fields = login.ig_user_id, f"id,{_PROFILE}"
    answer = await http.call(login, "profile", "GET", path, {"fields": fields})
    return profile_in(answer, login.login_method)


@contextmanager
def _container_may_be_gone() -> Iterator[None]:
    try:
        yield
    except errors.Gone as gone:
        lost = errors.ContainerLost(gone.reason)
        lost.maybe_applied = gone.maybe_applied
        raise lost from gone

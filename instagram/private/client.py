"""aiograpi's client as Reprise uses it: paced, non-interactive, never repeating a write."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import aiograpi
import orjson
from aiograpi import exceptions as ig
from aiograpi.mixins.attestation import ECC

from ground.clock import Clock
from instagram.fields import is_plain_path
from instagram.hour import InstagramsClock
from instagram.private.held import held_against
from instagram.private.options import ClientOptions, offset_of
from instagram.private.transport import PrivateSession
from instagram.trust import Trust

# It loads its native half on first use, for which there may be no descriptor left by then.
ECC.generate(curve="P-256")

# Settings of this process, not of the account: a session that was saved under another proxy's
# CA or another pace must not bring them back.
_NOT_PORTABLE = (
    "tls_verify",
    "request_timeout",
    "private_transport",
    "public_transport",
    "public_transport_impersonate",
)
# What makes a session; without it the rest is the device.
_SESSION_ONLY = ("authorization_data", "cookies", "ig_u_rur", "ig_www_claim", "last_login")


# Where an error carries what was answered to its own request: None, when that was lost.
ANSWER = "answer_to_this_request"


class AnswerLost(ig.ClientError):
    """A request whose answer was lost; aiograpi must not repeat it."""


class AnswersWithoutEnd(ig.ClientError):
    """A call that went on asking: Instagram's answers led from page to page."""


class CodeNeeded(ig.ClientError):
    """A login on a new device that waits for the code Instagram has mailed or sent."""

    def __init__(self, context: str) -> None:
        super().__init__("Instagram sent a code")
        self.context = context


class PrivateClient(aiograpi.Client):
    """One account's device and session. Build it in a thread; use it in the Instagram loop.

    `attended` says that a person waits for the login and can be sent a code; `logged_in_as` is
    the name that Instagram itself gave with a login.
    """

    attended = True
    asked = 0  # how many requests it has made
    stops_at: int | None = None  # after so many it asks nothing more
    logged_in_as: str | None = None

    def __init__(
        self,
        *,
        session: Mapping[str, Any] | None,
        options: ClientOptions,
        trust: Trust,
        clock: Clock,
        hour: InstagramsClock | None = None,
    ) -> None:
        self._trust = trust
        self._hour = hour or InstagramsClock(clock)
        self._clock = clock
        super().__init__(
            settings={k: v for k, v in (session or {}).items() if k not in _NOT_PORTABLE},
            proxy=options.proxy,
            tls_verify=trust.context,
            request_timeout=clock.pace,
            delay_range=[1 * clock.pace, 3 * clock.pace] if clock.pace else None,
        )
        # Once each: what fails there is asked again by whoever asked.
        self.public_request_retries_count = 1
        # Told last: what the session brings along wins over the constructor.
        if options.locale:
            self.set_locale(options.locale)
        if options.timezone:
            self.set_timezone_offset(*offset_of(options.timezone, clock.now()))

    @property
    def has_session(self) -> bool:
        return bool(self.sessionid)

    def portable_session(self) -> dict[str, Any]:
        """Return what must survive a restart: device, session, cookies. It is a secret."""
        return {k: v for k, v in self.get_settings().items() if k not in _NOT_PORTABLE}

    def fingerprint(self) -> bytes:
        """Return what changes whenever the portable session does. It is a secret."""
        options = orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS
        return orjson.dumps(self.portable_session(), default=str, option=options)

    async def pause(self, low_s: float, high_s: float) -> None:
        """Wait like a person would, scaled by the pace."""
        await asyncio.sleep(self._clock.pace * random.uniform(low_s, high_s))

    async def close(self) -> None:
        """Close every connection; the client cannot be used afterwards."""
        for session in (self.private, self.public, self.graphql):
            await session._close()

    async def user_follow(self, user_id: Any) -> bool:
        """Follow somebody, or ask to where they are private; one request.

        aiograpi asks first what they are to each other, and goes on whatever is answered to that,
        be it a challenge.
        """
        about = {
            "user_id": str(user_id),
            "_uid": str(self.user_id),
            "include_follow_friction_check": "1",
            "container_module": "profile",
        }
        data = self.with_action_data(about)
        answer = await self.private_request(f"friendships/create/{user_id}/", data)
        status = answer["friendship_status"]
        return status.get("following") is True or status.get("outgoing_request") is True

    # What aiograpi calls.

    async def small_delay(self) -> None:
        await self.pause(0.75, 3.75)

    async def challenge_code_handler(self, *_args: object, **_kwargs: object) -> str:
        # The stock handler reads standard input, which blocks the whole daemon.
        return ""

    async def change_password_handler(self, *_args: object, **_kwargs: object) -> str:
        raise ig.ChallengeRequired("Instagram wants the password changed")

    def _private_session(self, _selected: str, _verify: object) -> PrivateSession:
        return PrivateSession(self._trust.bundle, self._hour)

    async def photo_rupload(self, _path: object, upload_id: str, **_kwargs: object) -> Any:
        # Called for covers only: they were uploaded before, under an id that we had recorded.
        return upload_id, 0, 0

    async def _send_private_request(self, endpoint: str, *args: Any, **kwargs: Any) -> Any:
        if not is_plain_path(endpoint.partition("?")[0]):
            raise ig.ClientNotFoundError("an id or a name that is none")
        self._count()
        try:
            answer = await super()._send_private_request(endpoint, *args, **kwargs)
            if not self.last_json:
                raise ig.ClientUnknownError("an answer with nothing in it")
            if "stream_rows" in self.last_json and "stream" not in endpoint:
                # aiograpi reads half an answer as the rows of one that comes in pieces.
                raise ig.ClientUnknownError("an answer that is cut off")
            if (held := held_against(self.last_json)) is not None:
                raise held(**{**self.last_json, "response": self.last_response})
            return answer
        except (ig.ClientRequestTimeout, ig.ClientIncompleteReadError) as error:
            # Otherwise aiograpi waits and sends the same request again, POSTs included.
            lost = AnswerLost(str(error))
            setattr(lost, ANSWER, self.last_response)
            raise lost from error
        except Exception as error:
            # Told here, where it is sure: what an error arose from may be another request's.
            if ANSWER not in vars(error):
                setattr(error, ANSWER, self.last_response)
            raise

    async def private_graphql_query_request(self, *args: Any, **kwargs: Any) -> Any:
        self._count()
        answer = await super().private_graphql_query_request(*args, **kwargs)
        if isinstance(answer, dict) and answer.get("status") == "fail":
            # aiograpi would look for what was asked in it, and say that it is not there.
            raise ig.ClientStatusFail(message=str(answer.get("message")))
        return answer

    async def _send_public_request(self, *args: Any, **kwargs: Any) -> Any:
        self._count()
        answer = await super()._send_public_request(*args, **kwargs)
        if isinstance(answer, dict) and answer.get("status") == "fail":
            raise ig.ClientStatusFail(message=str(answer.get("message")))
        return answer

    def _count(self) -> None:
        if self.stops_at is not None and self.asked >= self.stops_at:
            raise AnswersWithoutEnd("more requests than this call may take")
        self.asked += 1

    async def _try_caa_login(self, *_args: object, **_kwargs: object) -> bool:
        # After a refused password aiograpi would submit it once more by another door.
        return False

    async def challenge_code_or_raised(self, *args: Any, **kwargs: Any) -> Any:
        raise ig.ChallengeRequired("Challenge code required", **self._step_of_challenge())

    def bloks_apply_login_response(self, result: dict[str, Any]) -> bool:
        # Who this is: people may log in with an address or a number instead of the name.
        applied: bool = super().bloks_apply_login_response(result)
        answer = self.bloks_extract_login_response(result).get("login_response")
        user = answer.get("logged_in_user") if isinstance(answer, dict) else None
        if applied and isinstance(user, dict) and isinstance(user.get("username"), str):
            self.logged_in_as = user["username"]
        return applied

    def _step_of_challenge(self) -> dict[str, Any]:
        last = self.last_json if isinstance(self.last_json, dict) else {}
        return {key: last[key] for key in ("step_name", "step_data") if key in last}

    async def bloks_caa_resolve_two_step_verification(
        self, send_result: dict[str, Any], verification_code: str = "", domain: str | None = None
    ) -> dict[str, Any]:
        """Open Instagram's code screen and stop there; `instagram.private.login` goes on."""
        if not self.attended:
            raise ig.ChallengeRequired("a code is wanted")
        context = self.bloks_extract_context_data(
            send_result, "com.bloks.www.ap.two_step_verification.entrypoint_async"
        )
        if not context:
            raise ig.ChallengeRequired("no context for the code screen")
        opened = await self.bloks_ap_two_step_verification_entrypoint(context, domain=domain)
        entry = self.bloks_extract_context_data(
            opened, "com.bloks.www.ap.two_step_verification.code_entry"
        )
        shown = await self.bloks_ap_two_step_verification_code_entry(entry, domain=domain)
        submit = self.bloks_extract_context_data(
            shown, "com.bloks.www.ap.two_step_verification.code_entry_async"
        )
        if not submit:
            raise ig.ChallengeRequired("no context for the code")
        raise CodeNeeded(submit)


def device_of(session: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a session that identifies the device, so that a new login keeps it."""
    return {k: v for k, v in session.items() if k not in (*_SESSION_ONLY, *_NOT_PORTABLE)}

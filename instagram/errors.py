"""What can go wrong at Instagram, in our words. Each `reason` is fit for a person to read."""

from __future__ import annotations

import math

from ground.hold import Hold
from ground.refusal import ErrorCode


class InstagramError(Exception):
    """A call to Instagram that did not give what was asked for.

    `maybe_applied` says that the request may have had its effect nevertheless: its answer was
    lost, or was a refusal. Refusals have come with posts that were live, so only asking tells.
    `hold` is what it has left on the account, once that is recorded.
    """

    maybe_applied = False
    hold: Hold | None = None

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unreachable(InstagramError):
    """No usable answer: network, proxy, time limit, server trouble, or one in no known form."""

    def __init__(self, reason: str, *, maybe_applied: bool = False) -> None:
        super().__init__(reason)
        self.maybe_applied = maybe_applied


class Unanswered(Unreachable):
    """Nobody answered: no network, no such name, no proxy, or nothing within the time limit.

    It says nothing about the account.
    """


class Illegible(Unreachable):
    """Somebody answered, and not in Instagram's own words: the page of a gateway or a proxy."""


class RateLimited(InstagramError):
    """Instagram answered 429; `retry_after_s` when it said how long to wait.

    Nothing, less than nothing, no end and no number at all are no wait that was said.
    """

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        is_said = retry_after_s is not None and 0 < retry_after_s < math.inf
        self.retry_after_s = retry_after_s if is_said else None


class Gone(InstagramError):
    """The story, media or person is gone, or this account may not see it."""


class NoSuchPerson(Gone):
    """Nobody of that name exists; `code` says in which part of the post they were named."""

    def __init__(self, reason: str, code: ErrorCode) -> None:
        super().__init__(reason)
        self.code = code


class Refused(InstagramError):
    """Instagram understood the request and refused it for good; `code` as in docs/errors.md."""

    def __init__(self, reason: str, code: ErrorCode = ErrorCode.PROCESSING_FAILED) -> None:
        super().__init__(reason)
        self.code = code


class Unexplained(Refused):
    """A refusal in words that nobody knows: it may be of this moment alone, or for good."""


class NotAsked(Refused):
    """An argument is none: nothing was sent."""


class NotReady(InstagramError):
    """Instagram is still working on what was uploaded; ask again a little later."""


class NotLoggedIn(InstagramError):
    """The account has no Private API session."""


class TokenExpired(InstagramError):
    """The account's Graph token is expired, revoked or missing: a person must reconnect."""


class WrongToken(TokenExpired):
    """The account's Graph token is another account's: nothing goes out with it."""


class ContainerLost(InstagramError):
    """What was prepared at Instagram cannot be published any more; it has to be made anew."""


class ProcessingFailed(ContainerLost):
    """Instagram could not process what was prepared; another try may go better, or never."""


class FetchFailed(ContainerLost):
    """Meta says that it could not fetch our media, which passes by itself now and then."""


class PublishingLimit(InstagramError):
    """The account has published all that the official API allows within 24 hours."""


class MediaUnreachable(InstagramError):
    """Meta cannot fetch our media: we have seen that its address is not public or not ours."""


class AddressUnreached(MediaUnreachable):
    """Our address does not answer, and did not since the start: it is wrong, or not up yet."""


class FileGone(InstagramError):
    """A file of ours that was to be sent is not there any more."""


class SessionExpired(InstagramError):
    """Instagram ended the session (`login_required`)."""


class LoginFailed(InstagramError):
    """Instagram did not accept a login. It is never repeated with the same password by itself."""


class LoginStopped(LoginFailed):
    """A session or login that cannot go on, for a reason that says nothing of the password."""


class TwoFactorRequired(LoginStopped):
    """The login needs a code from the app, SMS or the list of backup codes."""


class LoginLapsed(LoginFailed):
    """Instagram does not wait for the code any more: the login has to begin anew."""


class WrongCode(InstagramError):
    """Instagram did not accept the code; another one may be tried."""


class AccountTrouble(InstagramError):
    """Instagram holds something against the account: everything stops until it is resolved."""


class ChallengeRequired(AccountTrouble):
    """A person must confirm something: `kind` is email, sms, app, consent or unknown."""

    def __init__(self, reason: str, *, kind: str = "app", contact_point: str | None = None) -> None:
        super().__init__(reason)
        self.kind = kind
        self.contact_point = contact_point


class ActionBlocked(AccountTrouble):
    """Instagram limits the account (feedback_required, spam block, "wait a few minutes")."""


class AccountSuspended(AccountTrouble):
    """The account is suspended or disabled."""


class AccountOnHold(InstagramError):
    """Refused by Reprise itself: an earlier trouble is not over. Nothing was sent."""

    hold: Hold

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold.reason)
        self.hold = hold


class DownloadFailed(InstagramError):
    """A media file could not be fetched; `permanent` when this address will never give it.

    The address is not the story: read anew, a story may have another one that works.
    """

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


# Every way to fail, so that mypy sees to it that whatever decides by the kind of an error names
# each; a test sees to it that none is missing here.
AnyError = (
    Unreachable
    | Unanswered
    | Illegible
    | RateLimited
    | Gone
    | NoSuchPerson
    | Refused
    | NotAsked
    | Unexplained
    | NotReady
    | NotLoggedIn
    | TokenExpired
    | WrongToken
    | ContainerLost
    | ProcessingFailed
    | FetchFailed
    | PublishingLimit
    | MediaUnreachable
    | AddressUnreached
    | FileGone
    | SessionExpired
    | LoginFailed
    | LoginStopped
    | TwoFactorRequired
    | LoginLapsed
    | WrongCode
    | ChallengeRequired
    | ActionBlocked
    | AccountSuspended
    | AccountOnHold
    | DownloadFailed
)

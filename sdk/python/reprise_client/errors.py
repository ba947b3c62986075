"""How a request can fail."""

from __future__ import annotations

from reprise_client.models import WholePost


class Failed(Exception):
    """Anything that this client raises by itself."""


class NotRunning(Failed):
    """Nobody answers at the address: start Reprise. Trying again at once does not help."""


class AnswerLost(Failed):
    """The answer never came. What was to be changed may have been: look before you ask again."""


class RepriseError(Failed):
    """The request was refused; match on `code`, such as `INVALID_SCHEDULE`."""

    def __init__(
        self, status: int, code: str, message: str, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after


class RateLimited(RepriseError):
    """The key has used up its minute or its hour, also after waiting as long as was asked."""


class NotAllowed(RepriseError):
    """The key is wrong, or may not do this."""


class NotFound(RepriseError):
    """There is no such thing, or it is somebody else's."""


class PublishFailed(Failed):
    """A post has failed; `post.error_code` says how."""

    def __init__(self, post: WholePost) -> None:
        super().__init__(f"{post.error_code}: {post.error_message}")
        self.post = post
        self.code = post.error_code


class WebhookInvalid(Failed):
    """A message is not signed with the secret, or is too old."""


def refusal(status: int, code: str, message: str, retry_after: float | None) -> RepriseError:
    """Return the error for an answer."""
    kind = {401: NotAllowed, 403: NotAllowed, 404: NotFound, 429: RateLimited}.get(
        status, RepriseError
    )
    return kind(status, code, message, retry_after)

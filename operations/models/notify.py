"""Where people are told what needs them, and when they want quiet."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from notices.services import LONGEST, NoAddress, schema_of
from operations.models.api_keys import AccountLimit
from operations.models.base import Moment, Schema, Timezone, Uuid

_TIME = r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$"


def _is_told_by(value: str) -> str:
    try:
        schema_of(value)
    except NoAddress as wrong:
        raise ValueError(str(wrong)) from None
    return value


NotifyUrl = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST,
        repr=False,
        json_schema_extra={"pattern": r"^[A-Za-z0-9]{2,20}://[!-~]{1,1980}$", "writeOnly": True},
    ),
    AfterValidator(_is_told_by),
]
DayTime = Annotated[str, Field(pattern=_TIME, examples=["22:00"])]


class NotifyRequest(Schema):
    """`url` as `apprise` writes it, such as `ntfy://my-topic`; it is kept sealed and never shown.

    `accountIds` null for all that needs a person, also the machine.
    """

    url: NotifyUrl
    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    account_ids: AccountLimit = None


class Recipient(Schema):
    """Where somebody is told; `service` is all that is shown of its URL."""

    id: Uuid
    name: str | None
    service: str
    account_ids: list[Uuid] | None
    created_at: Moment
    disabled_at: Moment | None
    disabled_reason: str | None
    last_failed_at: Moment | None


class RecipientList(Schema):
    recipients: list[Recipient]


class QuietHours(Schema):
    """From and until which time of day only what cannot wait is told; null where never."""

    begins: str | None
    ends: str | None
    timezone: str | None


class QuietHoursRequest(Schema):
    begins: DayTime
    ends: DayTime
    timezone: Timezone

    @model_validator(mode="after")
    def _is_a_part_of_the_day(self) -> QuietHoursRequest:
        if self.begins == self.ends:
            raise ValueError("quiet hours begin and end at different times")
        return self

"""The words of every shape: times, ids, and the base class in the contract's camelCase."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    TypeAdapter,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from operations.resources import Names, Resource
from storage.times import WANTED, parse_instant, to_text

_SPACED_OFFSET = re.compile(r" (?=\d\d(:?\d\d)?$)")


def _is_uuid(value: str) -> str:
    return str(UUID(value))


def _is_timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise ValueError("no IANA timezone, such as Europe/Berlin") from None
    return value


_TIME = WithJsonSchema({"type": "string", "format": "date-time"})
Moment = Annotated[datetime, PlainSerializer(to_text, return_type=str, when_used="json"), _TIME]
StoredMoment = Annotated[str, _TIME]  # as the database writes it, which is the contract's form
Uuid = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]


def whole(value: Any) -> Any:
    """Take 12.0 for 12: to JSON it is the same number, and some languages write it so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _instant(value: Any) -> datetime:
    # A number is no time, though pydantic would take it for seconds since 1970.
    if not isinstance(value, str):
        raise ValueError(f"no {WANTED}")
    return parse_instant(value)


def _plus(value: Any) -> Any:
    # `?since=…+02:00`: a plus that was not encoded arrives as a space.
    return _SPACED_OFFSET.sub("+", value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Shape:
    """Documents a field that is validated elsewhere: its JSON schema is that of `type`."""

    type: Any

    def __get_pydantic_json_schema__(
        self, _core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler.resolve_ref_schema(handler(TypeAdapter(self.type).core_schema))


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
TimezoneName = Annotated[str, Field(json_schema_extra={"format": "timezone"})]
Timezone = Annotated[TimezoneName, AfterValidator(_is_timezone)]
Id = Annotated[str, AfterValidator(_is_uuid), Field(json_schema_extra={"format": "uuid"})]
# Whoever names one of these has to own it: see `operations.resources`.
AccountId = Annotated[Id, Names(Resource.ACCOUNT)]
MediaId = Annotated[Id, Names(Resource.MEDIA)]
PostId = Annotated[Id, Names(Resource.POST)]
RepostId = Annotated[Id, Names(Resource.REPOST)]


class Schema(BaseModel):
    """Base of every shape; unknown properties of requests are ignored (contract §2)."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        json_schema_serialization_defaults_required=True,  # answers have every field
        defer_build=True,  # a validator is built when it is first asked: half of an import
    )


class Success(Schema):
    success: bool = True


class AccountQuery(Schema):
    account_id: AccountId | None = None


class RequiredAccountQuery(Schema):
    account_id: AccountId


class AccountRef(Schema):
    account_id: AccountId


class OptionalAccountRef(Schema):
    account_id: AccountId | None = None


class ErrorResponse(Schema, json_schema_serialization_defaults_required=False):
    """Every failure of every operation (contract §2)."""

    error: str
    code: str
    status: int
    details: Any = None
    retry_after: int | None = None

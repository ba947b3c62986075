"""From request to response for every operation: authenticate, validate, call, render."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import orjson
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from quart import Request
from werkzeug.exceptions import HTTPException

from api import request_id
from api.arrival import arrival_of
from api.auth import check_host, identify
from api.context import ApiContext
from api.contract import Auth, Call, Operation
from api.errors import ApiError, api_error_of, envelope
from api.plain import Asked
from ground.refusal import ErrorCode, Refusal
from operations.actor import Actor
from operations.attempt import Attempt
from operations.misfit import misfit
from serving.answer import Answer
from serving.body import read_whole
from serving.idempotency import idempotency_key

logger = logging.getLogger(__name__)


async def run_operation(
    operation: Operation, context: ApiContext, request: Asked, path: Mapping[str, str]
) -> Answer:
    """Answer a request with an operation; every failure becomes the envelope."""
    headers: dict[str, str] = {}
    attempt = Attempt()
    try:
        check_host(request, context)
        caller = await _counted_caller(context, request, operation.auth, headers)
        if operation.act is not None and caller is not None:
            operation.act.check(caller)  # before a body is read
        if operation.takes_key:
            attempt = Attempt(idempotency_key(request.headers))
        call = Call(
            context,
            request,
            operation,
            caller,
            path,
            attempt,
            body=await _body(operation, request) if operation.body else None,
            query=_query(operation, request) if operation.query else None,
        )
        if request.args and (strange := _strange(operation, request)):
            headers["Reprise-Warning"] = f"unknown query parameters: {strange}"
        result = await operation.handler(call)
        answer = result if isinstance(result, Answer) else _rendered(result, operation.status)
    except Exception as error:  # noqa: BLE001 - the one place that turns failures into answers
        answer = error_answer(error, context, request)
    if attempt.replayed:
        headers["Idempotency-Replayed"] = "true"
    if attempt.warning is not None:
        told = headers.get("Reprise-Warning")
        headers["Reprise-Warning"] = f"{told}; {attempt.warning}" if told else attempt.warning
    answer.headers.update(headers)
    return answer


async def admitted_here(
    request: Asked, context: ApiContext, headers: dict[str, str], *, with_key: bool
) -> Actor | None:
    """Return whose key asks, for a face that is for this machine alone; raises `Refusal`."""
    try:
        return await _admitted(request, context, headers, with_key=with_key)
    except ApiError as refused:  # which only this face knows
        raise Refusal(refused.code, refused.message, retry_after_s=refused.retry_after) from None


async def _admitted(
    request: Asked, context: ApiContext, headers: dict[str, str], *, with_key: bool
) -> Actor | None:
    check_host(request, context)
    if not arrival_of(request, context.door).is_here:
        raise ApiError(ErrorCode.FORBIDDEN_ORIGIN, "This is for programs on this machine")
    if not with_key:
        return None
    if "Authorization" not in request.headers:
        raise ApiError(ErrorCode.AUTH_REQUIRED, "Send `Authorization: Bearer vg_live_…`")
    return await _counted_caller(context, request, Auth.ANY, headers)


async def answer_outside(
    error: Exception, context: ApiContext, request: Asked, base_path: str
) -> Answer:
    """Answer a request that no operation takes; a key's, below `base_path`, counts all the same."""
    headers: dict[str, str] = {}
    try:
        if request.path.startswith(base_path) and "Authorization" in request.headers:
            await _counted_caller(context, request, Auth.OPTIONAL, headers)
    except Exception as refused:  # noqa: BLE001 - as in `run_operation`
        error = refused
    answer = error_answer(error, context, request)
    answer.headers.update(headers)
    return answer


async def _counted_caller(
    context: ApiContext, request: Asked, auth: Auth, headers: dict[str, str]
) -> Actor | None:
    """Return who calls; a key's request is counted, and `headers` learns what is left of it."""
    caller = await identify(request, context, auth)
    if caller is None or caller.key_id is None:
        return caller
    verdict = context.limits.take(caller.key_id)
    headers.update(verdict.headers)
    if not verdict.allowed:
        raise ApiError(ErrorCode.RATE_LIMITED, "Rate limited", retry_after=verdict.retry_after_s)
    if auth is Auth.COOKIE:
        raise ApiError(
            ErrorCode.COOKIE_AUTH_REQUIRED, "Keys may not do this; use the browser session"
        )
    return caller


def error_answer(error: Exception, context: ApiContext, request: Asked) -> Answer:
    """Return the contract's envelope for any failure; bugs are logged under a request id."""
    known = api_error_of(error) or _of_http(error)
    if known is None:
        known_as = request_id.current.get()
        logger.error("request failed id=%s path=%s", known_as, request.path, exc_info=error)
        message = f"Something went wrong; the log has it under {known_as}"
        known = ApiError(ErrorCode.INTERNAL_ERROR, message)
    body = orjson.dumps(envelope(known, development=context.development))
    headers = dict(known.headers)
    if known.retry_after is not None:
        headers["Retry-After"] = str(known.retry_after)
    return Answer(body, known.status, headers)


def _rendered(model: BaseModel, status: int) -> Answer:
    return Answer(to_json(model, by_alias=True), status)


async def _body(operation: Operation, incoming: Asked) -> BaseModel:
    assert operation.body is not None
    assert isinstance(incoming, Request)
    if incoming.mimetype != "application/json":
        # Where every field is optional, so is the body.
        if operation.body_required or await read_whole(incoming):
            raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json")
        data = b""
    else:
        data = await read_whole(incoming)
    if not data and not operation.body_required:
        data = b"{}"
    try:
        return operation.body.model_validate_json(data, strict=True)
    except ValidationError as invalid:
        raise _validation_error(invalid, operation) from None


def _query(operation: Operation, incoming: Asked) -> BaseModel:
    assert operation.query is not None
    try:
        return operation.query.model_validate_strings(incoming.args.to_dict())
    except ValidationError as invalid:
        raise _validation_error(invalid, operation) from None


def _strange(operation: Operation, incoming: Asked) -> str:
    """Return the names of query parameters that do nothing here, fit for a header."""
    fields = operation.query.model_fields.items() if operation.query else ()
    known = {field.alias or name for name, field in fields}
    strange = (repr(name)[1:-1][:40] for name in incoming.args if name not in known)
    return ", ".join(name for name in strange if name.isascii())[:400]


def _validation_error(invalid: ValidationError, operation: Operation) -> ApiError:
    problems = invalid.errors(include_url=False, include_context=False, include_input=False)
    first = problems[0]
    field = str(first["loc"][0]) if first["loc"] else ""
    code = operation.codes.get(field, ErrorCode.VALIDATION_ERROR)
    if code.startswith("MISSING_") and first["type"] != "missing":
        code = ErrorCode.VALIDATION_ERROR  # it is there, and malformed
    return ApiError(code, misfit(invalid, "body"), details=problems)


def _of_http(error: Exception) -> ApiError | None:
    match error:
        case HTTPException(code=404):
            return ApiError(ErrorCode.NOT_FOUND, "There is nothing at this path")
        case HTTPException(code=405):
            return ApiError(ErrorCode.METHOD_NOT_ALLOWED, "This path does not take this method")
        case HTTPException(code=code) if code is not None and 400 <= code < 500:
            return ApiError(ErrorCode.VALIDATION_ERROR, "The request is malformed")
    return None

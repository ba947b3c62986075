"""Resumable uploads to `rupload.facebook.com`: a video in as many pieces as it takes."""

from __future__ import annotations

from functools import partial

import trio

from sandbox.graph.auth import check_may_publish
from sandbox.graph.failures import GraphRefusal
from sandbox.graph.processing import process
from sandbox.graph.rules import LARGEST_VIDEO
from sandbox.private.form import whole_number
from sandbox.wire.call import Call
from sandbox.wire.message import Response
from sandbox.world.graph_account import GraphAccount
from sandbox.world.graph_container import Container, Transfer


async def offset(call: Call, account: GraphAccount) -> Response:
    """`GET`: how many bytes have arrived."""
    _, transfer = _container(call, account)
    return Response.json(200, {"offset": transfer.received})


async def receive(call: Call, account: GraphAccount) -> Response:
    """`POST`: bytes from an offset on. Those of a transfer that breaks off are kept."""
    check_may_publish(account)
    container, transfer = _container(call, account)
    async with transfer.lock:
        return await _appended(call, container, transfer)


async def _appended(call: Call, container: Container, transfer: Transfer) -> Response:
    headers = call.request.headers
    size, start = (whole_number(headers.get(name)) for name in ("file_size", "offset"))
    if size is None or start is None:
        return _failed("InvalidHeadersError", "file_size and offset have to be numbers")
    if transfer.size not in (None, size) or not 0 < size <= LARGEST_VIDEO[container.product]:
        return _failed("FileSizeError", "file_size is not the file's, or too large")
    if start != transfer.received or start == size:
        return _failed("OffsetInvalidError", f"The next offset is {transfer.received}")
    body = call.request.body
    if start + body.size > size:
        return _failed("FileSizeError", "There are more bytes than file_size says")
    await trio.to_thread.run_sync(body.append_to, transfer.file)
    transfer.size, transfer.received = size, start + body.size
    if transfer.received < size:
        return _failed("PartialRequestError", "Bytes are missing", retriable=True)
    container.ready_at = call.world.now() + container.account.processing_s
    call.start_soon(partial(process, container, call.world, call.ledger))
    return Response.json(200, {"success": True, "message": "Upload successful."})


def _container(call: Call, account: GraphAccount) -> tuple[Container, Transfer]:
    container = call.world.graph.containers.get(call.args[0])
    if container is None or container.transfer is None or not container.belongs_to(account):
        raise GraphRefusal("does_not_exist")
    return container, container.transfer


def _failed(kind: str, message: str, *, retriable: bool = False) -> Response:
    info = {"retriable": retriable, "type": kind, "message": message}
    return Response.json(400, {"debug_info": info})

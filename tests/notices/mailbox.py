"""A mail server on this machine that takes one mail after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

import trio

from tests.support.limits import DEADLOCK_S

_ANSWERS = {b"EHLO": b"250-here\r\n250 AUTH PLAIN\r\n", b"AUTH": b"235 welcome\r\n"}


@dataclass
class Mailbox:
    """What came; with `refuses` it takes no mail, with `leaves` it goes once it has taken one."""

    port: int
    refuses: bool = False
    leaves: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    came: trio.Event = field(default_factory=trio.Event)

    async def wait_for(self, count: int) -> None:
        with trio.fail_after(DEADLOCK_S):
            while len(self.mails) < count:
                self.came = trio.Event()
                await self.came.wait()

    async def serve(self, stream: trio.SocketStream) -> None:
        async with stream:
            await stream.send_all(b"220 here\r\n")
            rest, mail = b"", None
            while part := await stream.receive_some(65536):
                *lines, rest = (rest + part).split(b"\r\n")
                for line in lines:
                    if mail is not None:
                        if line != b".":
                            mail += line + b"\r\n"
                            continue
                        found = message_from_bytes(mail, policy=policy.default)
                        assert isinstance(found, EmailMessage)
                        self.mails.append(found)
                        self.came.set()
                        mail = None
                        if self.leaves:
                            await stream.send_all(b"250 taken\r\n")
                            return
                    elif line.upper() == b"DATA":
                        if self.refuses:
                            await stream.send_all(b"554 no\r\n")
                            continue
                        mail = b""
                        await stream.send_all(b"354 go on\r\n")
                        continue
                    await stream.send_all(_ANSWERS.get(line[:4].upper(), b"250 well\r\n"))


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    """Run a mail server on this machine."""
    async with trio.open_nursery() as nursery:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        box = Mailbox(listener.socket.getsockname()[1])
        nursery.start_soon(trio.serve_listeners, box.serve, [listener])
        yield box
        nursery.cancel_scope.cancel()

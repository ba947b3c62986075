"""A load generator that costs a tenth of what it measures: one thread, epoll, no HTTP library."""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a server did under one load."""

    requests_per_s: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


class _Connection:
    """One kept connection with one request on the way; opened anew when the server ends it."""

    def __init__(self, port: int, poll: select.epoll, kept: dict[int, _Connection]) -> None:
        self._port = port
        self._poll = poll
        self._kept = kept
        self._open()

    def ask(self, request: bytes) -> None:
        self._request = request
        self._sent = time.perf_counter()
        self.socket.sendall(request)

    def hear(self) -> float | None:
        """Take what has come; returns the seconds since `ask` when the answer is whole."""
        data = self.socket.recv(1 << 16)
        answer = self._answer + data if self._answer else data
        head = answer.find(b"\r\n\r\n")
        if head > 0 and answer.startswith(b"HTTP/1.1 20"):
            at = answer.lower().find(b"content-length:", 0, head) + 15
            if len(answer) >= head + 4 + int(answer[at : answer.find(b"\r", at)]):
                self._answer = b""
                return time.perf_counter() - self._sent
        elif answer:
            raise RuntimeError(f"refused: {answer[:200]!r}")
        else:  # Hypercorn ends a connection after a thousand requests
            del self._kept[self.socket.fileno()]
            self.socket.close()
            self._open()
            self.ask(self._request)
        self._answer = answer
        return None

    def _open(self) -> None:
        self._answer = b""
        self.socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._poll.register(self.socket, select.EPOLLIN)
        self._kept[self.socket.fileno()] = self


def load(
    port: int, requests: Sequence[bytes], *, pid: int, connections: int, seconds: float
) -> Sample:
    """Ask one request after the other on each connection, and watch the server's processor."""
    poll, kept = select.epoll(), dict[int, _Connection]()
    for each in [_Connection(port, poll, kept) for _ in range(connections)]:
        each.ask(requests[0])
    next_request = cycle(requests)
    latencies: list[float] = []
    cpu, begin = cpu_s(pid), time.perf_counter()
    while time.perf_counter() < begin + seconds:
        for descriptor, _ in poll.poll(10):
            asker = kept[descriptor]
            if (latency := asker.hear()) is not None:
                latencies.append(latency)
                asker.ask(next(next_request))
    wall, cpu = time.perf_counter() - begin, cpu_s(pid) - cpu
    for each in kept.values():
        each.socket.close()
    poll.close()
    latencies.sort()
    return Sample(
        requests_per_s=len(latencies) / wall,
        cpu_us=cpu / len(latencies) * 1e6,
        p50_ms=latencies[len(latencies) // 2] * 1000,
        p99_ms=latencies[len(latencies) * 99 // 100] * 1000,
    )


def get(path: str, key: str = "") -> bytes:
    """Return the bytes of a GET request."""
    bearer = f"Authorization: Bearer {key}\r\n" if key else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\n".encode()


def cpu_s(pid: int) -> float:
    """Return the processor time that a process has used so far, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def status_mib(pid: int, name: str) -> float:
    """Return a figure of `/proc/PID/status`, such as VmRSS."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise LookupError(name)

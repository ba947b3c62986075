"""Runs the daemon's services side by side and decides what a crash of one means."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import trio

logger = logging.getLogger(__name__)

FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 60.0
SOUND_AFTER_S = 300.0


class Policy(StrEnum):
    """FATAL: the daemon ends, and its supervisor starts it anew. RESTART: the service does."""

    FATAL = "fatal"
    RESTART = "restart"


class State(StrEnum):
    STARTING = "starting"
    RUNNING = "running"
    BACKOFF = "backoff"
    STOPPED = "stopped"


class Run(Protocol):
    async def __call__(self, *, task_status: trio.TaskStatus[None]) -> None: ...


@dataclass(frozen=True, slots=True)
class Service:
    """Something that runs for the daemon's life, and what a crash of it means.

    `proof` returns when the running service has made a step; None where nothing can be stuck.
    `trouble` says what keeps a running service from its work.
    """

    name: str
    run: Run
    policy: Policy
    proof: Callable[[], Awaitable[None]] | None = None
    trouble: Callable[[], str | None] = lambda: None


class ServiceCrashed(Exception):
    """A service without which the daemon cannot go on has crashed."""


class EndedByItself(Exception):
    """A service has returned although nobody had asked it to."""


class Supervisor:
    """Starts services in order, each ready before the next, and keeps them running."""

    def __init__(
        self, services: Sequence[Service] = (), on_change: Callable[[], None] = lambda: None
    ) -> None:
        """`on_change` hears of every change of a service's state."""
        self._services: list[Service] = []
        self._on_change = on_change
        self._states: dict[str, State] = {}
        self._ended: dict[str, trio.Event] = {}
        self._stop = trio.Event()
        self.add(*services)

    def add(self, *services: Service) -> None:
        """Take more services in, before it runs: some want to know of the others' states."""
        for service in services:
            self._services.append(service)
            self._states[service.name] = State.STARTING
            self._ended[service.name] = trio.Event()

    def states(self) -> Mapping[str, str]:
        """Return each service's state by name."""
        return {name: state.value for name, state in self._states.items()}

    def troubles(self) -> Mapping[str, str]:
        """Return what keeps running services from their work, by name."""
        found = {service.name: service.trouble() for service in self._services}
        return {
            name: trouble
            for name, trouble in found.items()
            if trouble is not None and self._states[name] is State.RUNNING
        }

    def proofs(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """Return the running services' names and how each proves its progress."""
        return [
            (service.name, service.proof)
            for service in self._services
            if service.proof is not None and self._states[service.name] is State.RUNNING
        ]

    async def run(
        self,
        *,
        on_ready: Callable[[], None],
        stop: trio.Event,
        drain: Callable[[], None],
        grace_s: float,
    ) -> None:
        """Run every service until `stop` is set; then `drain`, and wait at most `grace_s`.

        Services with the policy FATAL end by themselves when drained, the others are
        cancelled. Raises a group with `ServiceCrashed` when a fatal one crashed.
        """
        self._stop = stop
        async with trio.open_nursery() as nursery:
            for service in self._services:
                await nursery.start(self._keep, service, name=service.name)
            on_ready()
            await stop.wait()
            drain()
            with trio.move_on_after(grace_s):
                for service in self._services:
                    if service.policy is Policy.FATAL:
                        await self._ended[service.name].wait()
            nursery.cancel_scope.cancel()

    async def _keep(
        self, service: Service, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Run a service, again and again where its policy says so. Started when it first is."""
        backoff_s = FIRST_BACKOFF_S
        while True:
            started_at = trio.current_time()
            self._enter(service, State.STARTING)
            try:
                async with trio.open_nursery() as nursery:
                    await nursery.start(service.run, name=service.name)
                    self._enter(service, State.RUNNING)
                    task_status.started()
                    task_status = trio.TASK_STATUS_IGNORED
                if not self._stop.is_set():  # else nobody would hear that it is gone
                    raise EndedByItself
                self._enter(service, State.STOPPED)
                self._ended[service.name].set()
                return
            except Exception as error:
                logger.exception("service crashed name=%s policy=%s", service.name, service.policy)
                if service.policy is Policy.FATAL:
                    raise ServiceCrashed(f"The service {service.name} crashed") from error
            # A service that fails at its start must not keep the others from starting.
            task_status.started()
            task_status = trio.TASK_STATUS_IGNORED
            if trio.current_time() - started_at > SOUND_AFTER_S:
                backoff_s = FIRST_BACKOFF_S
            self._enter(service, State.BACKOFF)
            await trio.sleep(backoff_s * random.uniform(1, 1.5))
            backoff_s = min(2 * backoff_s, LONGEST_BACKOFF_S)

    def _enter(self, service: Service, state: State) -> None:
        self._states[service.name] = state
        logger.info("service name=%s state=%s", service.name, state)
        self._on_change()

"""Services started in order, restarted or fatal by policy, and ended in one way."""

from __future__ import annotations

from functools import partial

import pytest
import trio

from daemon import supervisor as supervision
from daemon.supervisor import Policy, Service, ServiceCrashed, Supervisor
from tests.support.limits import DEADLOCK_S


class Worker:
    """A service that tells what happens to it, and crashes when told."""

    def __init__(self, crashes: int = 0, *, before_ready: bool = False) -> None:
        self.starts = 0
        self.ended = False
        self.drained = trio.Event()
        self._crashes = crashes
        self._before_ready = before_ready

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        self.starts += 1
        crash = self.starts <= self._crashes
        if crash and self._before_ready:
            raise RuntimeError("cannot start")
        task_status.started()
        try:
            if crash:
                raise RuntimeError("a bug")
            await self.drained.wait()
        finally:
            self.ended = True


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "FIRST_BACKOFF_S", 0.01)


async def test_ready_means_every_service_has_started() -> None:
    workers = [Worker(), Worker()]
    services = [Service(f"w{n}", w.run, Policy.RESTART) for n, w in enumerate(workers)]
    supervisor = Supervisor(services)
    stop = trio.Event()

    def ready() -> None:
        assert [worker.starts for worker in workers] == [1, 1]
        assert dict(supervisor.states()) == {"w0": "running", "w1": "running"}
        stop.set()

    await supervisor.run(on_ready=ready, stop=stop, drain=lambda: None, grace_s=1)
    assert all(worker.ended for worker in workers)


@pytest.mark.logs_errors
@pytest.mark.parametrize("before_ready", [True, False])
async def test_a_service_that_crashes_is_restarted(
    before_ready: bool, caplog: pytest.LogCaptureFixture
) -> None:
    worker = Worker(crashes=2, before_ready=before_ready)
    supervisor = Supervisor([Service("w", worker.run, Policy.RESTART)])
    stop = trio.Event()
    async with trio.open_nursery() as nursery:
        ready = trio.Event()
        nursery.start_soon(
            partial(supervisor.run, on_ready=ready.set, stop=stop, drain=lambda: None, grace_s=1)
        )
        with trio.fail_after(DEADLOCK_S):
            await ready.wait()
            while worker.starts < 3:
                await trio.sleep(0.01)
        stop.set()
    assert caplog.text.count("service crashed name=w") == 2


@pytest.mark.logs_errors
@pytest.mark.parametrize("policy", Policy)
async def test_a_service_that_ends_by_itself_is_missed(policy: Policy) -> None:
    starts, stop = 0, trio.Event()

    async def brief(*, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        nonlocal starts
        starts += 1
        task_status.started()
        if starts == 2:
            stop.set()

    supervisor = Supervisor([Service("brief", brief, policy)])
    run = partial(supervisor.run, on_ready=lambda: None, stop=stop, drain=lambda: None, grace_s=1)
    with trio.fail_after(DEADLOCK_S):
        if policy is Policy.FATAL:
            with pytest.RaisesGroup(ServiceCrashed):
                await run()
        else:
            await run()
    assert starts == (1 if policy is Policy.FATAL else 2)


@pytest.mark.logs_errors
async def test_a_fatal_service_ends_the_daemon() -> None:
    other = Worker()
    services = [
        Service("other", other.run, Policy.RESTART),
        Service("vital", Worker(crashes=1).run, Policy.FATAL),
    ]
    with pytest.RaisesGroup(ServiceCrashed, flatten_subgroups=True):
        await Supervisor(services).run(
            on_ready=lambda: None, stop=trio.Event(), drain=lambda: None, grace_s=1
        )
    assert other.ended


async def test_draining_lets_fatal_services_finish() -> None:
    worker = Worker()
    stop = trio.Event()
    stop.set()
    await Supervisor([Service("w", worker.run, Policy.FATAL)]).run(
        on_ready=lambda: None, stop=stop, drain=worker.drained.set, grace_s=60
    )
    assert worker.ended


async def test_what_does_not_drain_is_cancelled_after_the_grace_period() -> None:
    worker = Worker()
    stop = trio.Event()
    stop.set()
    with trio.fail_after(DEADLOCK_S):
        await Supervisor([Service("w", worker.run, Policy.FATAL)]).run(
            on_ready=lambda: None, stop=stop, drain=lambda: None, grace_s=0.1
        )
    assert worker.ended

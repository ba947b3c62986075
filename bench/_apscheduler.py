"""APScheduler 3 with its SQLite job store, given the same moments as Reprise."""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.date import DateTrigger

_heard: list[float] = []
_CHUNK = 10_000


def note(due: float) -> None:
    """Be a job: note how late it was started."""
    _heard.append(time.time() - due)


class Peer:
    """A job store of one file."""

    def __init__(self, database: Path) -> None:
        self._store = SQLAlchemyJobStore(f"sqlite:///{database}")
        self._scheduler = BackgroundScheduler(
            jobstores={"default": self._store},
            # Late is late: its default drops what is a second late.
            job_defaults={"misfire_grace_time": None},
            timezone="UTC",
        )
        self._scheduler.start(paused=True)
        far = datetime.now().astimezone() + timedelta(days=99)
        job = self._scheduler.add_job("bench._apscheduler:note", DateTrigger(far), [0.0])
        self._like = job.__getstate__()
        job.remove()

    def add(self, due: Sequence[datetime]) -> None:
        """Store a job for each moment, many in a transaction; its own way takes one by one."""
        with self._store.engine.begin() as connection:
            for start in range(0, len(due), _CHUNK):
                rows = [self._row(moment) for moment in due[start : start + _CHUNK]]
                connection.execute(self._store.jobs_t.insert(), rows)

    def lateness(self, due: Sequence[datetime]) -> list[float]:
        """Run until what is due at these moments has started; returns how late each was."""
        _heard.clear()
        self.add(due)
        self._scheduler.resume()
        deadline = max(due).timestamp() + 60
        while len(_heard) < len(due) and time.time() < deadline:
            time.sleep(0.05)
        self._scheduler.pause()
        assert len(_heard) == len(due), "APScheduler lost jobs"
        return list(_heard)

    def close(self) -> None:
        self._scheduler.shutdown()

    def _row(self, moment: datetime) -> dict[str, object]:
        named = {"id": uuid4().hex, "next_run_time": moment}
        state = {**self._like, **named, "trigger": DateTrigger(moment)}
        state["args"] = (moment.timestamp(),)
        return {
            "id": named["id"],
            "next_run_time": moment.timestamp(),
            "job_state": pickle.dumps(state, pickle.HIGHEST_PROTOCOL),
        }

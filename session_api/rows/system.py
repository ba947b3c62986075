"""Health, readiness, metrics, build and versions: for probes, without a key or a session."""

from __future__ import annotations

import inspect
from typing import Any

from session_api.question import Question
from session_api.row import Group, Rail

system = Group("System")


async def _said(question: Question) -> Any:
    said = question.around.system[question.row.path.strip("/")]()
    return await said if inspect.isawaitable(said) else said


for _name, _gives, _summary in (
    ("health", "Dict", "Whether the process answers"),
    ("ready", "Dict", "Whether storage and dependencies are ready; 503 where not"),
    ("metrics", "text", "Prometheus' text"),
    ("build", "Dict", "Which build runs"),
    ("deps", "Dict", "Versions of what it is built on"),
):
    system.row(
        "GET", f"/{_name}", "", None, _gives, Rail.LOCAL, _summary, handler=_said, is_public=True
    )

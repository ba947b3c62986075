"""What every answer is: what it does not know yet is ignored, and what is missing is None."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    """An answer of the API, with names as Python writes them."""

    model_config = ConfigDict(populate_by_name=True, extra="ignore", frozen=True)


def named(wire: str) -> Any:
    """Declare a field by its name in JSON; None where a server does not send it."""
    return Field(default=None, alias=wire)


def listed(wire: str) -> Any:
    """Declare a list; empty where a server does not send it."""
    return Field(default_factory=list, alias=wire)

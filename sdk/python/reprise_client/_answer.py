"""What every answer is: what it does not know yet is ignored, and what is missing is None."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Answer(BaseModel):
    """An answer of the API, with names as Python writes them."""

    model_config = ConfigDict(populate_by_name=True, extra="ignore", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, said: Any) -> Any:
        """What a server sends as null is as if it were missing, whatever ours sends there."""
        if isinstance(said, dict):
            return {name: value for name, value in said.items() if value is not None}
        return said


def named(wire: str) -> Any:
    """Declare a field by its name in JSON; None where a server does not send it."""
    return Field(default=None, alias=wire)


def listed(wire: str) -> Any:
    """Declare a list; empty where a server does not send it."""
    return Field(default_factory=list, alias=wire)

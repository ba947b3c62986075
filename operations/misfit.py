"""What is wrong with an input that has not the form of its model, in one line for every face."""

from __future__ import annotations

from pydantic import ValidationError


def misfit(invalid: ValidationError, whole: str = "input") -> str:
    """Return where and how it does not fit; `whole` names the input where no field is to blame."""
    first = invalid.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or whole
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"

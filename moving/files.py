"""The file of an import as a document: our export, VoidGram's lists as JSON, or its database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from moving.plan import NotImported, is_known
from storage import foreign
from storage.errors import Damaged

LARGEST_DOCUMENT = 1 << 30


def read_file(file: Path, name: str) -> Any:
    """Return what is in a file; raises `NotImported`, which calls it by `name`. Blocks."""
    try:
        if foreign.is_database(file):
            return foreign.read_tables(file, is_known)
        if file.stat().st_size > LARGEST_DOCUMENT:
            raise NotImported([f"{name} is larger than any export"])
        return json.loads(file.read_text(encoding="utf-8-sig"), parse_constant=_refuse)
    except RecursionError:
        raise NotImported([f"{name} is nested deeper than any export"]) from None
    except Damaged as error:
        raise NotImported([str(error).replace(str(file), name)]) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise NotImported([f"{name} is neither JSON ({where}) nor a SQLite database"]) from None
    except ValueError:  # no UTF-8, `NaN`, a number of thousands of digits
        raise NotImported([f"{name} is neither JSON nor a SQLite database"]) from None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")

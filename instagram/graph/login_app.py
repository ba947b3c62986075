"""An app of Instagram Login, without what speaks to Instagram: commands are named faster so."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LoginApp:
    """An app of Instagram Login, with which a person logs in at Instagram."""

    id: str
    secret: str = field(repr=False)

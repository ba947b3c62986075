"""How long tests wait for what must come: only a deadlock takes as long on the busiest machine.

No test measures by it. What must be quick is proved by what happens meanwhile, not by a clock.
"""

from __future__ import annotations

DEADLOCK_S = 100.0

"""What we claim, in one table: bench -> check -> (operator, target). A bench passes only if all of its checks hold."""

from __future__ import annotations

TARGETS: dict[str, dict[str, tuple[str, float]]] = {
    "journeys": {
        "questions": (">=", 60),
        "right_share": (">=", 0.95),
        "wrong_numbers": ("<=", 0),
        "p50_s": ("<=", 1.0),
    },
}

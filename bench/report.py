"""The one JSON object a bench prints as its last line, and its exit code."""

from __future__ import annotations

import json
import operator
import os
import platform
import sys
from collections.abc import Callable, Mapping
from typing import Any

from bench.targets import TARGETS

_HOLDS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "==": operator.eq,
}  # fmt: skip


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return {
        "cpu": platform.machine(), "cores": os.cpu_count(), "memory_gb": round(memory_gb, 1),
        "system": platform.system(), "python": platform.python_version(),
    }  # fmt: skip


def report(name: str, values: Mapping[str, float]) -> dict[str, Any]:
    """Every target of the bench beside what was measured; a value not measured fails its check."""
    checks = []
    for id, (op, target) in TARGETS[name].items():
        value = values.get(id)
        ok = value is not None and _HOLDS[op](value, target)
        checks.append({"id": id, "value": value, "op": op, "target": target, "ok": ok})
    return {
        "name": name,
        "ok": all(c["ok"] for c in checks),
        "checks": checks,
        "machine": machine(),
    }


def finish(name: str, values: Mapping[str, float]) -> None:
    """Print the report as the last line and exit by it."""
    found = report(name, values)
    print(json.dumps(found, ensure_ascii=False))
    sys.exit(0 if found["ok"] else 1)

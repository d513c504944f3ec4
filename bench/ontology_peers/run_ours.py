"""Plantroom on the campus, by the same tasks as the peers: JSON in, JSON out, in a process of its own."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from ontology.codec.pick import read_file
from ontology.filter import parse_filter
from ontology.index import EntityIndex
from ontology.kinds import Ref


def load(task: dict[str, Any]) -> tuple[EntityIndex, float]:
    """The file as an index that answers, and the seconds it took."""
    began = time.perf_counter()
    index = EntityIndex(read_file(Path(task["file"])))
    return index, time.perf_counter() - began


def timed(index: EntityIndex, text: str, times: int) -> dict[str, float]:
    """Milliseconds of the first answer and of the best later one; answers are entities, as a caller gets them."""
    took, count = [], 0
    for _ in range(times + 1):
        began = time.perf_counter()
        count = len(index.find(text))
        took.append(1e3 * (time.perf_counter() - began))
    return {"first_ms": took[0], "warm_ms": min(took[1:]), "count": count}


def commit_ms(index: EntityIndex, id: str, times: int) -> float:
    """Milliseconds until one changed record is in the index: a text, a marker and a ref change each time."""
    took = []
    for number in range(times):
        tags = dict(index.get(id) or {}) | {"note": f"checked {number}", "dis": f"Point {number}"}
        tags["equipRef"] = Ref(f"s1.ahu-{1 + number % 2}")
        began = time.perf_counter()
        index.apply({id: tags})
        took.append(1e3 * (time.perf_counter() - began))
    return min(took)


def matches(index: EntityIndex, text: str) -> list[str]:
    """Ids the index finds. The slow predicate must find the same."""
    found = sorted(tags["id"].id for tags in index.find(text))
    holds = parse_filter(text)
    plain = sorted(t["id"].id for t in index if holds(t, lambda ref: index.get(ref.id)))
    if found != plain:
        raise SystemExit(f"the index finds {len(found)}, the predicate {len(plain)}: {text}")
    return found


def main() -> None:
    task = json.load(sys.stdin)
    index, load_s = load(task)
    answer: dict[str, Any] = {"load_s": load_s, "entities": len(index)}
    answer["queries"] = {
        name: timed(index, text, task["times"]) for name, text in task.get("queries", {}).items()
    }
    if "commit" in task:
        answer["commit_ms"] = commit_ms(index, task["commit"], task["times"])
    answer["matches"] = [matches(index, text) for text in task.get("filters", ())]
    answer["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

"""rusty-haystack on the campus. Runs in its own environment, so it imports nothing of ours; a task as JSON in, an answer as JSON out."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import rusty_haystack as haystack

CODECS = {"zinc": "text/zinc", "hayson": "application/json"}


def load(task):
    began = time.perf_counter()
    grid = haystack.decode_grid(CODECS[task["format"]], Path(task["file"]).read_text("utf-8"))
    graph = haystack.EntityGraph.from_grid(grid)
    del grid
    return graph, time.perf_counter() - began


def timed(graph, text, times):
    took = []
    for _ in range(times + 1):
        began = time.perf_counter()
        count = len(graph.read(text))
        took.append(1e3 * (time.perf_counter() - began))
    return {"first_ms": took[0], "warm_ms": min(took[1:]), "count": count}


def commit_ms(graph, id, times):
    took = []
    for number in range(times):
        began = time.perf_counter()
        graph.update(id, haystack.HDict({"note": f"checked {number}"}))
        took.append(1e3 * (time.perf_counter() - began))
    return min(took)


def matches(graph, text):
    try:
        return sorted(row["id"].val for row in graph.read(text).rows())
    except haystack.HaystackError as error:
        return {"error": str(error)}


def main():
    task = json.load(sys.stdin)
    graph, load_s = load(task)
    answer = {"load_s": load_s, "entities": len(graph)}
    answer["queries"] = {
        name: timed(graph, text, task["times"]) for name, text in task.get("queries", {}).items()
    }
    if "commit" in task:
        answer["commit_ms"] = commit_ms(graph, task["commit"], task["times"])
    answer["matches"] = [matches(graph, text) for text in task.get("filters", ())]
    answer["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump(answer, sys.stdout)


main()

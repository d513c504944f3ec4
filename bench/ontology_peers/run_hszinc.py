"""hszinc (what pyhaystack reads with) on the campus: Zinc alone. Runs in its own environment; JSON in, JSON out."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import hszinc


def main():
    task = json.load(sys.stdin)
    text = Path(task["file"]).read_text("utf-8")
    began = time.perf_counter()
    grid = hszinc.parse(text, mode=hszinc.MODE_ZINC, single=True)
    answer = {"load_s": time.perf_counter() - began, "entities": len(grid)}
    answer["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump(answer, sys.stdout)


main()

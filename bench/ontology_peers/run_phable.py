"""phable on the campus: it reads, but has neither a store nor a filter. Runs in its own environment; JSON in, JSON out."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from phable.io.ph_codecs import PH_CODECS

CODECS = {"zinc": "zinc", "hayson": "json"}


def main():
    task = json.load(sys.stdin)
    text = Path(task["file"]).read_text("utf-8")
    began = time.perf_counter()
    grid = PH_CODECS[CODECS[task["format"]]].decoder(text)
    answer = {"load_s": time.perf_counter() - began, "entities": len(grid.rows)}
    answer["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump(answer, sys.stdout)


main()

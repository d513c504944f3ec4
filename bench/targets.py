"""What we claim, in one table: bench -> check -> (operator, target). A bench passes only if all of its checks hold."""

from __future__ import annotations

TARGETS: dict[str, dict[str, tuple[str, float]]] = {
    "journeys": {
        "questions": (">=", 60),
        "right_share": (">=", 0.95),
        "wrong_numbers": ("<=", 0),
        "p50_s": ("<=", 1.0),
    },
    "start": {
        "clean_s": ("<=", 300),
        "warm_s": ("<=", 20),
    },
    "history": {
        "bulk_s": ("<=", 60),
        "bytes_per_row": ("<=", 8),
        "latest_all_ms": ("<=", 50),
        "day_of_one_ms": ("<=", 50),
        "month_hourly_50_ms": ("<=", 250),
        "month_all_5min_s": ("<=", 15),
        "write_2976_ms": ("<=", 100),
        "sql_view_hourly_ms": ("<=", 250),
        "open_s": ("<=", 5),
    },
    "ontology": {
        "entities": ("==", 100_960),
        "zinc_load_s": ("<=", 1.5),
        "zinc_times_faster": (">=", 3),
        "hayson_load_s": ("<=", 3),
        "peak_rss_mb": ("<=", 400),
        "sensors_first_ms": ("<=", 5),
        "sensors_warm_ms": ("<=", 1),
        "two_hops_warm_ms": ("<=", 3),
        "commit_ms": ("<=", 2),
        "filters": (">=", 300),
        "filters_telling_share": (">=", 1 / 3),
        "agree_unexplained": ("==", 0),
        "tagging.unseen.exact": (">=", 0.8),
    },
}

"""What we claim, in one table: bench -> check -> (operator, target). A bench passes only if all of its checks hold."""

from __future__ import annotations

_NOTHING_LOST: dict[str, tuple[str, float]] = {
    "lost_samples": ("==", 0),
    "samples_twice": ("==", 0),
    "sums_off": ("==", 0),
    "outage_hours": (">=", 24),
    "broker_frames_unexplained": ("==", 0),
    "broker_points_missing": ("==", 0),
    "full_disk_refusals": (">=", 3),
    "delivery_latest_off": ("==", 0),
    "writers_refused": ("==", 10),
    "reboot_changes_back_s": ("<=", 60),  # its lifetime is 600 s
    "clock_jumps_told": ("==", 8),
    "clock_next_polls_s": ("<=", 1),
}
"""What every run of the faults bench must show, however many rounds it has."""

_IN: dict[str, tuple[str, float]] = {
    "bacnet_points_s": (">=", 2_000),
    "modbus_registers_s": (">=", 200_000),
    "lorawan_uplinks_s": (">=", 4_000),
    "end_to_end_samples_s": (">=", 20_000),
    "end_to_end_latest_age_p95_s": ("<=", 5),
    "end_to_end_lost": ("==", 0),
}
"""What every run of the ingest bench must show, however long it takes."""

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
        "rows": ("==", 43_200_000),
        "bytes_per_row": ("<=", 4),
        "latest_ms": ("<=", 5),
        "day_of_one_ms": ("<=", 5),
        "month_hourly_50_ms": ("<=", 25),
        "asof_ms": ("<=", 20),
        "live_p95_change": ("<=", 0.20),
        "bulk_s": ("<=", 90),
        "backup_s": ("<=", 10),
        "open_s": ("<=", 5),
    },
    "sql": {
        "duckdb.attacks": (">=", 150),
        "duckdb.leaks_and_writes": ("==", 0),
        "duckdb.queries": (">=", 60),
        "duckdb.queries_failed": ("==", 0),
        "duckdb.worker_gb": ("<=", 1.0),
        "postgres.leaks_and_writes": ("==", 0),
        "postgres.queries_failed": ("==", 0),
        "overrun_s": ("<=", 3.0),
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
    "ingest": {
        **_IN,
        "end_to_end_s": (">=", 300),
        "end_to_end_rss_mb_per_min": ("<=", 5),
    },
    "ingest_quick": {
        **_IN,
        "end_to_end_s": (">=", 20),
    },
    "faults": {
        **_NOTHING_LOST,
        "ingest_kills": ("==", 100),
        "owner_kills": ("==", 100),
        "postgres_restarts": ("==", 20),
        "broker_restarts": ("==", 20),
        "broker_recovered": ("==", 20),
        "acknowledged_samples": (">=", 1_000_000),
    },
    "faults_quick": {
        **_NOTHING_LOST,
        "ingest_kills": ("==", 5),
        "owner_kills": ("==", 5),
        "postgres_restarts": ("==", 3),
        "broker_restarts": ("==", 3),
        "broker_recovered": ("==", 3),
    },
    "serving": {
        "weights_gb_off": ("<=", 0.001),
        "weights_gib_off": ("<=", 0.001),
        "weights_per_gpu_gb_off": ("<=", 0.001),
        "kv_bytes_per_token": ("==", 327_680),
        "kv_tokens_tp4_off": ("<=", 0.03),
        "vllm_tp2_eager_off": ("<=", 0.05),
        "vllm_pp2_off": ("<=", 0.05),
        "hf_pipeline_off": ("<=", 0.15),
        "hf_4bit_off": ("<=", 0.15),
        "scaling_7b_off": ("<=", 0.15),
        "scaling_70b_off": ("<=", 0.15),
        "utilisation_off": ("<=", 0.15),
        "train_full_gb_off": ("<=", 0.01),
        "train_lora_gb_off": ("<=", 0.03),
        "train_qlora_gb_off": ("<=", 0.03),
        "held_out_points": (">=", 80),
        "held_out_unanswered": ("==", 0),
        "held_out_tpot_median_off": ("<=", 0.17),
        "held_out_ttft_median_off": ("<=", 0.50),
    },
    "serving_real": {
        "parallel_prompts": (">=", 20),
        "parallel_tokens_differ": ("==", 0),
        "stream_tp2_over_pp2": (">", 1.0),
        "agent_chats": (">=", 32),
        "agent_added_ttft_ms": ("<=", 60),
        "agent_throughput_share": (">=", 0.90),
    },
}

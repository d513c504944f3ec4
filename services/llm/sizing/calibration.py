"""Published measurements of real servers with their sources: those the constants were set on, and those kept for the report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from statistics import median

from services.llm.sizing.efficiency import Engine
from services.llm.sizing.fit import Layout, Setup, default_runtime
from services.llm.sizing.gpus import gpu_named
from services.llm.sizing.models import model
from services.llm.sizing.quant import quant_for
from services.llm.sizing.speed import Engineered, Workload, predict


class Use(StrEnum):
    """What a measurement was for: a constant was set on it, a formula was chosen by it, or nothing but the report."""

    FITTED = "fitted"
    CHOSEN = "chosen"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement: milliseconds, None where it was not published."""

    source: str
    use: Use
    model: str
    gpu: str
    tp: int
    quant: str
    engine: str
    load: Workload
    tpot_ms: float
    ttft_ms: float | None = None
    kv_bytes: float = 2.0


_NIM = "NVIDIA NIM for LLMs, performance page (1.0.0 benchmarking guide)"
_TT = "github.com/tenstorrent/tt-inference-server/issues/"
_X = "github.com/SemiAnalysisAI/InferenceX/issues/828"
_TRT = "github.com/NVIDIA/TensorRT-LLM/issues/5929"
_CSV = "github.com/wbing520/ai-performance-engineering, dataset/nim.csv (NIM with TensorRT-LLM, genai-perf, averages)"
_NIM_15 = "NVIDIA NIM for LLMs, performance tables llm-1_5 (llama-3.3-70b)"
_VULTR = "docs.vultr.com/inference-cookbook/cuda/optimization/concurrency-tuning (vLLM 0.16 and 0.12, HGX B200)"
_X_870 = "github.com/SemiAnalysisAI/InferenceX/issues/870 (SGLang 0.5.7, means)"
_ORACLE = "blogs.oracle.com: serving Llama 3.1 405B with MI300X (vLLM benchmark_latency, answer's time over its tokens)"
_BUILDKITE = "buildkite.com/vllm/performance-benchmark/builds/9515 (benchmark_latency, answer's time over its tokens)"
FITTED, CHOSEN, HELD = Use


def _series(source: str, use: Use, setup: tuple[str, str, int, str, str], rows: str, kv: float = 2.0) -> list[Point]:  # fmt: skip
    """Rows `isl/osl/concurrency tpot [ttft]`, joined by `;`."""
    found = []
    for row in rows.split(";"):
        load, tpot, *ttft = row.split()
        isl, osl, c = (int(part) for part in load.split("/"))
        name, gpu, tp, quant, engine = setup
        found.append(
            Point(source, use, name, gpu, tp, quant, engine, Workload(isl, osl, c), float(tpot),
                  float(ttft[0]) if ttft else None, kv)
        )  # fmt: skip
    return found


POINTS: tuple[Point, ...] = (
    *_series(_TT + "143", FITTED, ("qwen2.5-72b", "h100-80", 2, "bf16", "vllm"),
             "128/128/1 30.9 41.1;4096/128/1 31.1 505.1;8192/128/1 31.3 1063.8"),
    *_series(_TT + "143", HELD, ("qwen2.5-72b", "h100-80", 2, "bf16", "vllm"),
             "128/1024/1 30.9 35.0;1024/128/1 31.0 129.2;2048/128/1 31.0 149.5;3072/128/1 31.1 270.9"),
    *_series(_TT + "340", FITTED, ("qwen3-1.7b", "a100-80", 1, "bf16", "vllm"), "128/128/1 4.6 11.4"),
    *_series(_TT + "340", HELD, ("qwen3-1.7b", "a100-80", 1, "bf16", "vllm"),
             "128/1024/1 4.7 14.0;1024/128/1 4.8 26.4;2048/128/1 5.0 30.9"),
    *_series(_TT + "340", FITTED, ("qwen3-30b-a3b", "a100-80", 1, "bf16", "vllm"), "128/128/1 9.6 35.7"),
    *_series(_TT + "340", HELD, ("qwen3-30b-a3b", "a100-80", 1, "bf16", "vllm"),
             "128/1024/1 9.7 27.0;1024/128/1 9.8 70.3;2048/128/1 9.9 81.0;3072/128/1 10.1 90.2;4096/128/1 10.3 75.2;8192/128/1 10.6 227.0"),
    *_series(_TT + "394", FITTED, ("qwen3-4b", "rtx-4090", 1, "bf16", "vllm"), "128/128/1 10.5 33.1"),
    *_series(_TT + "394", HELD, ("qwen3-4b", "rtx-4090", 1, "bf16", "vllm"),
             "128/1024/1 10.4 24.7;1024/128/1 10.3 62.1;2048/128/1 10.8 77.7;4096/128/1 10.9 76.6"),
    *_series(_TT + "356", HELD, ("deepseek-r1", "h100-80", 8, "w4", "vllm"),
             "128/128/1 16.1 47.3;128/1024/1 16.1 27.3;1024/128/1 16.1 105.3;2048/128/1 16.3 127.3;8192/128/1 16.6 242.0"),
    *_series(_X, FITTED, ("gpt-oss-120b", "h100-80", 8, "mxfp4", "vllm"), "1024/1024/4 3.72"),
    *_series(_X, HELD, ("gpt-oss-120b", "h100-80", 8, "mxfp4", "vllm"),
             "1024/1024/8 4.05;1024/1024/16 4.83;1024/1024/32 5.82;1024/1024/64 7.36;1024/8192/4 3.68;1024/8192/16 4.53;1024/8192/32 5.65;8192/1024/4 3.95;8192/1024/8 4.59"),
    *_series(_NIM, FITTED, ("llama-3.3-70b", "h100-80", 2, "fp8", "trtllm"), "5000/500/1 18.58 406.77", 1.0),
    *_series(_NIM, HELD, ("llama-3.3-70b", "h100-80", 2, "fp8", "trtllm"),
             "5000/500/5 21.83 546.7;5000/500/25 38.75 688.69;5000/500/50 59.73 834.51", 1.0),
    *_series(_NIM, FITTED, ("llama-3.1-8b", "h100-80", 1, "fp8", "trtllm"), "200/200/1 4.63 10.26", 1.0),
    *_series(_NIM, HELD, ("llama-3.1-8b", "h100-80", 1, "fp8", "trtllm"),
             "200/200/5 4.58 16.81;200/200/25 5.19 36.34;200/200/50 5.91 67.41;200/200/100 7.57 119.97;200/200/150 9.81 346.53;200/200/200 12.65 465.18", 1.0),
    *_series(_TRT, FITTED, ("deepseek-r1", "h200-141", 8, "fp8-block", "trtllm"), "1600/600/1 10.81 134.4"),
    *_series(_TRT, HELD, ("deepseek-r1", "h200-141", 8, "fp8-block", "trtllm"), "8192/600/1 11.59 370.1;1600/600/8 15.66 495.4"),
    *_series("github.com/vllm-project/vllm/issues/20710 (vLLM 0.9.0, TTFT in hundredths of a second)", HELD,
             ("llama-3.3-70b", "b200", 2, "fp8", "vllm"), "512/512/16 11.6 70"),
    *_series(_CSV, CHOSEN, ("llama-3.1-8b", "a100-80", 2, "bf16", "trtllm"),
             "200/1000/1 8.33 21.4;200/1000/2 8.49 32.4;200/1000/5 8.72 40.2;200/1000/10 9.13 85.5;200/1000/25 10.54 119.0;200/1000/50 12.79 297.1;200/1000/100 19.99 414.7;200/1000/150 25.16 760.1;200/1000/200 32.11 920.8;200/1000/250 37.04 1242.9"),
    *_series(_CSV, CHOSEN, ("llama-3.1-8b", "a100-80", 2, "bf16", "trtllm"),
             "2000/2000/1 9.24 91.4;2000/2000/2 9.43 132.7;2000/2000/5 9.67 336.3;2000/2000/10 11.15 701.3;2000/2000/25 14.95 1420.5;2000/2000/50 22.37 2110.9;2000/2000/100 38.85 2938.8;2000/2000/150 54.36 3587.4"),
    *_series(_CSV, HELD, ("llama-3.1-8b", "a100-80", 2, "bf16", "trtllm"),
             "200/2000/1 8.53 23.4;200/2000/2 8.69 32.2;200/2000/5 8.92 45.1;200/2000/10 9.56 84.3;200/2000/25 11.38 157.4;200/2000/50 14.57 259.5;200/2000/100 23.00 549.2;200/2000/150 30.46 572.9;200/2000/200 38.70 1026.6;200/2000/250 45.45 1260.6;7000/1000/1 10.99 319.9;7000/1000/2 11.32 462.9;7000/1000/5 11.71 1231.4;7000/1000/50 54.48 2780.3"),
    *_series(_NIM_15, CHOSEN, ("llama-3.3-70b", "h100-80", 2, "fp8", "trtllm"),
             "5000/500/1 19.94 368.11;5000/500/5 23.89 446.68;5000/500/25 42.12 751.74;5000/500/50 63.72 1083.13", 1.0),
    *_series(_NIM_15, HELD, ("llama-3.3-70b", "h100-80", 2, "fp8", "trtllm"),
             "500/2000/1 19.26 71.82;500/2000/5 20.04 109.62;500/2000/25 23.28 159.62;500/2000/50 25.58 232.46;500/2000/100 32.83 293.19;500/2000/150 45.57 448.16", 1.0),
    *_series(_NIM, HELD, ("llama-3.3-70b", "h100-80", 2, "fp8", "trtllm"), "5000/500/100 92.91 7996.25;500/2000/1 18.91 47.77", 1.0),
    *_series(_VULTR, CHOSEN, ("nemotron-3-nano-30b-a3b", "b200", 2, "fp8", "vllm"),
             "2048/512/1 2.91 362;2048/512/8 3.96 152;2048/512/16 4.32 160;2048/512/32 7.86 206;2048/512/64 6.74 324;2048/512/128 8.91 520;2048/512/256 11.77 1254;2048/512/512 15.46 2610"),
    *_series(_VULTR, HELD, ("minimax-m2", "b200", 4, "fp8-block", "vllm"), "2048/512/1 11.40 84;2048/512/8 13.37 217;2048/512/16 15.01 77"),
    *_series(_X_870, HELD, ("deepseek-r1", "h200-141", 8, "fp8-block", "sglang"),
             "1024/1024/8 12.8 330.6;1024/1024/16 17.2 356.0;1024/1024/32 25.6 426.5;1024/1024/64 34.6 423.1"),
    *_series(_ORACLE, HELD, ("llama-3.1-405b", "mi300x", 8, "fp8", "vllm"), "128/128/1 27.6;128/128/8 31.0;128/128/32 40.1;128/128/64 54.1"),
    *_series(_BUILDKITE, HELD, ("llama-3.1-70b", "h200-141", 4, "bf16", "vllm"), "32/128/8 16.23"),
    *_series(_BUILDKITE, HELD, ("llama-3.1-8b", "h200-141", 1, "bf16", "vllm"), "32/128/8 6.51"),
    *_series(_BUILDKITE, HELD, ("mixtral-8x7b", "h200-141", 2, "bf16", "vllm"), "32/128/8 14.98"),
    *_series("github.com/vllm-project/vllm/issues/18725 (QwQ-32B, whose shape is that of Qwen2.5-32B)", HELD,
             ("qwen2.5-32b", "h200-141", 8, "bf16", "vllm"), "137/266/1 6.49"),
)  # fmt: skip


def engineered(point: Point) -> Engineered:
    """The setup a measurement was made on."""
    shape, gpu = model(point.model), gpu_named(point.gpu)
    runtime = default_runtime(gpu, kv_bytes=point.kv_bytes)
    return Engineered(
        Setup(shape, gpu, quant_for(shape, point.quant), Layout(point.tp), runtime), Engine(point.engine)
    )  # fmt: skip


def errors(use: Use) -> tuple[list[float], list[float]]:
    """Relative errors of time per token and of TTFT over the points of one use; a refused point counts as 1."""
    tpot, ttft = [], []
    for point in POINTS:
        if point.use is not use:
            continue
        found = predict(engineered(point), point.load)
        tpot.append(1.0 if found.refused else abs(found.tpot_s * 1e3 / point.tpot_ms - 1))
        if point.ttft_ms is not None:
            ttft.append(1.0 if found.refused else abs(found.ttft_s * 1e3 / point.ttft_ms - 1))
    return tpot, ttft


def median_errors(use: Use) -> tuple[float, float]:
    """Medians of both."""
    tpot, ttft = errors(use)
    return median(tpot), median(ttft)

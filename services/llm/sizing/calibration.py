"""Published measurements of real servers with their sources: those the constants were set on, and those kept for the report."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from services.llm.sizing.efficiency import Engine
from services.llm.sizing.fit import Layout, Setup, default_runtime
from services.llm.sizing.gpus import gpu_named
from services.llm.sizing.models import model
from services.llm.sizing.quant import quant_for
from services.llm.sizing.speed import Engineered, Workload, predict


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement: milliseconds, None where it was not published. `fitted`: a constant was set on its series."""

    source: str
    fitted: bool
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
FITTED, HELD = True, False
"""Whether a constant was set on the row, or it only reports."""


def _series(source: str, fitted: bool, setup: tuple[str, str, int, str, str], rows: str, kv: float = 2.0) -> list[Point]:  # fmt: skip
    """Rows `isl/osl/concurrency tpot [ttft]`, joined by `;`."""
    found = []
    for row in rows.split(";"):
        load, tpot, *ttft = row.split()
        isl, osl, c = (int(part) for part in load.split("/"))
        name, gpu, tp, quant, engine = setup
        found.append(
            Point(source, fitted, name, gpu, tp, quant, engine, Workload(isl, osl, c), float(tpot),
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
)  # fmt: skip


def engineered(point: Point) -> Engineered:
    """The setup a measurement was made on."""
    shape, gpu = model(point.model), gpu_named(point.gpu)
    runtime = default_runtime(gpu, kv_bytes=point.kv_bytes)
    return Engineered(
        Setup(shape, gpu, quant_for(shape, point.quant), Layout(point.tp), runtime), Engine(point.engine)
    )  # fmt: skip


def errors(*, fitted: bool) -> tuple[list[float], list[float]]:
    """Relative errors of time per token and of TTFT over the points of one kind; a refused point counts as 1."""
    tpot, ttft = [], []
    for point in POINTS:
        if point.fitted is not fitted:
            continue
        found = predict(engineered(point), point.load)
        tpot.append(1.0 if found.refused else abs(found.tpot_s * 1e3 / point.tpot_ms - 1))
        if point.ttft_ms is not None:
            ttft.append(1.0 if found.refused else abs(found.ttft_s * 1e3 / point.ttft_ms - 1))
    return tpot, ttft


def median_errors(*, fitted: bool) -> tuple[float, float]:
    """Medians of both."""
    tpot, ttft = errors(fitted=fitted)
    return median(tpot), median(ttft)

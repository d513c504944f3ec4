"""Why a server did not start or died, read from the last lines it printed: one row per cause, with what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """`final`: starting again with the same box will end the same way."""

    says: str
    hint: str
    final: bool = True


def _row(pattern: str, says: str, hint: str, *, final: bool = True) -> tuple[re.Pattern[str], Cause]:  # fmt: skip
    return re.compile(pattern, re.IGNORECASE), Cause(says, hint, final)


CAUSES = (
    _row(
        r"No available memory for the cache blocks|larger than the available KV cache memory|KV cache is needed",
        "the weights fit, and nothing or too little is left for the cache",
        "lower --max-model-len, raise --gpu-memory-utilization, use more GPUs per replica or FP8 weights; "
        "`plantroom llm fit` tells what fits",
    ),
    _row(
        r"Free memory on device .* is less than desired|less than desired GPU memory utilization",
        "something else holds memory of this GPU",
        "`nvidia-smi` names who; end it, or lower --gpu-memory-utilization", final=False,
    ),
    _row(
        r"CUDA out of memory|OutOfMemoryError|CUDA error: out of memory|cudaMalloc failed|failed to allocate .* buffer",
        "a GPU ran out of memory",
        "lower --gpu-memory-utilization, --max-num-batched-tokens or --max-num-seqs; `plantroom llm fit` tells what fits",
        final=False,
    ),
    _row(
        r"address already in use|Errno 98|couldn't bind (to )?HTTP server socket",
        "its port is taken by another program",
        "`ss -ltnp` names who; end it, or give the replica another `port`", final=False,
    ),
    _row(
        r"must be divisible by tensor parallel|not divisible by .*tensor.?parallel|attention heads .*divisible",
        "the model's heads do not divide by the tensor-parallel size",
        "use a --tensor-parallel-size that divides the heads; `plantroom llm plan` proposes one",
    ),
    _row(
        r"max_model_len .* is greater than the derived|max seq len .* is larger than",
        "the context asked is longer than the model or the cache allows",
        "lower --max-model-len",
    ),
    _row(
        r"Cannot find any model weights|No such file or directory: .*\.(safetensors|gguf|bin)|SafetensorError|"
        r"incomplete metadata, file not fully covered|HeaderTooLarge|InvalidHeader|failed to load model",
        "a file of the weights is missing or cut short",
        "`plantroom llm preflight` names it; fetch it again",
    ),
    _row(
        r"is not a local folder and is not a valid model identifier|Can't load the configuration|"
        r"Repo id must|outgoing traffic has been disabled|Invalid repository ID",
        "the model is not where `served.path` says",
        "give a folder that holds config.json and the weights",
    ),
    _row(
        r"are not supported for now|does not recognize this architecture|Model architectures .* (not supported|failed)",
        "this version of the engine does not know the model's architecture",
        "upgrade the engine, or choose another model",
    ),
    _row(
        r"NCCL (error|WARN)|ncclSystemError|ncclUnhandledCudaError|ncclRemoteError|NCCL watchdog",
        "the GPUs could not speak with each other (NCCL)",
        "set NCCL_DEBUG=INFO in `engine.env` and read the log; check /dev/shm (--ipc=host in containers), NVLink "
        "(`nvidia-smi nvlink -s`) and the network interface", final=False,
    ),
    _row(
        r"CUDA driver version is insufficient|no CUDA-capable device|CUDA error: no kernel image|Failed to infer device type|"
        r"libcuda\.so|NVML_SUCCESS|Driver/library version mismatch",
        "the driver or a GPU does not answer as the engine needs",
        "`nvidia-smi` must list every GPU; match the driver to the engine's CUDA; reboot after a driver upgrade",
    ),
    _row(
        r"fallen off the bus|Xid \d+|uncorrectable ECC|CUDA error: (an illegal|unspecified|device-side)",
        "a GPU failed while it worked",
        "`dmesg | grep -i xid`; reset or replace that GPU; take it out of `gpus` until then", final=False,
    ),
    _row(
        r"unrecognized arguments|invalid choice: |argument --\S+: |error: unknown argument|error while handling argument",
        "the engine does not know an argument of its command line",
        "see the log's last lines; correct `engine.arguments`",
    ),
    _row(
        r"^cannot start .*: (No such file or directory|Permission denied)|No module named '?vllm",
        "the engine's program is not there",
        "correct `engine.command`: a full path is safest",
    ),
)  # fmt: skip


def cause_of(lines: Sequence[str]) -> Cause | None:
    """The first cause of the table that the lines show; None where they show none."""
    text = lines[-400:]
    for pattern, cause in CAUSES:
        if any(pattern.search(line) for line in text):
            return cause
    return None

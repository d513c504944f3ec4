"""Run inside vLLM's own environment: JSON lines of [arguments, config folder or null] in, what vLLM says of each out.

The first line names the GPU to pretend: {"name", "capability": [major, minor], "bytes", "count"}, or null for this
machine as it is. Parser, model, parallel, cache, scheduler, quantisation and compilation configs are vLLM's own code and
see a CUDA platform. Stood in for: what that platform would ask the driver (name, capability, memory, count), the
compiled CUDA extensions (imported; of their functions a config asks only whether CUTLASS multiplies FP8 on that
capability) and the Ray package where a line spans nodes. Not reached: loading weights, NCCL, kernels.
"""

from __future__ import annotations

import importlib
import json
import sys
import types
from collections.abc import Callable
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any

import torch

# what vLLM imports on CUDA and this build of it does not hold
EXTENSIONS = ("vllm._C_stable_libtorch", "vllm._moe_C_stable_libtorch", "vllm.vllm_flash_attn")
# capability from which the compiled CUTLASS kernels multiply FP8 (csrc/quantization of vLLM)
CUTLASS = {"cutlass_scaled_mm_supports_fp8": 89, "cutlass_scaled_mm_supports_block_fp8": 90}


class NotHere:
    """What a pretended module exports: a name for annotations, an error for who would use it."""

    def __init__(self, *_: object) -> None:
        raise RuntimeError(f"{type(self).__name__} is only pretended: no config should need it")


class Extension(types.ModuleType):
    """A module of which every name can be imported, and none used."""

    __path__ = ()

    def __getattr__(self, name: str) -> type[NotHere]:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (NotHere,), {})


def pretend(gpu: dict[str, Any]) -> None:
    """Make vLLM see `count` of this GPU, before anything of it asks."""
    for name in EXTENSIONS:
        sys.modules[name] = Extension(name)
    import vllm.platforms
    from vllm.platforms.cuda import NonNvmlCudaPlatform
    from vllm.platforms.interface import DeviceCapability

    class Pretended(NonNvmlCudaPlatform):  # type: ignore[misc]
        """vLLM's CUDA platform; only what it would ask the driver is answered from the table."""

        @classmethod
        def get_device_capability(cls, device_id: int = 0) -> Any:
            return DeviceCapability(*gpu["capability"])

        @classmethod
        def get_device_name(cls, device_id: int = 0) -> str:
            return str(gpu["name"])

        @classmethod
        def get_device_total_memory(cls, device_id: int = 0) -> int:
            return int(gpu["bytes"])

        @classmethod
        def device_count(cls) -> int:
            return int(gpu["count"])

        @classmethod
        def num_compute_units(cls, device_id: int = 0) -> int:
            return 132

    vllm.platforms._current_platform = Pretended()
    for name, since in CUTLASS.items():
        setattr(torch.ops._C, name, lambda capability, since=since: capability >= since)
    from vllm.v1.executor import ray_utils

    if ray_utils.ray is None:
        sys.meta_path.append(Ray())
        ray_utils.ray = importlib.import_module("ray")


class Ray(MetaPathFinder, Loader):
    """Ray and all of its modules, installed and not begun: as on a box where `vllm serve` is about to start it."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        ours = fullname.split(".", maxsplit=1)[0] == "ray"
        return ModuleSpec(fullname, self, is_package=True) if ours else None

    def create_module(self, spec: ModuleSpec) -> types.ModuleType:
        return Extension(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__dict__["is_initialized"] = lambda: False


def judge() -> Callable[[list[str], str | None], str]:
    """vLLM's verdict of a line: "" where it is good."""
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.entrypoints.launchers.cli_args import make_arg_parser
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = make_arg_parser(FlexibleArgumentParser())

    def verdict(arguments: list[str], folder: str | None) -> str:
        try:
            parsed = parser.parse_args(arguments)
        except SystemExit as ended:
            return f"parser: {ended}"
        if folder is None:
            return ""
        try:
            parsed.model = parsed.model_tag = folder
            parsed.skip_tokenizer_init = True
            AsyncEngineArgs.from_cli_args(parsed).create_engine_config()
        except Exception as error:  # noqa: BLE001  (whatever it raises is the verdict)
            return f"{type(error).__name__}: {error}"
        return ""

    return verdict


def main() -> None:
    out = sys.stdout
    sys.stdout = sys.stderr
    gpu = json.loads(sys.stdin.readline())
    if gpu is not None:
        pretend(gpu)
    verdict = judge()
    for line in sys.stdin:
        arguments, folder = json.loads(line)
        out.write(json.dumps(verdict(arguments, folder)) + "\n")
        out.flush()


if __name__ == "__main__":
    main()

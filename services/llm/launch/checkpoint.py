"""A folder of weights looked at without loading it: every shard there and whole, tokenizer, template, adapters, checksums."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

from ontology.errors import BadRequest, NotFound, PlantroomError
from services.llm.box import Box
from services.llm.files import AGAIN, MOST_JSON, json_object, refuse_pipe, tensors
from services.llm.launch.findings import Finding, doubt, fine, wrong
from services.llm.lora import RANKS, read_adapter, same_base
from services.llm.sizing.fit import both

MOST_SHARDS = 4096
LONGEST_NAME = 255
"""Bytes, on every usual file system."""


LEAST_BITS = 3.5
"""Per weight, in the tightest files that vLLM loads: four bits, and layers that were left out of the count."""


def shards(folder: Path, weights: int | None = None) -> list[Finding]:
    """Whether all weights are there and no file was cut short. `weights`: how many the model has."""
    try:
        wanted = _wanted(folder)
    except PlantroomError as error:
        return [wrong("weights", str(error), error.hint)]
    bad, size = [], 0
    for name, promised in wanted.items():
        try:
            size += _shard(folder / name, promised)
        except PlantroomError as error:
            bad.append(wrong("weights", str(error), error.hint))
    if not bad and weights and 8 * size < LEAST_BITS * weights:
        few = f"{both(size)} in {len(wanted)} files are too little for {weights:,} weights"
        return [doubt("weights", few, "config.json and weights are of two models, or shards are missing and so is their index")]  # fmt: skip
    return bad or [
        fine("weights", f"{len(wanted)} files, {both(size)}, each as long as its header says")
    ]


def _shard(file: Path, promised: set[str]) -> int:
    """Bytes of a file that is whole and holds these tensors. Raises NotFound or BadRequest."""
    if absent := sorted(promised - tensors(file).keys())[:3]:
        raise BadRequest(f"{file.name} lacks {', '.join(absent)}, which the index says it holds", hint="index and files are of two versions: fetch both again")  # fmt: skip
    return file.stat().st_size


def checksums(folder: Path, listed: Path) -> list[Finding]:
    """The files against a list as `sha256sum` writes it. Reads every byte: minutes for a large model."""
    try:
        refuse_pipe(listed)
        with listed.open(encoding="utf-8") as file_:
            lines = file_.read(MOST_JSON).splitlines()
    except (OSError, UnicodeDecodeError, BadRequest) as cause:
        return [wrong("checksums", f"{listed}: {cause}", "give a file as sha256sum writes it")]
    found, count = [], 0
    for line in lines:
        sum_, _, name = line.partition(" ")
        file = folder / name.strip().lstrip("*")
        if len(sum_) != 64 or not file.resolve().is_relative_to(folder.resolve()):
            continue
        count += 1
        try:
            with file.open("rb") as opened:
                same = hashlib.file_digest(opened, "sha256").hexdigest() == sum_.lower()
        except OSError as cause:
            found.append(wrong("checksums", f"{file.name}: {cause.strerror}", AGAIN))
            continue
        if not same:
            found.append(
                wrong("checksums", f"{file.name} is not the file that was published", AGAIN)
            )
    if not count:
        return [
            wrong(
                "checksums",
                f"{listed} lists no file of {folder.name}",
                "give a file as sha256sum writes it",
            )
        ]
    return found or [fine("checksums", f"{count} files are as published")]


def tokenizer(folder: Path, vocab: int | None) -> Finding:
    """Whether the tokenizer loads and knows no token that the model has no row for. `vocab`: the model's rows."""
    file = folder / "tokenizer.json"
    if not file.is_file():
        if any(
            (folder / other).exists() for other in ("tokenizer.model", "tekken.json", "vocab.json")
        ):
            return doubt(
                "tokenizer",
                "it is in a form that is not read here",
                "the start-up gate will tell whether it works",
            )
        return wrong(
            "tokenizer",
            "there is no tokenizer.json",
            "fetch the tokenizer's files of this very model",
        )
    try:
        from tokenizers import Tokenizer  # noqa: PLC0415  (of the extra `edge`)
    except ImportError:
        return doubt(
            "tokenizer",
            "not looked at: the package tokenizers is not installed",
            "pip install 'plantroom[edge]'",
        )
    try:
        known = Tokenizer.from_file(str(file)).get_vocab(with_added_tokens=True)
    except Exception as cause:  # noqa: BLE001  (the library raises bare Exception for whatever it cannot read)
        return wrong(
            "tokenizer",
            f"tokenizer.json cannot be read: {str(cause)[:200]}",
            "fetch the tokenizer's files again",
        )
    largest = max(known.values(), default=-1)
    if vocab is not None and largest >= vocab:
        return wrong("tokenizer", f"it has tokens up to {largest:,}, and the model {vocab:,} rows: it belongs to another model", "fetch the tokenizer's files of this very model")  # fmt: skip
    return fine("tokenizer", f"{len(known):,} tokens")


def template_of(folder: Path) -> str:
    """The chat template, the one for tools where there are several; "" where there is none. Raises BadRequest."""
    own = folder / "chat_template.jinja"
    if own.exists():
        refuse_pipe(own)
        with own.open(encoding="utf-8", errors="replace") as file:
            return file.read(MOST_JSON)
    if not (folder / "tokenizer_config.json").exists():
        return ""
    found = json_object(folder / "tokenizer_config.json").get("chat_template")
    if isinstance(found, list):
        named = {
            str(one.get("name")): one.get("template") for one in found if isinstance(one, dict)
        }
        found = named.get("tool_use") or named.get("default")
    return found if isinstance(found, str) else ""


def adapters(box: Box) -> Iterator[Finding]:
    """Each adapter: its rank fits, it is whole, vLLM can serve it, it was made for this model."""
    for name, folder in box.served.adapters.items():
        check = f"adapter {name}"
        try:
            found = read_adapter(Path(folder), most_rank=box.served.most_rank or RANKS[-1])
        except PlantroomError as error:
            yield wrong(check, str(error), error.hint)
            continue
        if found.base and not same_base(found.base, box.served.path):
            yield doubt(check, f"it was made for {found.base}, and {box.served.path} is served", "answers of an adapter on another model are worthless: check")  # fmt: skip
        else:
            yield fine(check, f"rank {found.rank} on {', '.join(found.targets)}")


def _wanted(folder: Path) -> dict[str, set[str]]:
    """File name to the tensors it must hold."""
    index = folder / "model.safetensors.index.json"
    if not index.exists():
        if (folder / "model.safetensors").exists():
            return {"model.safetensors": set()}
        raise NotFound(
            f"{folder} holds no model.safetensors and no index of shards",
            hint="give the folder of the weights, in safetensors",
        )
    named = json_object(index).get("weight_map")
    if not isinstance(named, dict) or not named:
        raise BadRequest(f"{index.name} maps no weights", hint="fetch it again")
    wanted: dict[str, set[str]] = {}
    for tensor, file in named.items():
        if not _is_name(file) or len(wanted) > MOST_SHARDS:
            raise BadRequest(
                f"{index.name} names {str(file)[:80]!r}, which is no file beside it",
                hint="fetch it again",
            )
        wanted.setdefault(file, set()).add(tensor)
    return dict(sorted(wanted.items()))


def _is_name(file: object) -> TypeGuard[str]:
    """Whether it names a file of this very folder, and nothing else."""
    plain = isinstance(file, str) and file.isprintable() and 0 < len(file.encode()) <= LONGEST_NAME
    return plain and Path(str(file)).name == file and file != ".."

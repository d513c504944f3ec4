"""A folder of weights looked at without loading it: every shard there and whole, tokenizer, template, adapters, checksums."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ontology.errors import BadRequest, NotFound, PlantroomError
from services.llm.box import Box
from services.llm.launch.command import adapter_rank
from services.llm.launch.findings import Finding, doubt, fine, wrong
from services.llm.sizing.fit import both

MOST_JSON = 64_000_000
"""Indexes of expert models list each expert's weights: some megabytes."""
MOST_HEADER = 100_000_000
"""The limit of the safetensors format itself."""
MOST_SHARDS = 4096
AGAIN = "fetch that file again, and compare it with its published checksum (--checksums FILE)"


def shards(folder: Path) -> list[Finding]:
    """Whether all weights are there and no file was cut short."""
    try:
        wanted = _wanted(folder)
    except PlantroomError as error:
        return [wrong("weights", str(error), error.hint)]
    bad, size = [], 0
    for name, tensors in wanted.items():
        try:
            size += whole(folder / name, tensors)
        except PlantroomError as error:
            bad.append(wrong("weights", str(error), error.hint))
    return bad or [
        fine("weights", f"{len(wanted)} files, {both(size)}, each as long as its header says")
    ]


def whole(file: Path, tensors: set[str]) -> int:
    """Bytes of a safetensors file that is whole and holds these tensors. Raises NotFound or BadRequest."""
    try:
        length = file.stat().st_size
        with file.open("rb") as opened:
            count = int.from_bytes(opened.read(8), "little")
            if not 2 <= count <= min(MOST_HEADER, length - 8):
                raise BadRequest(
                    f"{file.name} is {length:,} bytes and no safetensors file, or cut within its header",
                    hint=AGAIN,
                )
            header = json.loads(opened.read(count))
    except OSError as cause:
        raise NotFound(
            f"{file.name} is missing ({cause.strerror})", hint="fetch it; the index names it"
        ) from cause
    except (ValueError, RecursionError) as cause:
        raise BadRequest(f"{file.name}: its header is not JSON", hint=AGAIN) from cause
    end = 8 + count + _last_byte(header, file.name)
    if length != end:
        raise BadRequest(f"{file.name} is {length:,} bytes and its header says {end:,}: {'truncated' if length < end else 'too long'}", hint=AGAIN)  # fmt: skip
    if absent := sorted(tensors - set(header))[:3]:
        raise BadRequest(f"{file.name} lacks {', '.join(absent)}, which the index says it holds", hint="index and files are of two versions: fetch both again")  # fmt: skip
    return length


def checksums(folder: Path, listed: Path) -> list[Finding]:
    """The files against a list as `sha256sum` writes it. Reads every byte: minutes for a large model."""
    try:
        lines = listed.read_text(encoding="utf-8")[:MOST_JSON].splitlines()
    except (OSError, UnicodeDecodeError) as cause:
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
    if not file.exists():
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
        return own.read_text(encoding="utf-8", errors="replace")[:MOST_JSON]
    if not (folder / "tokenizer_config.json").exists():
        return ""
    found = read_json(folder / "tokenizer_config.json").get("chat_template")
    if isinstance(found, list):
        named = {
            str(one.get("name")): one.get("template") for one in found if isinstance(one, dict)
        }
        found = named.get("tool_use") or named.get("default")
    return found if isinstance(found, str) else ""


def adapters(box: Box) -> Iterator[Finding]:
    """Each adapter: its rank fits, it is whole, it was made for this model and changes what vLLM can change."""
    base = Path(box.served.path).name
    for name, where in box.served.adapters.items():
        check, folder = f"adapter {name}", Path(where)
        try:
            rank = adapter_rank(folder)
            said = read_json(folder / "adapter_config.json")
            whole(folder / "adapter_model.safetensors", set())
        except PlantroomError as error:
            yield wrong(check, str(error), error.hint)
            continue
        made_for = Path(str(said.get("base_model_name_or_path") or "")).name
        if said.get("modules_to_save"):
            yield wrong(check, f"it replaces whole modules ({said['modules_to_save']}), which vLLM does not serve", "merge it into the weights, or train without modules_to_save")  # fmt: skip
        elif box.served.most_rank and rank > box.served.most_rank:
            yield wrong(
                check,
                f"rank {rank}, and served.most_rank is {box.served.most_rank}",
                "raise served.most_rank",
            )
        elif made_for and made_for != base:
            yield doubt(
                check,
                f"it was made for {made_for}, and {base} is served",
                "answers of an adapter on another model are worthless: check",
            )
        else:
            yield fine(check, f"rank {rank} on {said.get('target_modules')}")


def read_json(file: Path) -> dict[str, Any]:
    """An object in a file, bounded. Raises NotFound or BadRequest."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(MOST_JSON + 1)
        found = json.loads(raw) if len(raw) <= MOST_JSON else None
    except OSError as cause:
        raise NotFound(
            f"{file.name} is missing ({cause.strerror})",
            hint="fetch it from where the weights came",
        ) from cause
    except (ValueError, RecursionError) as cause:
        raise BadRequest(f"{file.name} is not JSON", hint="fetch it again") from cause
    if not isinstance(found, dict):
        raise BadRequest(f"{file.name} is no JSON object", hint="fetch it again")
    return found


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
    named = read_json(index).get("weight_map")
    if not isinstance(named, dict) or not named:
        raise BadRequest(f"{index.name} maps no weights", hint="fetch it again")
    wanted: dict[str, set[str]] = {}
    for tensor, file in named.items():
        if not isinstance(file, str) or Path(file).name != file or len(wanted) > MOST_SHARDS:
            raise BadRequest(
                f"{index.name} names {str(file)[:80]!r}, which is no file beside it",
                hint="fetch it again",
            )
        wanted.setdefault(file, set()).add(tensor)
    return dict(sorted(wanted.items()))


def _last_byte(header: Any, name: str) -> int:
    try:
        ends = [each["data_offsets"][1] for key, each in header.items() if key != "__metadata__"]
        return int(max(ends, default=0))
    except (AttributeError, LookupError, TypeError, ValueError) as cause:
        raise BadRequest(f"{name}: its header has another form", hint=AGAIN) from cause

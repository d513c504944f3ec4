"""What an evaluation found, as a page for people and as JSON that the next one is compared with."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ontology.errors import Corrupt, NotFound, Unavailable
from services.llm.domain.significance import Paired, paired

RESULT: Final = "evaluation.json"
PAGE: Final = "evaluation.md"
MOST_BYTES: Final = 100_000_000
_SHOWN: Final = 40


def write(folder: Path, found: Mapping[str, Any]) -> None:
    """Write evaluation.json and evaluation.md. Raises Unavailable for a folder that cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _put(folder / RESULT, json.dumps(found, ensure_ascii=False, indent=1) + "\n")
        _put(folder / PAGE, page(found))
    except OSError as cause:
        raise Unavailable(
            f"{folder}: {cause.strerror}", hint="name a folder that can be written"
        ) from cause


def _put(file: Path, text: str) -> None:
    """The whole text or none, at this very place: a link that lies there is replaced and not followed."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    with fresh.open("x", encoding="utf-8") as draft:
        draft.write(text)
    fresh.replace(file)


def earlier(path: Path) -> dict[str, Any]:
    """An earlier evaluation. Raises NotFound, or Corrupt where it is none."""
    file = path / RESULT if path.is_dir() else path
    try:
        if file.stat().st_size > MOST_BYTES:
            raise Corrupt(f"{file} is no evaluation", hint=f"name a {RESULT}")
        found = json.loads(file.read_text(encoding="utf-8"))
        right_of(found)
    except OSError as cause:
        raise NotFound(f"no evaluation at {file}", hint=f"name a {RESULT} or its folder") from cause
    except (ValueError, LookupError, TypeError, RecursionError) as cause:
        raise Corrupt(f"{file} is no evaluation", hint=f"name a {RESULT}") from cause
    return dict(found)


def right_of(found: Mapping[str, Any]) -> dict[str, bool]:
    """Which questions were right, by their words: banks may grow between two runs."""
    return {str(each["question"]): bool(each["args_right"]) for each in found["questions"]}


def against(found: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """What changed since an earlier run, and whether that is more than chance."""
    pair = paired(right_of(before), right_of(found))
    return {**_pair(pair), "before": before.get("model", "")}


def beside_playbook(questions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The model beside the playbook's own reading of the same words."""
    own = {str(each["question"]): bool(each["playbook_right"]) for each in questions}
    return _pair(paired(own, right_of({"questions": questions})))


def _pair(pair: Paired) -> dict[str, Any]:
    return {"common": pair.common, "lost": pair.only_first, "gained": pair.only_second, "p": pair.p, "verdict": pair.verdict}  # fmt: skip


def page(found: Mapping[str, Any]) -> str:
    """The Markdown page: shares, confusions, and every question that went wrong."""
    summary = found["summary"]
    whole = summary["all"]
    lines = [
        f"# Evaluation of {found['model']}", "",
        f"{found['when']}, bank `{found['bank']}` ({found['half']}), prompt {found['prompt']}, {whole['questions']} questions.", "",
        (f"**Right tool and arguments: {_share(whole)}.** Right tool alone: {whole['tool_right']}. "
        f"The playbook's own reading of the same words: {whole['playbook_right']}."), "",
        f"Beside the playbook: {found['beside_playbook']['verdict']}.",
    ]  # fmt: skip
    if found.get("against"):
        lines += [
            f"Beside {found['against']['before'] or 'the run before'}: {found['against']['verdict']}."
        ]
    if summary["answers"]:
        answers = summary["answers"]
        lines += ["", (f"Answers: {answers['by_model']} of {answers['asked']} by the model, {answers['grounded']} of them with every "
                  f"number bound to a source, {answers['wrong_numbers']} numbers marked as unfounded.")]  # fmt: skip
    for name, title in (("by_intent", "intent"), ("by_language", "language"), ("by_half", "half")):
        lines += [
            "",
            f"| {title} | questions | right tool | right tool and arguments | playbook |",
            "|---|---|---|---|---|",
        ]
        lines += [f"| {key} | {s['questions']} | {s['tool_right']} | {_share(s)} {_bar(s)} | {s['playbook_right']} |" for key, s in summary[name].items()]  # fmt: skip
    lines += ["", "| wanted | called |", "|---|---|"]
    lines += [f"| {wanted} | {', '.join(f'{tool} {n}' for tool, n in called.items())} |" for wanted, called in summary["confusion"].items()]  # fmt: skip
    wrong = [each for each in found["questions"] if not each["args_right"]]
    lines += ["", f"## Wrong ({len(wrong)})", ""]
    lines += [f"- {_cell(each['question'])}: {_cell(', '.join(each['off']))}; called {_cell(_calls(each['called']))}" for each in wrong[:_SHOWN]]  # fmt: skip
    return "\n".join(lines) + "\n"


def _share(shares: Mapping[str, Any]) -> str:
    if shares["share"] is None:
        return "none asked"
    low, high = shares["interval"]
    return f"{shares['right']} of {shares['questions']} = {shares['share']:.0%} ({low:.0%} to {high:.0%})"


def _bar(shares: Mapping[str, Any]) -> str:
    full = round(10 * (shares["share"] or 0))
    return "█" * full + "░" * (10 - full)


def _calls(calls: Sequence[Mapping[str, Any]]) -> str:
    return (
        "; ".join(
            f"{call['tool']} {json.dumps(call['args'], ensure_ascii=False)}" for call in calls
        )[:300]
        or "nothing"
    )


def _cell(text: str) -> str:
    """Words of models and people as one line that is only text."""
    return " ".join(text.replace("|", "/").replace("<", "&lt;").split())

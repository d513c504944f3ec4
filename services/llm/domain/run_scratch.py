"""Trains a small model from nothing: `python -m services.llm.domain.run_scratch RUN/recipe.json`.

A plain loop instead of trl's trainer: batches cut by length and by tokens, a schedule over minutes and not over steps, and a
first lesson in repeating fit two CPU cores. The parent is `services.llm.domain.train`; nothing of ours is imported but what
stands beside it and needs the standard library only.
"""

from __future__ import annotations

import json
import math
import os
import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

import torch  # type: ignore[import-not-found]  # (lives in the engine's environment)

from services.llm.domain.progress import REFUSED, STOPPED, Asked, Progress
from services.llm.domain.small_model import repeats, small_model, tokenizer_of
from services.llm.domain.turns import IGNORED, BadExample, Lesson, examples, labels, lessons

WARM_UP = 0.02
"""Share of the run in which the learning rate rises."""
REPEATING, REPEATED = 0.35, 0.5
"""Random tokens are repeated until the loss is below the second, for the first as a share of the run at most: without it
names are learnt by heart before they are copied. The loss stays near its start for hundreds of steps, then falls at once."""
AGAIN = 12
"""Every so many batches they are repeated again: what is not asked for is unlearnt, and names are learnt by heart after all."""
CANARIES = 200
"""Of so many lessons one is a canary. Untaught, it is chance whether the model ever stops writing blanks inside a JSON object."""
LAST = 0.02
"""Learning rate at the end, as a share of its peak (cosine)."""
CLIP = 1.0
WEIGHT_DECAY = 0.05
SAVE_EVERY_S, SAY_EVERY_S = 120.0, 2.0
JUDGED = 200
"""Examples of the valid split that are judged; greedy decoding gives what the targets say where every token's best guess does."""

Row = tuple[list[int], list[int]]


@dataclass
class Run:
    """A training in progress: all that a checkpoint holds."""

    model: Any
    optimiser: Any
    path: Path
    """Of its checkpoint."""
    step: int = 0
    tokens: int = 0
    epoch: int = 0
    place: int = 0
    """Batches of this epoch that are done."""
    repeats: bool = True
    """Whether it is still in its first lesson."""
    smooth: float = 99.0
    """Loss, smoothed over about ten steps."""
    losses: list[float] = field(default_factory=list)

    def save(self, elapsed_s: float) -> None:
        """Whole or not at all: written beside, then renamed."""
        beside = self.path.with_suffix(".part")
        torch.save({"model": self.model.state_dict(), "optimiser": self.optimiser.state_dict(), "step": self.step,
                    "tokens": self.tokens, "epoch": self.epoch, "place": self.place,
                    "repeats": self.repeats, "elapsed_s": elapsed_s}, beside)  # fmt: skip
        beside.replace(self.path)

    def load(self) -> float:
        """Go on from a checkpoint; gives the seconds already spent."""
        kept = torch.load(self.path, weights_only=True)
        self.model.load_state_dict(kept["model"])
        self.optimiser.load_state_dict(kept["optimiser"])
        self.step, self.tokens = kept["step"], kept["tokens"]
        self.epoch, self.place, self.repeats = kept["epoch"], kept["place"], kept["repeats"]
        return float(kept["elapsed_s"])


def taught(talks: Iterable[Sequence[Mapping[str, Any]]], tokenizer: Any) -> list[Lesson]:
    """The lessons of conversations in the tokenizer's own chat template."""

    def render(messages: Sequence[Mapping[str, Any]], *, opened: bool) -> str:
        return str(tokenizer.apply_chat_template(list(messages), tokenize=False, add_generation_prompt=opened))  # fmt: skip

    return [lesson for messages in talks for lesson in lessons(messages, render)]


def cut(found: Sequence[Lesson], tokenizer: Any, longest: int) -> list[Row]:
    """Tokens and labels of each lesson that is not too long."""
    rows = []
    for start in range(0, len(found), 1000):
        part = found[start : start + 1000]
        made = tokenizer([one.text for one in part], add_special_tokens=False, return_offsets_mapping=True)  # fmt: skip
        for lesson, ids, offsets in zip(part, made["input_ids"], made["offset_mapping"], strict=True):  # fmt: skip
            if len(ids) <= longest:
                rows.append((ids, labels(lesson, ids, offsets)))
    return rows


def batches(rows: Sequence[Row], tokens: int, rng: random.Random) -> list[list[Row]]:
    """All rows once, in random order; rows of like length stand together, so that little is padding."""
    order = list(rows)
    rng.shuffle(order)
    made = []
    pool = 50 * max(1, tokens // 256)
    for start in range(0, len(order), pool):
        near = sorted(order[start : start + pool], key=lambda row: len(row[0]))
        batch: list[Row] = []
        for row in near:
            if batch and (len(batch) + 1) * len(row[0]) > tokens:
                made.append(batch)
                batch = []
            batch.append(row)
        made.append(batch)
    rng.shuffle(made)
    return made


def padded(batch: Sequence[Row]) -> dict[str, Any]:
    """Tensors of shape (rows, longest). Padding stands behind, where causal attention never looks from what counts."""
    width = max(len(ids) for ids, _ in batch)
    return {
        "input_ids": torch.tensor([ids + [0] * (width - len(ids)) for ids, _ in batch]),
        "labels": torch.tensor([goal + [IGNORED] * (width - len(goal)) for _, goal in batch]),
    }


def rate(share: float, peak: float) -> float:
    """Learning rate after this share of the run: up in a line, down in a half cosine."""
    if share < WARM_UP:
        return peak * share / WARM_UP
    along = (share - WARM_UP) / (1 - WARM_UP)
    return float(peak * (LAST + (1 - LAST) * 0.5 * (1 + math.cos(math.pi * min(1.0, along)))))


def loss_of(run: Run, batch: Mapping[str, Any]) -> Any:
    """Mean loss over what is said. Only there the head is worked out: the rest is most of the tokens and bears none."""
    with torch.autocast("cpu", torch.bfloat16):
        hidden = run.model.model(input_ids=batch["input_ids"]).last_hidden_state[:, :-1]
        goal = batch["labels"][:, 1:]
        chosen = goal != IGNORED
        logits = run.model.lm_head(hidden[chosen])
    return torch.nn.functional.cross_entropy(logits.float(), goal[chosen])


def goals(row: Row) -> Any:
    """The tokens that a row is to teach."""
    return torch.tensor([goal for goal in row[1][1:] if goal != IGNORED])


def told(model: Any, row: Row) -> Any:
    """The best guess at each of them, shape (said tokens,)."""
    batch = padded([row])
    hidden = model.model(input_ids=batch["input_ids"]).last_hidden_state[:, :-1]
    return model.lm_head(hidden[batch["labels"][:, 1:] != IGNORED]).argmax(-1)


def exact(model: Any, rows: Sequence[Row]) -> float:
    """Share of lessons whose every token would be said right by greedy decoding."""
    right = 0
    with torch.no_grad():
        for row in rows:
            right += int(bool((told(model, row) == goals(row)).all()))
    return right / len(rows) if rows else math.nan


class Course:
    """Which batch comes next: repeating first, then the lessons again and again; the same for a seed wherever it is resumed."""

    def __init__(self, rows: Sequence[Row], recipe: Mapping[str, Any], vocabulary: int) -> None:
        self._rows, self._recipe, self._vocabulary = rows, recipe, vocabulary

    def repeating(self, step: int) -> list[Row]:
        """Random tokens said twice, of another length each time."""
        rng = random.Random(f"{self._recipe['seed']}/repeat/{step}")  # noqa: S311  (no secret)
        length = rng.choice((32, 64, 96))
        count = max(1, self._recipe["batch_tokens"] // length)
        return list(zip(*repeats(rng, self._vocabulary, count, length), strict=True))

    def lessons(self, run: Run) -> Iterator[list[Row]]:
        """Batches from where the run stands; moves its epoch and place."""
        while True:
            rng = random.Random(f"{self._recipe['seed']}/{run.epoch}")  # noqa: S311  (no secret)
            for batch in batches(self._rows, self._recipe["batch_tokens"], rng)[run.place :]:
                run.place += 1
                yield batch
            run.epoch, run.place = run.epoch + 1, 0


def train(run: Run, course: Course, recipe: Mapping[str, Any], progress: Progress, asked: Asked) -> bool:  # fmt: skip
    """Until the minutes are used up; False where it was asked to stop before."""
    budget_s = recipe["minutes"] * 60
    saved = said = progress.elapsed_s
    at_tokens = run.tokens
    stream = course.lessons(run)
    while (share := progress.elapsed_s / budget_s) < 1:
        repeating = run.repeats or run.step % AGAIN == 0
        rows = course.repeating(run.step) if repeating else next(stream)
        speed = rate(share, recipe["lr"])
        for group in run.optimiser.param_groups:
            group["lr"] = speed
        loss = loss_of(run, padded(rows))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(run.model.parameters(), CLIP)
        run.optimiser.step()
        run.optimiser.zero_grad(set_to_none=True)
        run.step += 1
        run.tokens += sum(len(ids) for ids, _ in rows)
        if repeating == run.repeats:
            run.losses.append(float(loss.detach()))
            run.smooth += 0.1 * (run.losses[-1] - run.smooth)
        now = progress.elapsed_s
        if run.repeats and (share > REPEATING or run.smooth < REPEATED):
            run.repeats = False
        if asked.stop or now - saved > SAVE_EVERY_S:
            run.save(now)
            saved = now
        if asked.stop:
            return False
        if now - said > SAY_EVERY_S:
            progress.say("step", step=run.step, share=min(1.0, share), loss=fmean(run.losses) if run.losses else math.nan, lr=speed,
                         tokens=run.tokens, tok_s=(run.tokens - at_tokens) / (now - said), epoch=run.epoch,
                         stage="repeats" if run.repeats else "lessons", eta_s=max(0.0, budget_s - now))  # fmt: skip
            said, at_tokens, run.losses = now, run.tokens, []
    return True


def main(recipe_path: Path) -> int:
    """Gives the exit status."""
    folder = recipe_path.parent
    recipe = json.loads(recipe_path.read_text(encoding="utf-8"))
    torch.set_num_threads(recipe["threads"] or torch.get_num_threads())
    torch.use_deterministic_algorithms(mode=True, warn_only=True)
    asked = Asked()
    progress = Progress(folder / "progress.jsonl")
    try:
        return _trained(folder, recipe, progress, asked)
    except BadExample as wrong:
        progress.say("refused", why=str(wrong))
        return REFUSED


def _trained(folder: Path, recipe: Mapping[str, Any], progress: Progress, asked: Asked) -> int:
    data = Path(recipe["data"])
    texts = [m["content"] for one in examples(data, "train") for m in one["messages"] if m.get("content")]  # fmt: skip
    calls = [json.dumps(c["function"], ensure_ascii=False) for one in examples(data, "train")
             for m in one["messages"] for c in m.get("tool_calls") or ()]  # fmt: skip
    tokenizer = tokenizer_of([*texts, *calls], vocabulary=recipe["vocabulary"])

    def rows_of(talks: Iterable[Sequence[Mapping[str, Any]]]) -> list[Row]:
        return cut(taught(talks, tokenizer), tokenizer, recipe["max_length"])

    rows, valid = (rows_of(one["messages"] for one in examples(data, split)) for split in ("train", "valid"))  # fmt: skip
    canaries = rows_of(recipe["canaries"])
    if not rows:
        raise BadExample(f"{data}: no training example of at most {recipe['max_length']} tokens")
    random.Random(recipe["seed"]).shuffle(valid)  # noqa: S311  (no secret)
    model = small_model(len(tokenizer), recipe["shape"], recipe["seed"])
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.0, betas=(0.9, 0.95), weight_decay=WEIGHT_DECAY, fused=True)  # fmt: skip
    run = Run(model, optimiser, folder / "checkpoint.pt")
    progress.starts_now(run.load() if recipe["resume"] and run.path.exists() else 0.0)
    parameters = sum(p.numel() for p in model.parameters())
    length = sum(len(ids) for ids, _ in rows) / len(rows)
    progress.say("start", parameters=parameters, vocabulary=len(tokenizer), examples=len(rows), valid=len(valid), mean_tokens=length)  # fmt: skip
    copies = max(1, len(rows) // (CANARIES * max(1, len(canaries))))
    course = Course([*rows, *canaries * copies], recipe, len(tokenizer))
    done = train(run, course, recipe, progress, asked)
    if not done:
        progress.say("stopped", step=run.step)
        return STOPPED
    model.eval()
    right = exact(model, valid[:JUDGED])
    into = folder / "model"
    model.config.use_cache = True
    model.save_pretrained(into)
    tokenizer.save_pretrained(into)
    progress.say("done", step=run.step, tokens=run.tokens, valid_exact=right, parameters=parameters)
    return 0


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    sys.exit(main(Path(sys.argv[1])))

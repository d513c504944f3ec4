"""Fine-tunes a model with trl and peft: `python -m services.llm.domain.run_sft RUN/recipe.json`.

Runs in the engine's environment, on one device or, started by `accelerate launch`, on many; of ours it needs only what stands
beside it and the standard library. Its parent is `services.llm.domain.train`. Texts and losses are cut here, not by the
trainer: what bears a loss is what the base's own chat template makes of the assistant's turns, whatever marks it has.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_DATASETS_OFFLINE", "1")

import torch  # type: ignore[import-not-found]  # (lives in the engine's environment)
from datasets import Dataset  # type: ignore[import-not-found]  # (lives in the engine's environment)
from peft import (  # type: ignore[import-not-found]  # (lives in the engine's environment)
    LoraConfig,
)
from transformers import (  # type: ignore[import-not-found]  # (lives in the engine's environment)
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    TrainerCallback,
)
from trl import (  # type: ignore[import-not-found]  # (lives in the engine's environment)
    SFTConfig,
    SFTTrainer,
)

from services.llm.domain.progress import REFUSED, STOPPED, Asked, Progress
from services.llm.domain.turns import BadExample, examples, labels, lessons

SAVE_SHARE, SAY_EVERY_S = 0.1, 1.0
"""A checkpoint after each tenth of the steps; a line at most each second."""
MOST_VALID = 200
WARM_UP = 0.03
"""Share of the steps in which the learning rate rises."""


def rows(data: Path, split: str, tokenizer: Any, tools: Sequence[Any], longest: int) -> dict[str, list[Any]]:  # fmt: skip
    """Columns `input_ids` and `labels` of a split; what is longer than `longest` tokens is left out, never cut.

    All `tools` are offered in every example, as the agent does.
    """
    found: dict[str, list[Any]] = {"input_ids": [], "labels": []}

    def render(messages: Sequence[Mapping[str, Any]], *, opened: bool) -> str:
        return str(tokenizer.apply_chat_template(list(messages), tools=list(tools) or None, tokenize=False, add_generation_prompt=opened))  # fmt: skip

    for one in examples(data, split):
        for lesson in lessons(one["messages"], render):
            made = tokenizer(lesson.text, add_special_tokens=False, return_offsets_mapping=True)
            ids = made["input_ids"]
            if len(ids) <= longest:
                found["input_ids"].append(ids)
                found["labels"].append(labels(lesson, ids, made["offset_mapping"]))
    return found


def base_model(recipe: Mapping[str, Any]) -> Any:
    """The base's weights: as they are, or in NF4 for QLoRA."""
    cuda = torch.cuda.is_available()
    how: dict[str, Any] = {"dtype": torch.bfloat16 if cuda or recipe["method"] == "qlora" else torch.float32}  # fmt: skip
    if recipe["method"] == "qlora":
        how["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.bfloat16, bnb_4bit_quant_storage=torch.bfloat16,
        )  # fmt: skip
    model = AutoModelForCausalLM.from_pretrained(recipe["base"], local_files_only=True, **how)
    model.config.use_cache = False
    return model


def settings(recipe: Mapping[str, Any], folder: Path, steps: int) -> SFTConfig:
    """What trl is told. Packing needs FlashAttention: without it, examples in one row would see each other."""
    cuda = torch.cuda.is_available()
    packed = cuda and importlib.util.find_spec("flash_attn") is not None
    return SFTConfig(
        output_dir=str(folder / "checkpoints"), per_device_train_batch_size=recipe["batch"],
        gradient_accumulation_steps=recipe["accumulate"], max_steps=steps, learning_rate=recipe["lr"],
        lr_scheduler_type="cosine", warmup_steps=WARM_UP, max_length=recipe["max_length"], packing=packed,
        seed=recipe["seed"], data_seed=recipe["seed"], bf16=cuda, use_cpu=not cuda, gradient_checkpointing=cuda,
        logging_steps=1, save_strategy="steps", save_steps=max(1, math.ceil(steps * SAVE_SHARE)), save_total_limit=2,
        eval_strategy="no", per_device_eval_batch_size=recipe["batch"], report_to="none", disable_tqdm=True,
        dataloader_num_workers=0, dataset_num_proc=None, optim="adamw_torch", weight_decay=0.0, max_grad_norm=1.0,
    )  # fmt: skip


def adapters(recipe: Mapping[str, Any]) -> LoraConfig | None:
    """Low-rank adapters beside every linear layer; none for full training."""
    if recipe["method"] == "full":
        return None
    return LoraConfig(
        r=recipe["rank"], lora_alpha=2 * recipe["rank"], lora_dropout=0.0, target_modules="all-linear",
        task_type="CAUSAL_LM",
    )  # fmt: skip


class Told(TrainerCallback):  # type: ignore[misc]  # (its class is not known outside of the engine's environment)
    """Tells the parent how it goes; ends at the minutes given, or with a checkpoint when asked to."""

    def __init__(self, progress: Progress, asked: Asked, minutes: float | None, mean_tokens: float) -> None:  # fmt: skip
        self._progress, self._asked, self._mean = progress, asked, mean_tokens
        self._until_s = math.inf if minutes is None else minutes * 60
        self._said_s, self._at, self._began = -math.inf, 0, time.monotonic()
        self._first: int | None = None

    def on_step_end(self, _args: Any, state: Any, control: Any, **_: Any) -> None:
        """After each optimiser step."""
        if self._first is None:
            self._first = state.global_step - 1
        if self._asked.stop:
            control.should_save = control.should_training_stop = True
        elif self._progress.elapsed_s > self._until_s:
            control.should_training_stop = True

    def on_log(self, args: Any, state: Any, _control: Any, logs: Any = None, **_: Any) -> None:
        """With the loss and the rate of the last step."""
        now = self._progress.elapsed_s
        if not logs or "loss" not in logs or (now - self._said_s < SAY_EVERY_S and state.global_step < state.max_steps):  # fmt: skip
            return
        self._said_s = now
        world = max(1, args.world_size)
        each = self._mean * args.per_device_train_batch_size * args.gradient_accumulation_steps * world  # fmt: skip
        done = state.global_step - (self._first or 0)
        step_s = (time.monotonic() - self._began) / max(1, done)
        share = max(state.global_step / state.max_steps, min(1.0, now / self._until_s))
        self._progress.say("step", step=state.global_step, share=share, loss=float(logs["loss"]), lr=logs.get("learning_rate"),
                           tokens=round(each * state.global_step), tok_s=each / step_s, epoch=state.epoch,
                           eta_s=min((state.max_steps - state.global_step) * step_s, self._until_s - now))  # fmt: skip


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole one: the trainer writes its state last, so that a checkpoint cut off by a kill lacks it."""
    found = [path for path in folder.glob("checkpoint-*") if _whole(path / "trainer_state.json")]
    return max(found, key=lambda path: int(path.name.partition("-")[2]), default=None)


def _whole(state: Path) -> bool:
    try:
        return isinstance(json.loads(state.read_text(encoding="utf-8")), dict)
    except (OSError, ValueError):
        return False


def trained(recipe: Mapping[str, Any], folder: Path, progress: Progress, asked: Asked) -> int:
    """Gives the exit status."""
    torch.set_num_threads(recipe["threads"] or torch.get_num_threads())
    tokenizer = AutoTokenizer.from_pretrained(recipe["base"], local_files_only=True)
    if not tokenizer.is_fast or not tokenizer.chat_template:
        raise BadExample(f"{recipe['base']} has no fast tokenizer with a chat template")
    tools = recipe["tools"]
    data = Path(recipe["data"])
    columns = rows(data, "train", tokenizer, tools, recipe["max_length"])
    valid = rows(data, "valid", tokenizer, tools, recipe["max_length"])
    count = len(columns["input_ids"])
    if not count:
        raise BadExample(f"{data}: no training example of at most {recipe['max_length']} tokens")
    mean = sum(len(ids) for ids in columns["input_ids"]) / count
    world = int(os.environ.get("WORLD_SIZE", "1"))
    per_step = recipe["batch"] * recipe["accumulate"] * world
    steps = recipe["steps"] or max(1, math.ceil(recipe["epochs"] * count / per_step))
    trainer = SFTTrainer(
        model=base_model(recipe), args=settings(recipe, folder, steps), train_dataset=Dataset.from_dict(columns),
        eval_dataset=Dataset.from_dict({name: column[:MOST_VALID] for name, column in valid.items()}) if valid["labels"] else None,
        processing_class=tokenizer, peft_config=adapters(recipe),
        callbacks=[Told(progress, asked, recipe["minutes"], mean)],
    )  # fmt: skip
    learnt = sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
    progress.say("start", parameters=learnt, examples=count, valid=len(valid["labels"]), mean_tokens=mean, steps=steps)  # fmt: skip
    progress.starts_now()
    before = last_checkpoint(folder / "checkpoints") if recipe["resume"] else None
    trainer.train(resume_from_checkpoint=str(before) if before else None)
    step = trainer.state.global_step
    if asked.stop:
        progress.say("stopped", step=step)
        return STOPPED
    judged = trainer.evaluate() if valid["labels"] else {}
    into = folder / ("model" if recipe["method"] == "full" else "adapter")
    trainer.save_model(str(into))
    if trainer.is_world_process_zero():
        tokenizer.save_pretrained(into)
    progress.say("done", step=step, tokens=round(mean * per_step * step), parameters=learnt,
                 valid_loss=judged.get("eval_loss", math.nan))  # fmt: skip
    return 0


def main(recipe_path: Path) -> int:
    """Only the first process of many speaks."""
    folder = recipe_path.parent
    recipe = json.loads(recipe_path.read_text(encoding="utf-8"))
    first = os.environ.get("RANK", "0") == "0"
    asked = Asked()
    progress = Progress(folder / "progress.jsonl" if first else Path(os.devnull))
    try:
        return trained(recipe, folder, progress, asked)
    except BadExample as wrong:
        progress.say("refused", why=str(wrong))
        return REFUSED


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

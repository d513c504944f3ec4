"""`plantroom llm evaluate`: how often a served model calls the right tools with the right arguments."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from agent.faultbook import FaultBook
from agent.model import HttpModel, Patience
from agent.opening import PromptStyle
from agent.tools.toolbox import Toolbox
from ingest.demo.model import riverside_tower
from ontology.errors import BadRequest
from ontology.graph import Building
from ontology.store.memory_history import MemoryHistory
from ontology.store.memory_records import MemoryRecords
from services.commands.options import AsJson, Home, err, print_json, say, settings_of
from services.home import wall_clock
from services.llm.domain import verdicts
from services.llm.domain.bank import UNSEEN, Judged, questions
from services.llm.domain.judge import Judge, Verdict, summary
from services.settings import Llm
from services.wire import open_system

Url = Annotated[
    str, typer.Option("--url", help="OpenAI-compatible server, such as http://127.0.0.1:8000/v1")
]
Model = Annotated[
    str,
    typer.Option(
        "--model", help="its name there, such as an adapter's alias; empty: the first one"
    ),
]
Bank = Annotated[
    str,
    typer.Option(
        "--bank", help="unseen, or a text file: plain question | other wording | other wording"
    ),
]
Half = Annotated[
    Literal["dev", "test", "all"],
    typer.Option("--half", help="look at dev while working; run test once"),
]
Prompt = Annotated[
    PromptStyle, typer.Option("--prompt", help="short: for a model trained on `plantroom llm data`")
]
CallsOnly = Annotated[
    bool,
    typer.Option(
        "--calls-only", help="end each run at its first calls: no building's data is needed"
    ),
]
Against = Annotated[
    Path | None, typer.Option("--against", help="an earlier evaluation to compare with")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="folder for evaluation.json and evaluation.md")
]
AtOnce = Annotated[int, typer.Option("--at-once", help="questions in flight", min=1, max=256)]
Limit = Annotated[int, typer.Option("--limit", help="only the first so many", min=1, max=10_000)]


@dataclass(frozen=True)
class _Asked:
    url: str
    model: str
    prompt: PromptStyle
    whole: bool
    at_once: int


def evaluate(
    url: Url,
    *,
    model: Model = "",
    bank: Bank = UNSEEN,
    half: Half = "all",
    prompt: Prompt = PromptStyle.SHORT,
    calls_only: CallsOnly = False,
    against: Against = None,
    output: Output = None,
    at_once: AtOnce = 4,
    limit: Limit = 10_000,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Put questions to the real agent with this model: right tools, right arguments, numbers with their source."""
    asked = questions(bank, half)[:limit]
    before = verdicts.earlier(against) if against else None
    how = _Asked(url, model, prompt, not calls_only, at_once)
    columns = (TextColumn("questions"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, disable=as_json) as bar:
        task = bar.add_task("questions", total=len(asked))
        heard, name = asyncio.run(
            _judged(how, asked, home, lambda n: bar.update(task, completed=n))
        )
    rows = [each.to_json() for each in heard]
    found: dict[str, Any] = {
        "model": name, "url": url, "bank": bank, "half": half, "prompt": prompt.value, "calls_only": calls_only,
        "when": wall_clock().isoformat(timespec="seconds"), "summary": summary(heard),
        "beside_playbook": verdicts.beside_playbook(rows), "questions": rows,
    }  # fmt: skip
    if before is not None:
        found["against"] = verdicts.against(found, before)
    if output is not None:
        verdicts.write(output, found)
    if as_json:
        print_json(found)
    else:
        say(verdicts.page(found))


async def _judged(
    how: _Asked, asked: Sequence[Judged], home: Path | None, progress: Callable[[int], None]
) -> tuple[list[Verdict], str]:
    patience = Patience(first_s=120.0)
    key = settings_of(None).llm.api_key.get_secret_value()
    async with (
        HttpModel(how.url, name=how.model, key=key, patience=patience) as model,
        _toolbox(how, home) as box,
    ):
        able = await model.probe()
        judge = Judge(box, model, how.prompt, how.whole, how.at_once)
        return await judge.ask(asked, box.now, progress), able.model


@asynccontextmanager
async def _toolbox(how: _Asked, home: Path | None) -> AsyncIterator[Toolbox]:
    """The building asked about: the demo's files, or, where only calls are judged, its names alone."""
    if how.whole:
        settings = settings_of(home)
        bare = settings.model_copy(update={"llm": Llm()})  # the model judged is the one of --url
        async with open_system(bare) as system:
            yield system.engineer.toolbox
    elif home is not None:
        raise BadRequest(
            "--home with --calls-only",
            hint="calls are judged on the demo's names; leave one of them out",
        )
    else:
        building, records = Building(riverside_tower()), MemoryRecords()
        now = dt.datetime(2026, 11, 20, 14, 30, tzinfo=building.zone)
        yield Toolbox(
            building,
            MemoryHistory(),
            records,
            None,
            None,
            FaultBook(records, building),
            lambda: now,
        )

"""`plantroom llm data`: training examples for a model of this trade."""

from __future__ import annotations

import asyncio
import time
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from services.commands.options import AsJson, Home, err, print_json, say, settings_of
from services.settings import Llm

if TYPE_CHECKING:
    from services.llm.domain.examples import Dropped, Example

MOST = 1_000_000
Folder = Annotated[Path, typer.Option("--output", "-o", help="new folder for the examples")]
Seed = Annotated[int, typer.Option("--seed", help="the same seed gives the same examples", min=0)]
Limit = Annotated[int, typer.Option("--limit", help="about so many questions with their calls", min=100, max=MOST)]  # fmt: skip
Talks = Annotated[int, typer.Option("--conversations", help="about so many whole conversations, with results and answers", min=0, max=MOST)]  # fmt: skip
_OWN_SHARE = 0.15
"""Of one's own building, beside all the others: enough to know its names, too little to forget the rest."""
_SHOWN = ("split", "language", "rounds", "kind", "tool")


def data(
    output: Folder,
    *,
    home: Home = None,
    seed: Seed = 7,
    limit: Limit = 20_000,
    conversations: Talks = 400,
    as_json: AsJson = False,
) -> None:
    """Build examples to fine-tune a model on: questions, the calls they need, answers with their sources."""
    from services.llm.domain.dataset import claim, drawn, write  # noqa: PLC0415  (the demo, langgraph and fpdf: seconds that no other command shall pay)
    from services.llm.domain.examples import Dropped  # noqa: PLC0415

    started = time.monotonic()
    claim(output)
    dropped = Dropped()
    own = asyncio.run(_own(home, limit, conversations, seed, dropped)) if home else []
    about: dict[str, Any] = {"seed": seed, "limit": limit, "conversations": conversations, "own_building": own[0].source["building"] if own else ""}  # fmt: skip
    columns = (TextColumn("examples"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, disable=as_json) as bar:
        task = bar.add_task("examples", total=limit + conversations + len(own))
        examples = chain(own, drawn(limit, conversations, seed, dropped))
        found = write(output, examples, dropped, about, lambda n: bar.update(task, completed=n))
    found["elapsed_s"] = round(time.monotonic() - started, 1)
    if as_json:
        print_json(found)
        return
    for name in _SHOWN:
        counts = found["counts"][name]
        say(f"{name}: " + ", ".join(f"{key} {n:,}" for key, n in counts.items()))  # fmt: skip
    say(f"{found['examples']:,} examples in {output}")


async def _own(home: Path, limit: int, talks: int, seed: int, dropped: Dropped) -> list[Example]:
    from services.llm.domain.dataset import owned  # noqa: PLC0415
    from services.wire import open_system  # noqa: PLC0415

    settings = settings_of(home).model_copy(update={"llm": Llm()})
    async with open_system(settings) as system:
        box = system.engineer.toolbox
        return await owned(box, round(limit * _OWN_SHARE), round(talks * _OWN_SHARE), seed, dropped)

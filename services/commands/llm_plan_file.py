"""`plantroom llm plan -o`: from a plan to a box file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.commands.options import note
from services.llm.launch import planned
from services.llm.sizing.gpus import Inventory
from services.llm.sizing.plan import Plan
from services.llm.sizing.speed import Workload

BoxOut = Annotated[Path | None, typer.Option("-o", "--output", help="write the box file of the plan here", dir_okay=False)]  # fmt: skip
Choose = Annotated[int, typer.Option("--choose", help="this plan instead of the best, as numbered", min=1, max=10_000)]  # fmt: skip
Head = Annotated[str, typer.Option("--head", help="address of the first machine, where a replica spans several")]  # fmt: skip
Force = Annotated[bool, typer.Option("--force", help="replace files that are there")]


def save_plan(
    ranked: list[Plan], number: int, load: Workload, inventory: Inventory, to: Path, *, where: str, head: str, force: bool,
) -> None:  # fmt: skip
    """Write the box file of the plan of this place in the ranking."""
    plan = planned.chosen(ranked, number)
    folder = str(Path(where).expanduser().absolute()) if where else ""
    box = planned.box_of(plan, load, inventory, where=folder, head=head)
    planned.write_new(to, planned.heading(plan, load, box, number) + box.to_toml(), force=force)
    note(f"{to}: plan {number}, {plan.title}")

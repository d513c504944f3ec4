"""`plantroom llm render`, `llm preflight`: from a box file to what starts it, and to what was checked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from services.commands.llm_plan_file import Force
from services.commands.options import AsJson, note, out, print_json, say
from services.llm.box import read_box
from services.llm.launch.findings import Finding, State, worst
from services.llm.launch.preflight import Asked
from services.llm.launch.preflight import preflight as looked
from services.llm.launch.render import To, write_all
from services.llm.launch.render import render as rendered
from services.terminal import readable

BoxFile = Annotated[Path, typer.Argument(help="the box file, such as box.toml")]


def render(
    box_file: BoxFile,
    *,
    to: Annotated[To, typer.Option("--to", help="what starts it")] = To.COMMAND,
    folder: Annotated[Path | None, typer.Option("-o", "--output", help="write the files into this folder", file_okay=False)] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Render a box file to a shell script, systemd units, compose or Kubernetes manifests."""
    files = rendered(read_box(box_file), to)
    if folder:
        write_all(folder, files, force=force)
        note(f"{folder}: {', '.join(files)}")
    if as_json:
        print_json({"files": files})
    elif not folder:
        several = len(files) > 1
        for name, text in files.items():
            out.print(readable(f"# --- {name}\n{text}" if several else text), markup=False, end="")


def preflight(
    box_file: BoxFile,
    *,
    smi: Annotated[list[Path] | None, typer.Option("--smi", help="what nvidia-smi printed, instead of this machine's; several times")] = None,
    checksums: Annotated[Path | None, typer.Option("--checksums", help="list as sha256sum writes it; reads every byte")] = None,
    engine: Annotated[bool, typer.Option("--engine/--no-engine", help="ask the engine itself too (some seconds)")] = True,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Look before a start: weights, tokenizer, tools, GPUs, driver, ports, disk. Ends with 1 where something is wrong."""
    found = []
    for each in looked(read_box(box_file), Asked(tuple(smi or ()), checksums, engine)):
        found.append(each)
        if not as_json:
            _tell(each)
    state = worst(found)
    if as_json:
        rows = [{"check": f.check, "state": f.state, "says": f.says, "hint": f.hint} for f in found]
        print_json({"state": state, "findings": rows})
    raise typer.Exit(1 if state is State.FAILED else 0)


def _tell(each: Finding) -> None:
    say(f"{each.state:8}{each.check}: {each.says}")
    if each.hint:
        say(f"        {each.hint}")

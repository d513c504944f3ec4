"""`plantroom ontology`: bring a model in and out, ask it, judge it. Each command imports what it needs."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from ontology.errors import BadRequest
from services.commands.options import AsJson, Home, err, out, print_json, settings_of

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="The building's model: bring it in and out, ask it, judge it.",
)  # fmt: skip

File = Annotated[
    Path | None, typer.Option("--file", help="a file with a model, in place of the home's")
]


@app.command(name="import")
def import_(
    source: Annotated[
        str, typer.Argument(help="a .zinc, .trio, .json, .csv, .ttl (Brick) or .xlsx file, or the URL of a Haystack server")
    ],
    user: Annotated[
        str, typer.Option("--user", help="user of the server; its password comes from PLANTROOM_HAYSTACK_PASSWORD or is asked for")
    ] = "",
    site: Annotated[
        str, typer.Option("--site", help="name or id of the site that entities without one belong to")
    ] = "",
    replace: Annotated[
        bool, typer.Option("--replace", help="remove what the source lacks; otherwise it is merged")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="only say what would change")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Bring a model into the home: all of it in one commit, or nothing."""
    from services import screen  # noqa: PLC0415
    from services.commands import bring  # noqa: PLC0415

    settings = settings_of(home)
    with screen.working(err, f"reading {source}") as seen:
        if bring.is_address(source):
            given = asyncio.run(bring.read_server(source, user=user, ask=_ask, seen=seen))
        else:
            given = bring.read_model(Path(source))
        seen(len(given.entities))
        found = asyncio.run(
            bring.bring(settings, given, source, site=site, replace=replace, dry_run=dry_run)
        )
    if as_json:
        print_json(found.to_json())
    else:
        screen.brought(out, found.to_json(), dry_run=dry_run)


def _ask(variable: str) -> str:
    """The password from a person; BadRequest where nobody sits there."""
    if not sys.stdin.isatty():
        raise BadRequest("the server's user has no password", hint=f"set {variable}")
    return str(typer.prompt("password", hide_input=True, err=True))

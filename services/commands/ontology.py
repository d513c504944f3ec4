"""`plantroom ontology`: bring a model in and out, ask it, judge it. Each command imports what it needs."""

from __future__ import annotations

import asyncio
import sys
from enum import StrEnum
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


class Kind(StrEnum):
    """Servers by how one logs in to them; all but the first through pyhaystack."""

    HAYSTACK = "haystack"
    SKYSPARK = "skyspark"
    SKYSPARK2 = "skyspark2"
    NIAGARA = "niagara"
    NIAGARA4 = "niagara4"
    WIDESKY = "widesky"


class Relation(StrEnum):
    """Relations that can be asked for; the names are those of `services.commands.question.RELATIONS`."""

    POINTS = "points"
    CONTAINS = "contains"
    LOCATED_IN = "located_in"
    FEEDS = "feeds"
    FED_BY = "fed_by"
    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"
    SIBLINGS = "siblings"


@app.command(name="import")
def import_(
    source: Annotated[
        str, typer.Argument(help="a .zinc, .trio, .json, .csv, .ttl (Brick) or .xlsx file, or the URL of a Haystack server")
    ],
    *,
    user: Annotated[
        str, typer.Option("--user", help="user of the server; its password comes from PLANTROOM_HAYSTACK_PASSWORD or is asked for")
    ] = "",
    kind: Annotated[
        Kind, typer.Option("--kind", help="the server's make, where it has a login of its own")
    ] = Kind.HAYSTACK,
    project: Annotated[str, typer.Option("--project", help="project on a SkySpark server")] = "",
    client_id: Annotated[
        str, typer.Option("--client-id", help="client on a WideSky server; its secret comes from PLANTROOM_HAYSTACK_CLIENT_SECRET or is asked for")
    ] = "",
    filter: Annotated[
        str, typer.Option("--filter", help="only the server's entities that match this filter")
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
            server = bring.Server(source, kind.value, user, project, client_id, filter)
            given = asyncio.run(bring.read_server(server, ask=_ask, seen=seen))
        else:
            _only_for_servers(user=user, project=project, client_id=client_id, filter=filter)
            given = bring.read_model(Path(source))
        seen(len(given.entities))
        found = asyncio.run(
            bring.bring(settings, given, source, site=site, replace=replace, dry_run=dry_run)
        )
    if as_json:
        print_json(found.to_json())
    else:
        screen.brought(out, found.to_json(), dry_run=dry_run)


@app.command()
def export(
    target: Annotated[
        str,
        typer.Argument(help="a .zinc, .trio, .json (Hayson) or .csv file; - is standard output"),
    ],
    *,
    filter: Annotated[
        str, typer.Option("--filter", help="only entities that match this Haystack filter")
    ] = "",
    format: Annotated[
        str,
        typer.Option("--format", help="zinc, trio, json or csv; otherwise the file's ending says"),
    ] = "",
    force: Annotated[
        bool, typer.Option("--force", help="write over a file even where nothing matches")
    ] = False,
    file: File = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Write the model, or a part of it, as a file."""
    from ingest.exchange import files  # noqa: PLC0415
    from services.commands import question, taking  # noqa: PLC0415
    from services.screen import counted, working  # noqa: PLC0415

    if target == "-" and as_json:
        raise BadRequest("--json and the model cannot both go to standard output",
                         hint="give a file, or --format json without --json")  # fmt: skip
    with working(err, f"writing {target}") as seen:
        index = asyncio.run(question.index(settings_of(home), file))
        rows = taking.part_of(index, filter, whole=file is not None)
        seen(len(rows))
        if target == "-":
            typer.echo(files.as_text(rows, format or "zinc"), nl=False)
            return
        taking.write(Path(target), rows, format, filter, force=force)
    if as_json:
        print_json({"file": target, "entities": len(rows)})
    else:
        err.print(f"{counted(len(rows), 'entity')} in {target}", markup=False)


@app.command()
def find(
    filter: Annotated[
        str, typer.Argument(help="a Haystack filter, such as: point and temp and equipRef->ahu")
    ],
    *,
    file: File = None,
    limit: Annotated[int, typer.Option("--limit", help="rows shown", min=1, max=1_000_000)] = 50,
    columns: Annotated[
        str, typer.Option("--columns", help="tags to show, with commas between")
    ] = "",
    explain: Annotated[
        bool, typer.Option("--explain", help="say what each part of the filter lets through")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Entities that match a filter; where none does, which part of it nothing matches."""
    from services import screen  # noqa: PLC0415
    from services.commands import question  # noqa: PLC0415
    from services.home import definitions_of  # noqa: PLC0415

    settings = settings_of(home)
    index = asyncio.run(question.index(settings, file))
    defs = definitions_of(settings)
    found = question.find(index, defs, filter, limit=limit, explain=explain)
    if as_json:
        print_json(found.to_json())
        return
    asked = [name.strip() for name in columns.split(",") if name.strip()]
    names = asked or question.COLUMNS
    if found.rows:
        screen.table(out, names, [question.shown(row, names) for row in found.rows])
    screen.no_such_tags(err, question.no_such_columns(asked, index))
    err.print(f"{found.count:,} of {found.of:,} match: {found.filter}", markup=False)
    if found.why:
        screen.explanation(err if found.rows else out, found.why)


@app.command()
def related(
    id: Annotated[str, typer.Argument(help="id or name of an entity, such as AHU-2")],
    *,
    relation: Annotated[
        Relation | None,
        typer.Option("--relation", help="only this one; otherwise the nearest of each"),
    ] = None,
    to: Annotated[
        str, typer.Option("--to", help="the shortest way to this entity, with what flows")
    ] = "",
    file: File = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """What feeds an entity, what it feeds, where it is, what is in it, and the way to another."""
    from ontology.graph import Building  # noqa: PLC0415
    from services import screen  # noqa: PLC0415
    from services.commands import question  # noqa: PLC0415
    from services.home import ENTITIES  # noqa: PLC0415

    building = Building(asyncio.run(question.entities_of(settings_of(home), file, ENTITIES)))
    if to:
        found = question.way(building, id, to)
        print_json(found) if as_json else screen.way(out, found)
        return
    found = question.related(building, id, relation.value if relation else "")
    print_json(found) if as_json else screen.related(out, found)


@app.command()
def check(file: File = None, home: Home = None, as_json: AsJson = False) -> None:
    """What is wrong with the model and what to do about it; exit 1 where something is an error."""
    from services import screen  # noqa: PLC0415
    from services.commands import question  # noqa: PLC0415
    from services.home import MODEL  # noqa: PLC0415

    settings = settings_of(home)
    with screen.working(err, "checking") as seen:
        rows = asyncio.run(question.entities_of(settings, file, MODEL))
        seen(len(rows))
        found = question.checked(settings, rows)
    print_json(found) if as_json else screen.problems(out, found)
    raise typer.Exit(0 if found["ok"] else 1)


@app.command()
def tag(
    names: Annotated[
        Path | None, typer.Argument(help="a .csv, .xlsx or text file with the points' raw names")
    ] = None,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="the review to write")] = Path(
        "review.csv"
    ),
    accept: Annotated[
        Path | None,
        typer.Option("--accept", help="a review: put the rows that say yes into the home"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would change")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="write over a review that is there, answers and all")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Propose tags for raw point names in a review; accept the review a person has read."""
    from services import screen  # noqa: PLC0415
    from services.commands import bring, question, tagging  # noqa: PLC0415
    from services.home import MODEL, has_building  # noqa: PLC0415

    if (names is None) == (accept is None):
        raise BadRequest("give either raw names or --accept and a review", hint="see --help")
    settings = settings_of(home)
    stored = (
        asyncio.run(question.entities_of(settings, None, MODEL)) if has_building(settings) else []
    )
    with screen.working(err, f"reading {names or accept}"):
        if accept is None:
            assert names is not None
            proposed = tagging.review(names, output, stored, home=settings.home, force=force)
            print_json(proposed) if as_json else screen.proposed(out, proposed)
            return
        found = asyncio.run(
            bring.bring(
                settings,
                tagging.accepted_model(accept, stored),
                str(accept),
                replace=False,
                dry_run=dry_run,
            )
        )
        if not dry_run:
            tagging.keep(accept, settings.home)
    print_json(found.to_json()) if as_json else screen.brought(
        out, found.to_json(), dry_run=dry_run
    )


@app.command(name="import-defs")
def import_defs_(
    folder: Annotated[
        Path,
        typer.Argument(help="your own copy of the standard: Trio defs, Xeto libraries, or both"),
    ],
    *,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="forget those imported before; otherwise they are merged"),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only say what would change")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Read definitions from a folder into the home: filters and checks know their names from then on."""
    from services import screen  # noqa: PLC0415
    from services.commands import bring  # noqa: PLC0415

    with screen.working(err, f"reading {folder}"):
        found = bring.bring_definitions(settings_of(home), folder, replace=replace, dry_run=dry_run)
    print_json(found) if as_json else screen.defined(out, found)


def _only_for_servers(**given: str) -> None:
    """Raises BadRequest where an option of servers is given with a file."""
    for name, value in given.items():
        if value:
            option = name.replace("_", "-")
            raise BadRequest(
                f"--{option} is for servers, not for files", hint=f"leave out --{option}"
            )


def _ask(variable: str) -> str:
    """A secret from a person; BadRequest where nobody sits there."""
    if not sys.stdin.isatty():
        raise BadRequest("the server wants a secret that was not given", hint=f"set {variable}")
    return str(typer.prompt(variable, hide_input=True, err=True))

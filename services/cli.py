"""The command `plantroom`: demo, serve, ask, check, bench, and groups. Each command imports what it needs: some of it is slow."""

from __future__ import annotations

import asyncio
import datetime as dt
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.exceptions import Abort, TyperException

from ontology.errors import BadRequest, NotFound, PlantroomError, Refused, Unavailable
from ontology.time import parse_instant
from services.commands.late import late
from services.commands.options import AsJson, Home, err, out, print_json, settings_of
from services.folder import disk_error
from services.terminal import forgiving, readable

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="The on-prem AI chief engineer for buildings.",
    cls=late(
        ("ontology", "services.commands.ontology:app", "The building's model: bring it in and out, ask it, judge it."),
        ("ingest", "services.commands.ingest:app", "Devices: find them, name their points, poll them, see how they do."),
        ("history", "services.commands.history:app", "The history of samples: how much there is, moving, keeping and forgetting it."),
        ("llm", "services.commands.llm:app", "Self-hosted language models: size, launch, watch, measure and fine-tune them."),
        ("sql", "services.commands.sql:sql", "Ask the building's history in SQL, read-only; through the server where one runs."),
    ),
)  # fmt: skip

EXIT_CODES: tuple[tuple[type[PlantroomError], int], ...] = (
    (Refused, 3), (BadRequest, 2), (NotFound, 4), (Unavailable, 5), (PlantroomError, 1),
)  # fmt: skip
BENCH = Path(__file__).parents[1] / "bench"

Port = Annotated[
    int | None, typer.Option("--port", help="port to serve on; 0: any free one", min=0, max=65_535)
]


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415  (only here)

        try:
            typer.echo(f"plantroom {version('plantroom')}")
        except PackageNotFoundError:
            typer.echo("plantroom, from its source, not installed")
        raise typer.Exit


@app.callback()
def plantroom(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="say it, and end")
    ] = False,
) -> None:
    """The on-prem AI chief engineer for buildings."""


@app.command(name="demo")
def demo_(
    home: Home = None,
    port: Port = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="build Riverside Tower anew")] = False,
    ask: Annotated[
        str | None, typer.Option("--ask", help="ask one question once it runs, then stop")
    ] = None,
) -> None:
    """Build Riverside Tower, serve its devices on loopback, poll them, and open the chat."""
    from services import demo  # noqa: PLC0415

    asyncio.run(demo.run(settings_of(home, port), err, fresh=fresh, ask=ask))


@app.command()
def serve(home: Home = None, port: Port = None) -> None:
    """Serve a building that was set up before: chat, API, poller, fault rules."""
    from services import serving  # noqa: PLC0415

    asyncio.run(serving.run(settings_of(home, port), err))


@app.command()
def ask(
    question: Annotated[
        str, typer.Argument(help="in the words of the plant room, English or Thai")
    ],
    home: Home = None,
    plan: Annotated[
        bool, typer.Option("--plan", help="only show how the question was understood")
    ] = False,
    now: Annotated[
        str | None, typer.Option("--now", help="ask as if it were this time (ISO 8601 with offset)")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask the building a question."""
    from services import asking, screen  # noqa: PLC0415

    if not question.strip():
        raise BadRequest(
            "the question is empty", hint='such as: plantroom ask "why is room 807 warm?"'
        )

    settings = settings_of(home)
    at = parse_instant(now) if now else None
    if plan:
        shown = asyncio.run(asking.plan(settings, question, now=at or dt.datetime.now(dt.UTC)))
        print_json(shown) if as_json else screen.plan(out, shown)
        return
    answer = asyncio.run(
        asking.answer(settings, question, now=at, on_event=None if as_json else screen.live(err))
    )
    print_json(answer) if as_json else screen.answer(out, answer)


@app.command()
def check(home: Home = None, as_json: AsJson = False) -> None:
    """What is installed, reachable, degraded, and what to do about it."""
    from services import doctor, screen  # noqa: PLC0415

    found = doctor.examine(settings_of(home))
    if as_json:
        print_json(
            {"ok": all(f.state != "missing" for f in found), "checks": [f.to_json() for f in found]}
        )
    else:
        screen.checks(out, found)
    raise typer.Exit(1 if any(f.state == "missing" for f in found) else 0)


@app.command()
def bench(
    name: Annotated[
        str,
        typer.Argument(
            help="journeys, start, ingest, faults, history, sql, ontology, serving, tagging_accuracy"
        ),
    ],
    quick: Annotated[
        bool, typer.Option("--quick", help="a shorter run, with the same targets")
    ] = False,
    real: Annotated[
        bool, typer.Option("--real", help="serving: real vLLM on this CPU; needs .venv-llm")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure a claim of the README; exit 0 only if every target holds."""
    names = sorted(p.stem for p in BENCH.glob("[a-z]*.py") if p.stem not in {"targets", "report"})
    if name not in names:
        raise NotFound(
            f"no bench is called {name!r}", hint=f"one of: {', '.join(names) or 'none here'}"
        )
    flags = [flag for flag, on in (("--quick", quick), ("--real", real), ("--json", as_json)) if on]
    command = [sys.executable, "-m", f"bench.{name}", *flags]
    done = subprocess.run(command, cwd=BENCH.parent, check=False)  # noqa: S603  (our own module)
    raise typer.Exit(done.returncode)


def main() -> None:
    """Run the command; an error of ours becomes one line with a hint and a sensible exit code."""
    forgiving(sys.stdout)
    forgiving(sys.stderr)
    # the same clean end as Ctrl-C, also while a building is being made
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        # without its standalone mode, what typer refuses comes here and is told like all else
        ended = app(standalone_mode=False)
    except TyperException as cause:
        _misused(cause)
    except Abort:  # nobody answered a question
        sys.exit(1)
    except PlantroomError as error:
        _end(error)
    except OSError as cause:  # a disk or a right of this machine; what is a bug stays a traceback
        _end(disk_error(cause, Path.cwd()))
    sys.exit(ended)


def _misused(cause: TyperException) -> NoReturn:
    """Options or arguments that were not taken; where none were given at all, the help stands for it."""
    where = getattr(getattr(cause, "ctx", None), "command_path", "plantroom")
    says = cause.format_message()
    if says.startswith("Usage:"):
        typer.echo(says, err=True)
        sys.exit(cause.exit_code)
    _end(BadRequest(says[:1].lower() + says[1:].rstrip("."), hint=f"see: {where} --help"))


def _end(error: PlantroomError) -> NoReturn:
    if "--json" in sys.argv:
        print_json({"error": {"code": error.code, "message": str(error), "hint": error.hint}})
    err.print(f"plantroom: {readable(str(error))}", markup=False)
    if error.hint:
        err.print(f"  {readable(error.hint)}", markup=False)
    sys.exit(next(code for kind, code in EXIT_CODES if isinstance(error, kind)))


if __name__ == "__main__":
    main()

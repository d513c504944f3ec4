"""`plantroom ingest`: find devices, name their points, poll them, and see how they do. Each command imports what it needs."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated

import typer

from services.commands import import_commands
from services.commands.options import AsJson, Home, err, out, print_json, settings_of

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Devices: find them, name their points, poll them, see how they do.",
)  # fmt: skip
discover = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Look for devices and write them into a lines.toml; what people changed there stays.",
)  # fmt: skip
app.add_typer(discover, name="discover")
import_commands.add_to(app)

Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        help="the file to write, or to bring up to date; otherwise the home's lines.toml",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="only say what would change")]
File = Annotated[Path | None, typer.Option("--lines", help="a lines.toml, in place of the home's")]


@discover.command()
def bacnet(
    addresses: Annotated[
        list[str] | None,
        typer.Argument(help="devices or routers, HOST or HOST:PORT; * asks everybody (needs --local)"),
    ] = None,
    *,
    output: Output = None,
    local: Annotated[
        str, typer.Option("--local", help="the address to speak from, such as 192.168.1.9/24:47808")
    ] = "",
    bbmd: Annotated[
        str, typer.Option("--bbmd", help="register as a foreign device there, HOST:PORT")
    ] = "",
    devices: Annotated[
        str, typer.Option("--devices", help="only these instances, such as 1000-1999")
    ] = "",
    wait: Annotated[
        float, typer.Option("--wait", help="seconds to wait for answers", min=0.1, max=60)
    ] = 2.0,
    tries: Annotated[int, typer.Option("--tries", help="how often to ask", min=1, max=10)] = 2,
    dry_run: DryRun = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Find BACnet/IP devices, those behind routers too, and list their objects."""
    from services.commands import discovering  # noqa: PLC0415  (slow to import)

    asked = discovering.BacnetAsked(
        tuple(addresses or ["*"]), local=local, bbmd=bbmd, devices=devices, wait_s=wait, tries=tries
    )
    settings = settings_of(home)
    path = output or discovering.home_file(settings)
    found = asyncio.run(discovering.bacnet(settings, asked, path, console=err, dry_run=dry_run))
    print_json(found.to_json()) if as_json else discovering.show(out, found)
    raise typer.Exit(0 if found.answered else discovering.UNANSWERED)


@discover.command()
def modbus(
    address: Annotated[str, typer.Argument(help="the device or gateway, HOST or HOST:PORT")],
    *,
    units: Annotated[
        str, typer.Option("--units", help="unit numbers, such as 1-10 or 1,3,17")
    ] = "1-10",
    output: Output = None,
    timeout: Annotated[
        float, typer.Option("--timeout", help="seconds until a unit counts as silent", min=0.05, max=20)
    ] = 0.5,
    framer: Annotated[
        str, typer.Option("--framer", help="tcp, or rtu for a transparent serial gateway")
    ] = "tcp",
    dry_run: DryRun = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Find the units behind a Modbus TCP device or gateway, and which registers they have."""
    from services.commands import discovering  # noqa: PLC0415  (slow to import)

    asked = discovering.ModbusAsked(address, units=units, framer=framer, timeout_s=timeout)
    settings = settings_of(home)
    path = output or discovering.home_file(settings)
    found = asyncio.run(discovering.modbus(settings, asked, path, console=err, dry_run=dry_run))
    print_json(found.to_json()) if as_json else discovering.show(out, found)
    raise typer.Exit(0 if found.answered else discovering.UNANSWERED)


@app.command()
def check(
    lines: Annotated[Path | None, typer.Argument(help="a lines.toml; otherwise the home's")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Everything that is wrong with a lines.toml, by line and key; exit 2 where something is."""
    from services.commands import line_files  # noqa: PLC0415

    found = line_files.checked(line_files.path_of(settings_of(home), lines))
    print_json(found) if as_json else line_files.show_checked(out, found)
    raise typer.Exit(0 if found["ok"] else 2)


@app.command(name="map")
def map_(
    lines: Annotated[
        Path | None, typer.Argument(help="a lines.toml; otherwise the home's")
    ] = None,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", help="the review to write")] = Path(
        "review.csv"
    ),
    accept: Annotated[
        Path | None,
        typer.Option("--accept", help="a review: its rows that say yes go into the model and name the registers"),
    ] = None,
    site: Annotated[
        str, typer.Option("--site", help="name of the site, where the home has none yet")
    ] = "",
    dry_run: DryRun = False,
    force: Annotated[
        bool, typer.Option("--force", help="write over a review that is there, answers and all")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Propose equipment and tags for the registers of a lines.toml; accept the review a person has read."""
    from services import screen  # noqa: PLC0415
    from services.commands import line_files, mapping  # noqa: PLC0415

    settings = settings_of(home)
    path = line_files.path_of(settings, lines)
    with screen.working(err, f"reading {accept or path}"):
        if accept is None:
            found = asyncio.run(mapping.review(settings, path, output, force=force))
        else:
            found = asyncio.run(mapping.take(settings, path, accept, site=site, dry_run=dry_run))
    if as_json:
        print_json(found)
    elif accept is None:
        mapping.show_review(out, found)
    else:
        mapping.show_taken(out, found, dry_run=dry_run)


@app.command()
def read(
    line: Annotated[str, typer.Argument(help="the line's name in lines.toml")],
    points: Annotated[list[str] | None, typer.Argument(help="only these points")] = None,
    *,
    lines: File = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Read a device once, now: value, raw, status and unit of each point; exit 1 where one cannot be trusted."""
    from services.commands import commissioning, line_files  # noqa: PLC0415

    settings = settings_of(home)
    path = line_files.path_of(settings, lines)
    found = asyncio.run(commissioning.read(settings, path, line, points or []))
    print_json(found) if as_json else commissioning.show(out, found)
    raise typer.Exit(0 if found["ok"] else 1)


@app.command()
def write(
    line: Annotated[str, typer.Argument(help="the line's name in lines.toml")],
    point: Annotated[str, typer.Argument(help="the point's id")],
    value: Annotated[
        str, typer.Argument(help="the value, in the point's unit; on and off are 1 and 0")
    ] = "",
    *,
    priority: Annotated[
        int, typer.Option("--priority", help="BACnet's slot: 8 is a person's", min=1, max=16)
    ] = 8,
    relinquish: Annotated[
        bool, typer.Option("--relinquish", help="give the slot back, in place of a value")
    ] = False,
    i_approve: Annotated[
        str, typer.Option("--i-approve", help="the point's id once more, where nobody can type it")
    ] = "",
    lines: File = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Write one value to a device whose line says writable = "yes", after a person typed the point's id."""
    from services.commands import commissioning, line_files  # noqa: PLC0415

    settings = settings_of(home)
    wanted = commissioning.wanted(value, relinquish=relinquish)
    order = commissioning.Order(line, point, wanted, priority, approved=i_approve)
    path = line_files.path_of(settings, lines)
    found = asyncio.run(commissioning.write(settings, path, order, console=err))
    print_json(found) if as_json else commissioning.show_written(out, found)
    raise typer.Exit(0 if found["ok"] else 1)


@app.command()
def simulate(
    *,
    bacnet_port: Annotated[
        int, typer.Option("--bacnet-port", help="UDP port of the BACnet router; 0: any free one", min=0, max=65_535)
    ] = 47809,
    modbus_port: Annotated[
        int, typer.Option("--modbus-port", help="TCP port of the Modbus gateway; 0: any free one", min=0, max=65_535)
    ] = 5020,
    rtu_port: Annotated[
        int, typer.Option("--rtu-port", help="TCP port of the serial gateway; 0: any free one", min=0, max=65_535)
    ] = 5021,
    webhook: Annotated[
        str, typer.Option("--webhook", help="where the LoRaWAN sensors report, such as http://127.0.0.1:8400; PLANTROOM_WEBHOOK_SECRET is sent along")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="also write the finished lines.toml of these devices")
    ] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Start the demo building's devices alone, on loopback, to try every other command against them."""
    from services.commands import simulating  # noqa: PLC0415

    ports = simulating.Ports(bacnet_port, modbus_port, rtu_port)
    asyncio.run(simulating.run(ports, webhook=webhook, output=output, console=err, as_json=as_json))


@app.command()
def run(
    *,
    lines: File = None,
    to: Annotated[
        str, typer.Option("--to", help="forward to this Plantroom server instead; its secret is PLANTROOM_FORWARD__SECRET")
    ] = "",
    home: Home = None,
) -> None:  # fmt: skip
    """Poll the lines without the web server: into the home's history, or on to a server."""
    from ingest.lines import read_lines  # noqa: PLC0415
    from services import edge_box, polling  # noqa: PLC0415
    from services.commands import line_files  # noqa: PLC0415

    settings = settings_of(home)
    if to:
        settings = line_files.forwarding_to(settings, to)
    server = edge_box.server_of(settings) if settings.forward.url else None
    path = line_files.path_of(settings, lines)
    asyncio.run(polling.run(settings, read_lines(path), server, err))


@app.command()
def status(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="show it again every two seconds")] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """How every line does, and the way to the history; exit 1 where something needs a person."""
    from services.commands import line_status  # noqa: PLC0415

    settings = settings_of(home)
    if watch and not as_json:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(line_status.watch(settings, out))
        return
    found = asyncio.run(line_status.status(settings))
    print_json(found) if as_json else line_status.show(out, found)
    raise typer.Exit(0 if found["ok"] else 1)


@app.command()
def quarantine(
    batches: Annotated[
        list[str] | None, typer.Argument(help="only these batches, by their ids; or the word all")
    ] = None,
    *,
    retry: Annotated[
        bool, typer.Option("--retry", help="send them once more, when the cause is mended")
    ] = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="forget them; they cannot be had back")
    ] = False,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Samples that were kept aside, and why: impossible times, points the model does not know, what a history refuses."""
    from services.commands import quarantine as aside  # noqa: PLC0415

    settings = settings_of(home)
    ids = aside.chosen(batches or [], retry=retry, discard=discard)
    if retry or discard:
        work = aside.retried if retry else aside.discarded
        done = asyncio.run(work(settings, ids))
        print_json(done) if as_json else aside.show_done(out, done)
        return
    found = asyncio.run(aside.listed(settings, ids))
    print_json(found) if as_json else aside.show(out, found)

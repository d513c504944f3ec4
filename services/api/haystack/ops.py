"""The table of ops: name, what it does, whether it changes something; and the ops that list tables."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ontology.definitions import Def, Definitions
from ontology.filter import parse_filter
from ontology.kinds import MARKER, Grid, Symbol, Tags
from services.api.haystack.histories import his_read
from services.api.haystack.media import FORMATS, argument
from services.api.haystack.reads import about, limit_of, nav, read
from services.api.haystack.served import Call
from services.api.haystack.watches import Watches
from services.api.haystack.writes import (
    Writes,
    his_write,
    invoke_action,
    offered,
    point_write,
)

Handler = Callable[[Call], Awaitable[Grid]]


@dataclass(frozen=True)
class Op:
    """One row of the table. `get`: whether it may be called by GET, for it changes nothing."""

    name: str
    says: str
    handler: Handler
    get: bool = False


def table(watches: Watches) -> Mapping[str, Op]:
    """Every op by its name."""
    rows = (
        Op("about", "Server and clock", about, get=True),
        Op("close", "End this login", _close),
        Op("defs", "Definitions this server knows", _defs, get=True),
        Op("libs", "Libraries of definitions", _libs, get=True),
        Op("ops", "This list", _ops, get=True),
        Op("filetypes", "Formats of grids", _filetypes, get=True),
        Op("formats", "Formats of grids, as Haystack 3 asks for them", _formats, get=True),
        Op("read", "Entities by filter or by id", read, get=True),
        Op("nav", "The tree of sites, spaces and equipment", nav, get=True),
        Op("watchSub", "Watch entities", watches.subscribe),
        Op("watchUnsub", "Watch no longer", watches.unsubscribe),
        Op("watchPoll", "What changed in a watch", watches.poll),
        Op("hisRead", "Samples of points", his_read, get=True),
        Op("hisWrite", "Store samples of points", _his_write),
        Op("pointWrite", "Priority array of a point", _point_write),
        Op("invokeAction", "Do an action on an entity", _invoke_action),
    )
    return {row.name: row for row in rows}


async def _close(_call: Call) -> Grid:
    return Grid(("empty",))  # the door has taken the token back


async def _his_write(call: Call) -> Grid:
    return await his_write(_writes(call, "hisWrite"), call.grid)


async def _point_write(call: Call) -> Grid:
    return await point_write(_writes(call, "pointWrite"), call.grid, call.session.user)


async def _invoke_action(call: Call) -> Grid:
    return await invoke_action(_writes(call, "invokeAction"), call.grid)


def _writes(call: Call, what: str) -> Writes:
    return offered(call.served.writes, what)


LIB: Final = Symbol("lib:ph")


def _taxonomy(defs: Definitions) -> list[Tags]:
    """Every def this home knows, with what it is and what it means where that is known."""
    return [
        {"def": Symbol(each.name), "lib": _lib_of(each)}
        | ({"is": [Symbol(name) for name in each.supers]} if each.supers else {})
        | ({"doc": each.doc} if each.doc else {})
        for each in defs.defs.values()
    ]


def _lib_of(each: Def) -> Symbol:
    """The library a def came with; our own tables are of the standard's."""
    return Symbol(f"lib:{each.lib.removeprefix('lib:')}") if each.lib else LIB


def _op_rows() -> list[Tags]:
    # the handlers are not called: any watches serve
    return [
        _def(f"op:{op.name}", "op", op.says, name=op.name, summary=op.says)
        | ({"noSideEffects": MARKER} if op.get else {})
        for op in table(Watches()).values()
    ]


def _file_rows() -> list[Tags]:
    return [
        _def(f"filetype:{each.name}", "filetype", each.says, name=each.name, mime=each.media)
        | ({"receive": MARKER} if each.read else {})
        | ({"send": MARKER} if each.encode else {})
        for each in FORMATS
    ]


def _lib_rows(defs: Definitions) -> list[Tags]:
    ours = _def(LIB.name, "lib", "Project Haystack", version="4.0", name="ph")
    more = dict.fromkeys(map(_lib_of, defs.defs.values()))
    return [ours, *({"def": lib, "is": [Symbol("lib")]} for lib in more if lib != LIB)]


def _def(name: str, base: str, says: str, /, **more: Any) -> dict[str, Any]:
    tags: dict[str, Any] = {"def": Symbol(name), "doc": says, "lib": LIB, **more}
    return tags | ({"is": [Symbol(base)]} if base else {})


async def _defs(call: Call) -> Grid:
    defs = call.served.defs
    known = [*_taxonomy(defs), *_lib_rows(defs)]
    return _listed([*known, *_op_rows(), *_file_rows()], call.grid)


async def _libs(call: Call) -> Grid:
    return _listed(_lib_rows(call.served.defs), call.grid)


async def _ops(call: Call) -> Grid:
    return _listed(_op_rows(), call.grid)


async def _filetypes(call: Call) -> Grid:
    return _listed(_file_rows(), call.grid)


async def _formats(call: Call) -> Grid:
    rows = [
        {"mime": each.media, "receive": MARKER if each.read else None,
         "send": MARKER if each.encode else None}
        for each in FORMATS
    ]  # fmt: skip
    return _listed(rows, call.grid)


def _listed(rows: Iterable[Tags], asked: Grid) -> Grid:
    """The rows that match the filter of a call, up to its limit."""
    filter = argument(asked, "filter")
    matches = parse_filter(str(filter)) if filter is not None else None
    kept = [row for row in rows if matches is None or matches(row, lambda _: None)]
    return Grid.of(kept[: limit_of(asked)])

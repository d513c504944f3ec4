"""The definitions of a home as its Haystack clients see them: the standard's and those that were imported."""

from __future__ import annotations

from haystack_house import BANGKOK, NOW, entities

from ontology.definitions import STANDARD, Def, Definitions
from ontology.kinds import Grid, Symbol
from ontology.store.memory_history import MemoryHistory
from ontology.store.memory_records import MemoryRecords
from services.api.haystack.auth import Session
from services.api.haystack.ops import table
from services.api.haystack.served import Call, Served
from services.api.haystack.watches import Watches

OWN = Definitions([Def("iceMaker", ("chiller",), doc="Makes ice", lib="lib:rink")])


async def asked(op: str, filter: str) -> list[dict[str, object]]:
    """The rows of an op that a filter lets through, in a home with definitions of its own."""
    served = Served(
        records=MemoryRecords(entities()), history=MemoryHistory(), clock=lambda: NOW, zone=BANGKOK,
        name="Rink", version="1", started=NOW, defs=STANDARD.merged(OWN),
    )  # fmt: skip
    call = Call(served, Session("caretaker", opened=0.0, seen=0.0), Grid.of([{"filter": filter}]))
    return [dict(row) for row in await table(Watches())[op].handler(call)]


async def test_definitions_that_were_imported_are_listed_with_what_they_are_and_mean() -> None:
    assert await asked("defs", "def==^iceMaker") == [
        {
            "def": Symbol("iceMaker"), "lib": Symbol("lib:rink"),
            "is": [Symbol("chiller")], "doc": "Makes ice",
        }
    ]  # fmt: skip


async def test_their_library_is_listed_beside_the_standard() -> None:
    libs = [row["def"] for row in await asked("libs", "def")]
    assert libs == [Symbol("lib:ph"), Symbol("lib:rink")]

"""Which passage of a document answers, and when none does."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from agent.answers import tell
from agent.evidence import ToolResult
from agent.plan import Intent, Plan, Step
from agent.tools import call
from agent.tools.passages import arranged, is_cover, unsaid
from edge.chunk import Chunk, Passage
from edge.index import EVERYTHING, Only
from tests.agent.tower import BUILDING, NOW, tower

COVER = Chunk(
    "om:0", "om", "O&M chillers", "Applies to: CH-1, CH-2\nDocument: RT-OM-01, revision 6.", (), 1
)
DESIGN = Chunk("om:1", "om", "O&M chillers", "Item | CH-1 | Unit\nChilled-water flow | 74 | L/s\nPower | 303 | kW",
               ("1.1 Design data",), 1)  # fmt: skip
CODES = Chunk("om:2", "om", "O&M chillers", "Code | Meaning\nE04 | High condenser pressure\nE05 | Motor overload",
              ("5 Alarm codes",), 3)  # fmt: skip
START = Chunk(
    "so:1",
    "so",
    "Sequence",
    "Open the valves.\nEnable the chiller.",
    ("2.3 Start sequence of a chiller",),
    1,
)
FAILURES = Chunk("so:2", "so", "Sequence", "Event | What to do\nChiller trip | read the code at the panel",
                 ("5 Failures",), 2)  # fmt: skip
BATTERY = Chunk(
    "iaq:1",
    "iaq",
    "IAQ manual",
    "Open the cover, put in two new cells.",
    ("2.2 How to change the battery",),
    1,
)


@dataclass(frozen=True)
class Ranked:
    """A shelf that ranks as it was told, whatever is asked: the worst a search can do."""

    chunks: tuple[Chunk, ...]
    mode: str = "lexical"

    def search(self, question: str, *, count: int = 5, only: Only = EVERYTHING) -> list[Passage]:
        return [Passage(c, 1.0 / n, ("lexical",)) for n, c in enumerate(self.chunks[:count], 1)]


async def asked(question: str, *chunks: Chunk) -> tuple[ToolResult, str]:
    box = replace(await tower(), library=Ranked(chunks))
    found = await call(box, "manuals", {"question": question})
    assert not found.error, found.summary
    plan = Plan("playbook", Intent.MANUAL_LOOKUP, steps=(Step("manuals", {"question": question}),))
    return found, tell(question, plan, [found], BUILDING, NOW).text


async def test_a_cover_page_is_never_quoted() -> None:
    found, text = await asked("design flow of CH-1", COVER, DESIGN)
    assert found.rows[0]["id"] == DESIGN.id
    assert "Chilled-water flow | 74 | L/s" in text
    assert "revision" not in text
    alone, text = await asked("design flow of CH-1", COVER)
    assert alone.rows == ()
    assert "say nothing about it" in text


@pytest.mark.parametrize(
    ("text", "headings", "cover"),
    [
        ("Applies to: CH-1\nDocument: RT-1, revision 2.", (), True),
        ("Document no.: 4\nRevision: B\nDate: 2026-01-01", (), True),
        ("Document: RT-1\nKeep the strainer clean.", (), False),
        ("Document: RT-1", ("3 Filing",), False),
    ],
)
def test_a_cover_says_only_what_document_it_is(
    text: str, headings: tuple[str, ...], cover: bool
) -> None:
    assert is_cover(Chunk("x:0", "x", "X", text, headings, 1)) is cover


@pytest.mark.parametrize("question", ["alarm E99", "what does E99 mean", "E99 คืออะไร"])
async def test_a_code_that_no_document_has_is_not_explained_by_another(question: str) -> None:
    found, text = await asked(question, COVER, START, CODES)
    assert found.rows == ()
    assert found.facts["absent"] == "E99"
    assert "E99" in text
    assert ">" not in text
    assert "O&M chillers, 5 Alarm codes, p. 3" in text
    assert "High condenser pressure" not in text


async def test_a_code_is_answered_by_its_row_and_a_machine_is_no_code() -> None:
    _, text = await asked("what does E04 mean", START, CODES)
    assert "E04 | High condenser pressure" in text
    assert "E05" not in text
    found, _ = await asked("design flow of CT-1 CH-1", DESIGN)
    assert found.rows


async def test_resetting_a_trip_is_not_starting_a_chiller() -> None:
    _, text = await asked("how do i reset a chiller trip", START, FAILURES)
    assert text.index("No document here says how to reset it") < text.index(
        "Chiller trip | read the code"
    )
    assert "Enable the chiller" not in text


def test_an_act_is_found_under_another_word_for_it() -> None:
    question = "how do i replace the iaq battery"
    first = arranged(question, [Passage(c, 1.0, ()) for c in (START, CODES, BATTERY)], 3)[0]
    assert first == [BATTERY]
    assert unsaid(question, first) == ""
    assert unsaid(question, [START]) == "replace"
    assert unsaid("what is the battery", [START]) == ""

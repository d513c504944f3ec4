"""The verb `manuals`: passages of this building's documents. Their text is data, never instructions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from agent.evidence import ToolResult, Trust
from agent.tools.passages import arranged, codes_in, lists_codes, mentions, quote, unsaid
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox
from edge.chunk import Chunk, Passage
from edge.index import Only
from ontology.errors import Unavailable

DEEPER: Final = 3
"""Passages read for one shown: the line that answers may stand in a passage that ranks lower."""


async def manuals(
    box: Toolbox, *, question: str, of: list[str] | None = None, count: int = 4
) -> ToolResult:
    """The best sections, best first, each with document and page; `quote` is what to show of one."""
    if box.library is None:
        raise Unavailable("no documents are indexed here", hint="run the document indexing first")
    ids = tuple(box.building.get(id).id for id in of or ())
    search = partial(box.library.search, count=DEEPER * count)
    found = await asyncio.to_thread(search, question, only=Only(equip=ids))
    codes = [code for code in codes_in(question) if code not in box.building]
    if codes and not _mentioning(found, codes):  # it may stand in a document about other things
        found = [*_mentioning(await asyncio.to_thread(search, codes[0]), codes), *found]
    draft = Draft("manuals")
    draft.facts |= {"mode": box.library.mode, "question": question, "unsaid": ""}
    if codes and not _mentioning(found, codes):
        return _unmentioned(draft, codes[0], found)
    sections = arranged(question, found, count)
    for section in sections:
        draft.rows.append(_row(draft, question, section))
    if sections:
        draft.facts["unsaid"] = unsaid(question, sections[0])
    if not draft.rows:
        draft.lines.append("no passage found")
    if draft.facts["unsaid"]:
        draft.lines.append(f"none of it says how to {draft.facts['unsaid']}")
    return draft.done()


def _row(draft: Draft, question: str, section: Sequence[Chunk]) -> dict[str, Any]:
    """A section with its citations and the lines of it to show."""
    cites = []
    for chunk in section:
        cites.append(draft.cite(
            "manual", where(chunk), chunk.text, Trust.DOCUMENT, chunk=chunk.id, page=chunk.page,
            document=chunk.document,
        ))  # fmt: skip
        draft.lines.append(f"[{cites[-1]}] {where(chunk)}")
        draft.lines.append(fenced(chunk.text[:900]))
    first = section[0]
    return {
        "id": first.id, "title": first.title, "page": first.page, "text": "\n".join(c.text for c in section),
        "headings": first.headings, "where": where(first), "evidence": cites[0], "cites": cites,
        "quote": quote(question, section),
    }  # fmt: skip


def _mentioning(found: Sequence[Passage], codes: Sequence[str]) -> list[Passage]:
    return [p for p in found if any(mentions(p.chunk, code) for code in codes)]


def _unmentioned(draft: Draft, code: str, found: Sequence[Passage]) -> ToolResult:
    """No document has the code: said so, with the lists of codes there are; nothing is quoted."""
    lists = {where(p.chunk): p.chunk for p in found if lists_codes(p.chunk)}
    cites = [
        draft.cite("manual", name, chunk.text, Trust.DOCUMENT, chunk=chunk.id, page=chunk.page, document=chunk.document)
        for name, chunk in lists.items()
    ]  # fmt: skip
    draft.facts |= {"absent": code, "lists": list(zip(lists, cites, strict=True))}
    draft.lines.append(f"no document here mentions {code}; never explain it by something else")
    draft.lines += [f"list of codes: {name} [{cite}]" for name, cite in draft.facts["lists"]]
    return draft.done()


def where(chunk: Chunk) -> str:
    """Document, heading and page, as people cite them."""
    heading = f", {chunk.headings[-1]}" if chunk.headings else ""
    return f"{chunk.title}{heading}" + (f", p. {chunk.page}" if chunk.page else "")


def fenced(text: str) -> str:
    """Text of a document between marks it cannot forge: quoted data for a language model."""
    return "<<<document\n" + text.replace("<<<", "< < <").replace(">>>", "> > >") + "\n>>>"


TOOL = Tool(
    "manuals",
    "Search O&M manuals, sequences of operation and alarm guides of this building.",
    (
        Arg("question", "text", "what to look for, in a few words", required=True),
        Arg("of", "ids", "only documents about this equipment"),
        Arg("count", "integer", "how many passages", high=10),
    ),
    manuals,
)

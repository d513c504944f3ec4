"""The verb `validate`: whether a Haystack filter can be read, how many match, and which part leaves nothing over."""

from __future__ import annotations

from typing import Final

from agent.evidence import ToolResult, Trust
from agent.tools.shortlist import killer
from agent.tools.spec import Arg, Tool
from agent.tools.toolbox import Draft, Toolbox
from ontology.errors import BadRequest

MAX_TERMS: Final = 20


async def validate(box: Toolbox, *, filter: str) -> ToolResult:
    """Rows of {text, alone, so_far, without} per part joined by `and`; no rows when it cannot be read."""
    draft = Draft("validate")
    cite = draft.cite("ontology", filter, trust=Trust.ONTOLOGY, filter=filter)
    draft.facts |= {"filter": filter, "evidence": cite, "wrong": "", "killer": None}
    try:
        why = box.building.index.explain(filter)
    except BadRequest as wrong:
        draft.facts["wrong"] = f"{wrong} ({wrong.hint})" if wrong.hint else str(wrong)
        draft.lines.append(f"not a filter: {draft.facts['wrong']} [{cite}]")
        return draft.done()
    draft.facts |= {"total": draft.figure("found", why.count, "", cite), "killer": why.killer}
    draft.lines.append(
        f"{why.count} match [{cite}]" + ("" if why.count else f"; {killer(box, filter)}")
    )
    for n, term in enumerate(why.terms[:MAX_TERMS]):
        counts = {
            name: draft.figure(f"term{n}.{name}", value, "", cite)
            for name, value in (
                ("alone", term.alone),
                ("so_far", term.so_far),
                ("without", term.without),
            )
        }
        draft.rows.append({"text": term.text, **counts})
        draft.lines.append(
            f"  {term.text}: alone {term.alone}, so far {term.so_far}, the filter without it {term.without}"
        )
    if len(why.terms) > MAX_TERMS:
        draft.lines.append(f"  and {len(why.terms) - MAX_TERMS} more parts")
    return draft.done()


TOOL = Tool(
    "validate",
    "Check a Haystack filter: does it parse, how many match, which part leaves nothing over.",
    (Arg("filter", "text", "Haystack filter to check", required=True),),
    validate,
)

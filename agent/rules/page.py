"""The rule table as a page for people: `python -m agent.rules.page > docs/reference-rules.md`."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Sequence

from agent.diagnosis import Family
from agent.rules.rule import Rule
from agent.rules.table import RULES

_HEAD = """\
# Rules

*Written by `python -m agent.rules.page` from the rule table in `agent/rules/`; a test fails when the two differ.*

Every rule looks at 15-minute means. A symptom must hold without a break for its *hold*; runs that follow each other closely are one
finding; a finding must add up to *at least* the hours given. A rule whose points are missing on an equipment is reported as skipped there,
with what it would need. Rules about sensors come first: what they find wrong, no other rule reads.

Severity: 1 information, 2 waste, 3 comfort or air quality, 4 risk for equipment. `weather.`, `air.`, `plant.`, `room.`, `zone.`,
`chillers.`, `user.` and `measured.` before a point mean the point of a related equipment, found over the ontology.
"""
_TITLES = {
    Family.SENSOR: "Sensors",
    Family.AIR: "Air handling",
    Family.ROOM: "Rooms and zones",
    Family.PLANT: "Chilled-water plant",
    Family.OVERRIDE: "Overrides and commands",
    Family.COORDINATION: "Coordination",
}


def rules_page() -> str:
    """The whole page in Markdown."""
    return "\n".join([_HEAD, *_tables(), ""])


def _tables() -> Iterator[str]:
    for family, title in _TITLES.items():
        rows = _by_id([rule for rule in RULES if rule.family is family])
        yield f"## {title}\n"
        yield "| id | severity | says | needs | hold | at least | impact | source |"
        yield "|---|---|---|---|---|---|---|---|"
        for same in rows:
            yield _row(same)
        yield "\nCauses, the likeliest first before looking, and how to check them:\n"
        for same in rows:
            causes = "; ".join(f"{s.says} ({s.prior:.0%}): {s.check}" for s in same[0].causes)
            yield f"- **{same[0].id}** {causes}."
        yield ""


def _by_id(rules: Sequence[Rule]) -> list[list[Rule]]:
    rows: dict[str, list[Rule]] = {}
    for rule in rules:
        rows.setdefault(rule.id, []).append(rule)
    return list(rows.values())


def _row(same: Sequence[Rule]) -> str:
    rule = same[0]
    needs = dict.fromkeys(
        " + ".join(f"`{need}`" for need in r.needs) or "the newest samples" for r in same
    )
    says = rule.says.replace("{", "⟨").replace("}", "⟩")
    if len(same) > 1 and rule.subject:
        says = says.replace(f"⟨{rule.subject}⟩", "⟨value⟩")
    cells = (
        rule.id,
        str(int(rule.severity)),
        says,
        "; or ".join(needs),
        _hours(rule.hold),
        _hours(max(rule.least, rule.hold)),
        rule.method or "not costed",
        rule.source,
    )
    return f"| {' | '.join(cells)} |"


def _hours(duration: dt.timedelta) -> str:
    minutes = duration / dt.timedelta(minutes=1)
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:g} h"


if __name__ == "__main__":
    sys.stdout.write(rules_page())

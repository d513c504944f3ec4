"""Detection: all rules over a span of history, sensors first, and the cases their findings make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from agent.causes import cases
from agent.diagnosis import Detection, Finding, Skipped
from agent.impact import TARIFF_PER_KWH
from agent.rules.engine import evaluate, finding, mask
from agent.rules.frames import STEP, Frames, Layout
from agent.rules.overrides import overrides_now
from agent.rules.rule import Rule
from agent.rules.standing import override_findings, silent_findings
from agent.rules.table import RULES
from ontology.graph import Building
from ontology.history import History
from ontology.kinds import Ref
from ontology.records import Records
from ontology.time import Span


async def detect(
    building: Building,
    history: History,
    span: Span,
    *,
    now: dt.datetime,
    tariff: float = TARIFF_PER_KWH,
    records: Records | None = None,
    rules: Sequence[Rule] = RULES,
) -> Detection:
    """All findings of the span, parents before children, and what could not be looked at.

    `tariff` is money per kWh. `records` adds the overrides the poller has kept. A month of a building
    with 3,000 points is read in a few large batches.
    """
    layout = Layout(building)
    frames = await Frames.load(layout, history, _points(layout, rules), _whole_steps(span))
    standing = silent_findings(building, await history.latest(), now)
    held = await overrides_now(building, history, records, now)
    standing += override_findings(building, held, now)
    found, skipped = _evaluated((r for r in rules if r.gates), frames, tariff)
    mask(found, frames)
    others, more_skipped = _evaluated((r for r in rules if not r.gates), frames, tariff)
    merged = cases(building, _unique([*standing, *found, *others]), now)
    return Detection(tuple(sorted(merged, key=_order)), tuple(_merged(skipped + more_skipped)))


def _points(layout: Layout, rules: Iterable[Rule]) -> list[Ref]:
    """Every point that some rule reads."""
    found: dict[Ref, None] = {}
    for rule in rules:
        for equip in layout.equips(rule.equip) if rule.symptom else ():
            for need in rule.reads:
                found.update(dict.fromkeys(layout.points(equip, need)))
    return list(found)


def _whole_steps(span: Span) -> Span:
    """The span with its start on a whole step, so that every run sees the same steps."""
    start, end = span.seconds
    size = int(STEP.total_seconds())
    first = -(-start // size) * size
    return Span(dt.datetime.fromtimestamp(min(first, end), tz=dt.UTC), span.end)


def _evaluated(
    rules: Iterable[Rule], frames: Frames, tariff: float
) -> tuple[list[Finding], list[Skipped]]:
    found: list[Finding] = []
    skipped: list[Skipped] = []
    for rule in rules:
        episodes, missing = evaluate(rule, frames)
        found += [finding(episode, frames, tariff) for episode in episodes]
        skipped += [missing] if missing else []
    return found, skipped


def _unique(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per id: the longest, where two rows of one rule saw the same."""
    best: dict[str, Finding] = {}
    for one in findings:
        known = best.get(one.id)
        if known is None or one.confidence > known.confidence:
            best[one.id] = one
    return list(best.values())


def _merged(skipped: Sequence[Skipped]) -> list[Skipped]:
    """Rows of one rule that miss the same roles as one line."""
    lines: dict[tuple[str, tuple[str, ...]], Skipped] = {}
    for one in skipped:
        key = (one.rule, one.needs)
        before = lines[key].equips if key in lines else ()
        lines[key] = Skipped(
            one.rule, one.says, tuple(dict.fromkeys(before + one.equips)), one.needs
        )
    return list(lines.values())


def _order(finding: Finding) -> tuple[bool, bool, int, float]:
    return (
        finding.parent is not None,
        finding.end is not None,
        -int(finding.severity),
        -finding.start.timestamp(),
    )

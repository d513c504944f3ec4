"""From rule rows to findings: who can be judged, which steps are flagged, which episodes that makes."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.diagnosis import (
    Cause,
    Finding,
    Impact,
    Proof,
    Severity,
    Skipped,
    State,
    finding_id,
    ranked,
)
from agent.impact import priced
from agent.rules.arrays import STEP_H, At, Flags, held, joined, runs
from agent.rules.frames import CLOCK, STEP, Frames, Need, unit_of
from agent.rules.rule import Rule, Suspect
from ontology.defs import ROLE
from ontology.entity import Entity
from ontology.time import Span

MAX_CONFIDENCE = 0.95
"""No rule is ever certain: the sensors are part of the building."""
EVIDENCE_ODDS = 4.0
"""A support that always holds makes a cause four times as likely, one that never holds four times less."""

_PLACEHOLDER = re.compile(r"\{([a-z0-9.:-]+)\}")


@dataclass(frozen=True)
class Episode:
    """A symptom confirmed on one equipment over steps [start, end), flagged in some of them."""

    rule: Rule
    equip: Entity
    start: int
    end: int
    flags: Flags
    """Shape (steps,): where the symptom was confirmed."""
    at: At
    """The rule's arrays, shape (1, steps)."""

    @property
    def longest(self) -> tuple[int, int]:
        """The longest unbroken run: the window its proofs are taken over."""
        found = runs(self.flags)
        length = [end - start for start, end in found]
        return found[int(np.argmax(length))]

    @property
    def hours(self) -> float:
        """Confirmed hours."""
        return float(self.flags.sum()) * STEP_H

    def mean(self, need: str) -> float:
        """Mean of a role over the longest run; NaN when silent."""
        start, end = self.longest
        window = self.at[need][0, start:end]
        known = window[np.isfinite(window)]
        return float(known.mean()) if len(known) else float("nan")


def evaluate(rule: Rule, frames: Frames) -> tuple[list[Episode], Skipped | None]:
    """The episodes of one rule on all its equipment, and where it could not look."""
    if rule.symptom is None:
        return [], None
    able, skipped = _able(rule, frames)
    if not able:
        return [], skipped
    at = {need: frames.values(able, need) for need in (*rule.reads, *CLOCK)}
    flags = np.broadcast_to(rule.symptom(at), (len(able), frames.steps))
    flags = held(flags, _steps(rule.hold))
    found = []
    for row in np.flatnonzero(flags.any(axis=1)).tolist():
        own = {need: values[min(row, len(values) - 1)][None] for need, values in at.items()}
        found += _episodes(rule, able[row], flags[row], own)
    return found, skipped


def _able(rule: Rule, frames: Frames) -> tuple[list[Entity], Skipped | None]:
    able: list[Entity] = []
    unable: list[Entity] = []
    missing: set[str] = set()
    for equip in frames.layout.equips(rule.equip):
        lacks = [need for need in rule.needs if not frames.layout.points(equip, need)]
        if rule.subject in lacks:  # no such point, so nothing of it to judge
            continue
        missing.update(lacks)
        (unable if lacks else able).append(equip)
    if not unable:
        return able, None
    needs = tuple(sorted(missing))
    return able, Skipped(rule.id, rule.says, tuple(e.id for e in unable), needs)


def _episodes(rule: Rule, equip: Entity, flags: Flags, own: At) -> list[Episode]:
    found = []
    for start, end in joined(runs(flags), _steps(rule.join)):
        inside = np.zeros_like(flags)
        inside[start:end] = flags[start:end]
        if inside.sum() >= _steps(max(rule.least, rule.hold)):
            found.append(Episode(rule, equip, start, end, inside, own))
    return found


def _steps(duration: dt.timedelta) -> int:
    return max(1, -(-duration // STEP))


def finding(episode: Episode, frames: Frames, tariff: float) -> Finding:
    """What an episode means to people."""
    rule, equip = episode.rule, episode.equip
    start = frames.instant(episode.start)
    still = frames.steps - episode.end <= _steps(rule.join)
    point = frames.layout.point(equip.id, rule.subject) if rule.subject else None
    causes = ranked([_cause(suspect, episode, frames) for suspect in rule.causes])
    return Finding(
        id=finding_id(rule.id, point.id if point else equip.id, start, frames.layout.building.zone),
        rule=rule.id,
        family=rule.family,
        equip=equip.id,
        start=start,
        end=None if still else frames.instant(episode.end),
        severity=Severity(rule.severity),
        says=says(episode),
        proofs=_proofs(episode, frames),
        causes=causes,
        next_check=next_check(causes, rule.causes),
        impact=_impact(episode, tariff),
        confidence=_confidence(episode),
        status=State.OPEN if still else State.CLOSED,
        point=point.id if point else "",
    )


def says(episode: Episode) -> str:
    """The rule's sentence with the numbers of this episode in it."""

    def number(match: re.Match[str]) -> str:
        need = match[1]
        value = episode.mean(need)
        if ROLE[Need.of(need).role].is_bool and np.isfinite(value):
            return "on" if value > 0.5 else "off"
        return shown(value, unit_of(need))

    return f"{episode.equip.id} {_PLACEHOLDER.sub(number, episode.rule.says)}"


def shown(value: float, unit: str) -> str:
    """A number as people read it; "unknown" for NaN.

    >>> shown(23.456, "°C"), shown(1012.3, "ppm")
    ('23.5 °C', '1,012 ppm')
    """
    if not np.isfinite(value):
        return "unknown"
    digits = 1 if abs(value) < 100 else 0
    return f"{value:,.{digits}f} {unit}".strip()


def next_check(causes: Sequence[Cause], suspects: Sequence[Suspect]) -> str:
    """Of the two likeliest causes, the check that is worth most a minute: chance to confirm over effort."""
    effort = {suspect.id: suspect.effort_min for suspect in suspects}
    top = max(causes[:2], key=lambda c: c.likelihood / effort.get(c.id, 15), default=None)
    return top.check if top else ""


def _proofs(episode: Episode, frames: Frames) -> tuple[Proof, ...]:
    """One proof for each role the rule read: its mean over the longest run."""
    start, end = episode.longest
    span = Span(frames.instant(start), frames.instant(end))
    found = []
    for need in episode.rule.reads:
        points = frames.layout.points(episode.equip, need)
        value = episode.mean(need)
        if points and np.isfinite(value):
            found.append(_proof(need, [p.id for p in points], span, value))
    return tuple(found)


def _proof(need: str, points: Sequence[str], span: Span, value: float) -> Proof:
    wanted = Need.of(need)
    role = ROLE[wanted.role]
    more = f" ({wanted.combine} of {len(points)} points)" if len(points) > 1 else ""
    if role.is_bool:
        return Proof(points[0], span, "mean", round(value * 100, 1), "%",
                     f"{role.dis} on {value:.0%} of the time{more}")  # fmt: skip
    text = f"{role.dis} averaged {shown(value, role.unit)}{more}"
    return Proof(points[0], span, "mean", round(value, 2), role.unit, text)


def _cause(suspect: Suspect, episode: Episode, frames: Frames) -> Cause:
    share = float("nan")
    if suspect.support is not None:
        support = np.broadcast_to(suspect.support(episode.at), (1, len(episode.flags)))[0]
        seen = support[episode.flags & np.isfinite(support)]
        share = float(seen.mean()) if len(seen) else float("nan")
    odds = 1.0 if np.isnan(share) else EVIDENCE_ODDS ** (2 * share - 1)
    proofs: tuple[Proof, ...] = ()
    if suspect.tells and not np.isnan(share):
        span = Span(frames.instant(episode.start), frames.instant(episode.end))
        text = suspect.tells.replace("{pct}", f"{share:.0%}".replace("%", " %"))
        proofs = (Proof(episode.equip.id, span, "share", round(100 * share, 1), "%", text),)
    return Cause(suspect.id, suspect.says, suspect.prior * odds, suspect.check, proofs)


def _impact(episode: Episode, tariff: float) -> Impact:
    rule = episode.rule
    kwh = None
    if rule.waste is not None:
        kw = np.broadcast_to(rule.waste(episode.at), (1, len(episode.flags)))[0][episode.flags]
        kwh = float(np.nansum(kw)) * STEP_H if np.isfinite(kw).any() else None
    comfort = episode.hours if rule.comfort else None
    return priced(kwh, tariff, comfort_hours=comfort, method=rule.method)


def _confidence(episode: Episode) -> float:
    """Grows with how often the least evidence has been seen over again: 0.6, 0.7 at twice, 0.8 at four times."""
    least = max(episode.rule.least, episode.rule.hold, STEP) / dt.timedelta(hours=1)
    return round(min(MAX_CONFIDENCE, 0.6 + 0.1 * float(np.log2(episode.hours / least))), 2)


def mask(findings: Sequence[Finding], frames: Frames) -> None:
    """Hide the values of points found wrong from every rule that comes after."""
    for found in findings:
        ref = frames.layout.building.get(found.point).ref
        start = int((found.start - frames.span.start) / STEP)
        end = frames.steps if found.end is None else -int((frames.span.start - found.end) // STEP)
        frames.hide(ref, start, end)

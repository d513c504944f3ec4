"""Every number an answer shows must come from a tool: what is bound, and what is not.

A digit in an answer is bound when it stands inside a phrase that a tool result, the plan or the
ontology gave (a figure as shown, a time, a name, a quoted passage). A language model may also round
a figure or show it in another unit: that counts as bound within the precision it wrote.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final

from agent.evidence import Figure, ToolResult
from agent.figures import Clock, show, signed
from agent.plan import Plan
from ontology.entity import Entity
from ontology.errors import BadRequest
from ontology.graph import Building
from ontology.units import UNITS, convert, symbol

MAX_DEPTH: Final = 8
MAX_PAIRED: Final = 40
"""Instants between which ranges are made; an answer names few."""
CITATION: Final = re.compile(r"\[E\d+(?:,\s*E\d+)*\]")
_WORDS_WITH_DIGITS: Final = re.compile(r"\b(?:CO2|H2O|PM2\.5|R-?134a|R-?123|24/7)\b")
_LIST_NUMBER: Final = re.compile(r"(?m)^\s*\d{1,2}[.)]\s")
_NAME: Final = re.compile(r"[A-Za-z][\w]*(?:[-.][\w]+)+")
_NUMBER: Final = re.compile(r"(?<![\w.])[-+−]?\d[\d,]*(?:\.\d+)?")
_SYMBOLS: Final = sorted(
    {u.symbol for u in UNITS} | {"tons", "F", "C", "kW/ton"}, key=len, reverse=True
)
_UNIT_AFTER: Final = re.compile(r"\s?(" + "|".join(map(re.escape, _SYMBOLS)) + r")(?![\w/])")


@dataclass(frozen=True)
class Ungrounded:
    """A number no tool result supports, as written, and where it stands in the text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Bound:
    """Everything a run may show: figures, and phrases that contain digits."""

    figures: tuple[Figure, ...]
    phrases: tuple[str, ...]
    names: Building

    @classmethod
    def of(
        cls, building: Building, plan: Plan, results: Sequence[ToolResult], *, now: dt.datetime, said: str = ""
    ) -> Bound:  # fmt: skip
        """`said`: the question itself; numbers a person gave may be repeated."""
        figures = tuple(f for result in results for f in result.figures)
        # One digit alone ("chiller 3") would bind every 3.
        phrases = {word for word in _tokens(said) if sum(map(str.isdigit, word)) > 1}
        phrases |= {name for e in building if not e.is_point for name in _names(e)}
        for result in results:
            phrases |= (
                set(_texts(result.evidence)) | set(_texts(result.rows)) | set(_texts(result.facts))
            )
            phrases |= {chart.title for chart in result.charts}
            if result.error:
                phrases.add(result.summary)
        instants = {i for r in results for i in _instants((r.rows, r.facts, r.evidence))}
        if plan.time:
            instants |= {plan.time.start, plan.time.end}
        phrases |= _times(sorted(instants), building, now)
        phrases |= set(_texts(plan.slots)) | ({plan.question_back} if plan.question_back else set())
        for figure in figures:
            phrases |= {show(figure), show(figure, thai=True), signed(figure)}
        return cls(
            figures, tuple(sorted(filter(_digits, phrases), key=len, reverse=True)), building
        )


def unbound(text: str, bound: Bound) -> list[Ungrounded]:
    """Digits of a text that stand in no phrase the run gave: for texts rendered from figures."""
    rest = _blanked(text, bound)
    return [_at(text, match) for match in re.finditer(r"[-\w.,:]*\d[-\w.,:%]*", rest)]


def ungrounded(text: str, bound: Bound) -> list[Ungrounded]:
    """As `unbound`, for free text: roundings and other units of a figure are grounded too."""
    rest = _LIST_NUMBER.sub(lambda m: " " * len(m.group()), _blanked(text, bound))
    return [_at(text, m) for m in _NUMBER.finditer(rest) if not _supported(m, rest, bound.figures)]


def marked(text: str, wrong: Sequence[Ungrounded]) -> str:
    """The text with every ungrounded number marked as such."""
    for one in sorted(wrong, key=lambda w: -w.end):
        text = f"{text[: one.end]} (unverified){text[one.end :]}"
    return text


def _blanked(text: str, bound: Bound) -> str:
    """The text with bound phrases replaced by blanks of equal length, longest first."""
    text = CITATION.sub(_spaces, text)
    for phrase in bound.phrases:
        if phrase in text:
            text = _blank(text, phrase)
    text = _WORDS_WITH_DIGITS.sub(_spaces, text)
    return _NAME.sub(
        lambda m: " " * len(m.group()) if _known(m.group(), bound) else m.group(), text
    )


def _spaces(match: re.Match[str]) -> str:
    return " " * len(match.group())


def _blank(text: str, phrase: str) -> str:
    edge = re.compile(r"(?<![\d.])(?<!\d,)" + re.escape(phrase) + r"(?![\d])(?!\.\d)")
    return edge.sub(" " * len(phrase), text)


def _known(name: str, bound: Bound) -> bool:
    return name.rstrip(".") in bound.names


def _at(text: str, match: re.Match[str]) -> Ungrounded:
    return Ungrounded(text[match.start() : match.end()], match.start(), match.end())


def _supported(match: re.Match[str], text: str, figures: Iterable[Figure]) -> bool:
    written = match.group().replace(",", "").replace("−", "-")
    value = abs(float(written))
    decimals = len(written.partition(".")[2])
    # A number written with d decimals stands for a range of one unit in its last place; 0.5 % more
    # is allowed because people round 1,758 kW to 1,760 kW.
    room = 0.5 * 10**-decimals + 0.005 * value
    after = _UNIT_AFTER.match(text, match.end())
    unit = symbol(after.group(1)) if after else ""
    return any(abs(found - value) <= room for figure in figures for found in _forms(figure, unit))


def _forms(figure: Figure, unit: str) -> Iterator[float]:
    """Magnitudes of a figure in the unit written; any unit where none was written."""
    if figure.value is None:
        return
    if not unit or unit == figure.unit:
        yield abs(figure.value)
        return
    for kind in (None, "temp-difference") if unit in ("°F", "°C", "K") else (None,):
        try:
            yield abs(convert(figure.value, figure.unit, unit, kind))
        except BadRequest:
            continue


def _names(entity: Entity) -> tuple[str, ...]:
    """What people call it, in any case and in Thai."""
    shown = entity.dis
    thai = shown.replace("Room ", "ห้อง ").replace("Floor ", "ชั้น ")
    return entity.id, shown, shown.lower(), thai


def _digits(text: str) -> bool:
    return any(c.isdigit() for c in text)


def _tokens(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,;?!()]+", text[:4_000]) if _digits(word)]


def _leaves(value: Any, depth: int = 0) -> Iterator[Any]:
    """What nested rows, facts and evidence hold, down to texts and instants."""
    if depth > MAX_DEPTH:
        return
    if isinstance(value, Mapping):
        parts: Iterable[Any] = value.values()
    elif isinstance(value, (list, tuple, set)):
        parts = value
    elif is_dataclass(value) and not isinstance(value, (Figure, type)):
        parts = [getattr(value, field.name) for field in fields(value)]
    else:
        yield value
        return
    for part in parts:
        yield from _leaves(part, depth + 1)


def _texts(value: Any) -> Iterator[str]:
    """Every text with a digit, whole and by sentence."""
    for leaf in _leaves(value):
        if isinstance(leaf, str) and _digits(leaf):
            yield leaf
            yield from (part.strip() for part in re.split(r"(?<=[.;\n])\s+", leaf) if _digits(part))


def _instants(value: Any) -> Iterator[dt.datetime]:
    return (leaf for leaf in _leaves(value) if isinstance(leaf, dt.datetime))


def _times(instants: Sequence[dt.datetime], building: Building, now: dt.datetime) -> set[str]:
    """The instants and the ranges between them as English and Thai answers show them."""
    found: set[str] = set()
    for thai in (False, True):
        clock = Clock(building.zone, now, thai)
        for instant in (*instants, now):
            local = instant.astimezone(building.zone)
            day = clock.date(local.date())
            found |= {
                clock.time(instant),
                f"{day} {local:%H:%M}",
                f"{local:%H:%M}",
                day,
                day.partition(" ")[2],
            }
            found.add(f"{local:%Y-%m-%d}")
        pairs = [(a, b) for a in instants[:MAX_PAIRED] for b in instants[:MAX_PAIRED] if a < b]
        found |= {clock.span(a, b) for a, b in pairs}
    return found

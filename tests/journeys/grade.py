"""Grading an answer against the truth: right, not right, or a wrong number stated as fact."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Answer = Mapping[str, Any]
"""The JSON of `plantroom ask --json`."""

_NUMBER = r"(-?\d[\d,]*(?:\.\d+)?)"
_UNITS = {
    "°C": r"°\s?C", "°F": r"°\s?F", "kW": r"kW(?![h/])", "kWh": r"kWh", "MWh": r"MWh", "kW/RT": r"kW/RT", "RT": r"RT\b",
    "%": r"%(?!RH)", "%RH": r"%\s?RH", "ppm": r"ppm", "K": r"K\b", "L/s": r"L/s", "h": r"h(?:ours)?\b", "THB": r"(?:THB|baht|บาท)",
    "": r"",
}  # fmt: skip
_PREFIXED = {"THB": r"(?:THB|฿)\s?" + _NUMBER}


@dataclass(frozen=True)
class Verdict:
    """Whether one check holds; `lies` when a number was stated and no stated number is the true one."""

    holds: bool
    says: str
    lies: bool = False


Check = Callable[[Answer], Verdict]


def numbers(text: str, unit: str) -> list[float]:
    """Every number of the text that carries the unit."""
    found = re.findall(_NUMBER + r"\s*" + _UNITS[unit], text)
    if unit in _PREFIXED:
        found += re.findall(_PREFIXED[unit], text)
    return [float(number.replace(",", "")) for number in found]


def states(value: float, unit: str, within: float) -> Check:
    """The answer states this quantity within an absolute tolerance."""

    def check(answer: Answer) -> Verdict:
        stated = numbers(answer["answer"], unit)
        if unit == "kWh":
            stated += [1000 * n for n in numbers(answer["answer"], "MWh")]
        right = any(abs(number - value) <= within for number in stated)
        return Verdict(
            right,
            f"{value:.4g} {unit} ± {within:g}, stated {stated[:6]}",
            lies=bool(stated) and not right,
        )

    return check


def names(*ways: str) -> Check:
    """The answer says at least one of these, in any case."""

    def check(answer: Answer) -> Verdict:
        text = answer["answer"].lower()
        return Verdict(any(way.lower() in text for way in ways), f"says one of {ways}")

    return check


def names_all(*words: str) -> Check:
    """The answer says every one of these."""

    def check(answer: Answer) -> Verdict:
        missing = [word for word in words if word.lower() not in answer["answer"].lower()]
        return Verdict(not missing, f"says {words}, missing {missing}")

    return check


def never(*words: str) -> Check:
    """The answer says none of these."""

    def check(answer: Answer) -> Verdict:
        said = [word for word in words if word.lower() in answer["answer"].lower()]
        return Verdict(not said, f"does not say {words}, said {said}", lies=bool(said))

    return check


def draws(answer: Answer) -> Verdict:
    """The answer has a chart with values."""
    drawn = any(
        v is not None for chart in answer["charts"] for s in chart["series"] for v in s["values"]
    )
    return Verdict(drawn, "draws a chart")


def cites(kind: str) -> Check:
    """The answer has evidence of this kind."""

    def check(answer: Answer) -> Verdict:
        kinds = {item["kind"] for item in answer["evidence"]}
        return Verdict(kind in kinds, f"cites {kind}, cited {sorted(kinds)}")

    return check


def asks_back(answer: Answer) -> Verdict:
    """The answer is a question back."""
    return Verdict("?" in answer["answer"] or "ไหน" in answer["answer"], "asks back")


def states_nothing(unit: str) -> Check:
    """The answer states no quantity in this unit: it is unknown, and unknown is not zero."""

    def check(answer: Answer) -> Verdict:
        stated = numbers(answer["answer"], unit)
        return Verdict(not stated, f"states nothing in {unit}, stated {stated}", lies=bool(stated))

    return check

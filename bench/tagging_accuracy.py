"""How often proposed tags are right, building by building: each is judged by what the others taught."""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.tagging.confidence import Calibration, Evidence, fit
from ingest.tagging.propose import weigh
from ingest.tagging.raw import Equipment, Proposal, RawName
from ingest.tagging.reading import read_name
from ingest.tagging.words import words_of

LABELLED = Path(__file__).parents[1] / "tests" / "ingest" / "tagging" / "labelled"
_PAPER = re.compile(r"[^a-z0-9]+|(?<![0-9])0+(?=[0-9])")
_FIFTHS = 5
_UNFITTED = Calibration((0.0,) * 13, 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Gold:
    """A labelled name: its tags without `point`, its equipment."""

    raw: RawName
    tags: frozenset[str]
    equip: Equipment


@dataclass(frozen=True, slots=True)
class Score:
    """Shares of one building, 0 to 1. `coverage` and `precision` are those above the threshold."""

    names: int
    exact: float
    f1: float
    equipment: float
    coverage: float
    precision: float


def labelled(path: Path) -> list[Gold]:
    """The rows of one labelled list."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Gold(
                RawName(
                    row["name"], row["description"], row["unit"], row["object_type"], row["device"]
                ),
                frozenset(row["tags"].split()),
                Equipment(row["equip"], row["kind"], row["place"]),
            )
            for row in csv.DictReader(file)
        ]


def buildings() -> dict[str, list[Gold]]:
    """All labelled lists by name. `dev_`: words and rules were written with them in view. `held_`: learnt
    from after they had judged once. `unseen_`: nothing was learnt from them."""
    return {path.stem: labelled(path) for path in sorted(LABELLED.glob("*.csv"))}


def same_equipment(proposed: Equipment, gold: Equipment) -> bool:
    """The same kind and the same id, however it is punctuated."""
    return proposed.kind == gold.kind and _PAPER.sub("", proposed.id.lower()) == _PAPER.sub(
        "", gold.id.lower()
    )


def right(proposal: Proposal, gold: Gold) -> bool:
    """Tags and equipment both exactly right: what may be applied."""
    return proposal.tags - {"point"} == gold.tags and same_equipment(proposal.equip, gold.equip)


def as_strangers(golds: Sequence[Gold]) -> list[list[Gold]]:
    """The building as it is, without its descriptions, bare of units too, and with words nobody knows.

    The words of the lexicon were written by people who had seen buildings like these. A new building
    has words they had not: so one word in five is spoilt, each fifth in turn.
    """
    bare = [replace(g, raw=RawName(g.raw.name)) for g in golds]
    silent = [replace(g, raw=replace(g.raw, description="")) for g in golds]
    strange = [[replace(g, raw=_spoilt(g.raw, turn)) for g in golds] for turn in range(_FIFTHS)]
    return [list(golds), silent, bare, *strange]


def _spoilt(raw: RawName, turn: int) -> RawName:
    name, point = raw.name, frozenset(read_name(raw.name).point)
    for word in reversed(words_of(raw.name)):
        if word.text in point and zlib.crc32(word.text.encode()) % _FIFTHS == turn:
            name = f"{name[: word.start]}Qx{'zj' * (len(word.text) // 3)}{name[word.end :]}"
    return replace(raw, name=name, description="")


Judged = list[tuple[Evidence, bool]]


def judged(golds: Sequence[Gold]) -> Judged:
    """The evidence for each name of a building and of its stranger selves, and whether it was right."""
    return [
        (evidence, right(proposal, gold))
        for seen in as_strangers(golds)
        for gold, (proposal, evidence) in zip(
            seen, weigh([gold.raw for gold in seen], calibration=_UNFITTED), strict=True
        )
    ]


def calibrated_on(lists: Iterable[Judged]) -> Calibration:
    """The calibration of these buildings alone."""
    pairs = [pair for each in lists for pair in each]
    return fit([evidence for evidence, _ in pairs], [ok for _, ok in pairs])


def score(golds: Sequence[Gold], calibration: Calibration) -> Score:
    """Judge one building under a calibration."""
    proposals = [
        proposal for proposal, _ in weigh([gold.raw for gold in golds], calibration=calibration)
    ]
    pairs = list(zip(proposals, golds, strict=True))
    found = sum(len(p.tags - {"point"} & g.tags) for p, g in pairs)
    total = sum(len(p.tags - {"point"}) + len(g.tags) for p, g in pairs)
    sure = [right(p, g) for p, g in pairs if p.sure]
    return Score(
        names=len(golds),
        exact=sum(p.tags - {"point"} == g.tags for p, g in pairs) / len(golds),
        f1=2 * found / total if total else 0.0,
        equipment=sum(same_equipment(p.equip, g.equip) for p, g in pairs) / len(golds),
        coverage=len(sure) / len(golds),
        precision=sum(sure) / len(sure) if sure else float("nan"),
    )


def leave_one_out(lists: dict[str, list[Gold]]) -> dict[str, Score]:
    """Each building judged by the calibration of all the others."""
    seen = {name: judged(golds) for name, golds in lists.items()}
    return {
        name: score(golds, calibrated_on(other for key, other in seen.items() if key != name))
        for name, golds in lists.items()
    }


def tagging_figures() -> dict[str, float]:
    """Shares by building (`tagging.<building>.exact` ...), and means over names of `dev`, `held`, `unseen`."""
    scores = leave_one_out(buildings())
    figures = {
        f"tagging.{name}.{part}": getattr(s, part) for name, s in scores.items() for part in _PARTS
    }
    for group in ("dev", "held", "unseen"):
        some = [s for name, s in scores.items() if name.startswith(group)]
        names = sum(s.names for s in some)
        figures[f"tagging.{group}.names"] = float(names)
        for part in ("exact", "f1", "equipment", "coverage"):
            figures[f"tagging.{group}.{part}"] = (
                sum(getattr(s, part) * s.names for s in some) / names
            )
        sure = sum(s.coverage * s.names for s in some)
        good = sum(s.precision * s.coverage * s.names for s in some if s.coverage)
        figures[f"tagging.{group}.precision"] = good / sure if sure else float("nan")
    return figures


_PARTS = ("exact", "f1", "equipment", "coverage", "precision")

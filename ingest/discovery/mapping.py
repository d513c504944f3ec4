"""From the registers of a lines.toml to raw names, and from what a person accepted back to its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from ingest.discovery.linefile import Entry, LineFile, Row
from ingest.discovery.names import role_id
from ingest.lines import PORT, parse_lines
from ingest.tagging.raw import Proposal, RawName
from ingest.tagging.review import Accepted
from ontology.defs import Role, markers, role_of
from ontology.errors import BadRequest
from ontology.units import convert, symbol


@dataclass(frozen=True, slots=True)
class Mapped:
    """A lines.toml after a review."""

    text: str
    renamed: dict[str, str] = field(default_factory=dict)
    """Old id -> new id."""
    converted: dict[str, str] = field(default_factory=dict)
    """Id -> how its unit becomes ours, such as "°F to °C"."""
    units: dict[str, str] = field(default_factory=dict)
    """Id -> the unit its values have in the history."""
    strange: list[str] = field(default_factory=list)
    """Accepted names that no register of the file has."""


def raw_names(text: str) -> list[tuple[str, RawName]]:
    """Point id and raw name of every register, in order."""
    return [(id, _raw(entry, id, row)) for entry, id, row in _rows(LineFile(text).entries(PORT))]


def with_ids(
    ids: Sequence[str], proposals: Sequence[Proposal], known: Collection[str] = ()
) -> list[Proposal]:
    """The proposals with the ids that the registers are to have: by role where that is sure, else those they have.

    Points that the model knows by their id keep it.
    """
    wishes = [role_id(proposal) for proposal in proposals]
    count, taken = Counter(wishes), set(ids)
    return [
        replace(
            proposal,
            id=wish if wish not in taken and wish and count[wish] == 1 and id not in known else id,
        )
        for id, wish, proposal in zip(ids, wishes, proposals, strict=True)
    ]


def mapped(text: str, accepted: Sequence[Accepted]) -> Mapped:
    """Give registers the ids that were accepted, and the arithmetic from their device's unit to ours.

    A register that has a scale or offset keeps it. Raises BadRequest where two registers would share an id.
    """
    file = LineFile(text)
    entries = file.entries(PORT)
    places = {(entry.name, row.name or id): (entry, id, row) for entry, id, row in _rows(entries)}
    result = Mapped(text)
    renames: dict[int, dict[str, str]] = {}
    for answer in accepted:
        place = places.get((answer.device, answer.name))
        if place is None:
            result.strange.append(
                f"{answer.device}: {answer.name}" if answer.device else answer.name
            )
            continue
        entry, id, _ = place
        _convert(file, place, answer, result)
        if answer.id != id:
            result.renamed[id] = answer.id
            renames.setdefault(entry.at, {})[id] = answer.id
    _check_unique(entries, result)
    for at, names in renames.items():
        file.rename(at, names)
    after = file.text
    parse_lines(after)
    return replace(result, text=after)


def _rows(entries: Sequence[Entry]) -> Iterator[tuple[Entry, str, Row]]:
    for entry in entries:
        for id, row in entry.rows.items():
            yield entry, id, row


def _raw(entry: Entry, id: str, row: Row) -> RawName:
    kind = row.address.partition(",")[0] if entry.protocol == "bacnet" else ""
    return RawName(row.name or id, row.about, row.unit, kind, entry.name)


def _check_unique(entries: Sequence[Entry], result: Mapped) -> None:
    count = Counter(result.renamed.get(id, id) for _, id, _ in _rows(entries))
    twice = sorted(id for id, times in count.items() if times > 1)
    if twice:
        raise BadRequest(
            f"two registers would be the point {twice[0]!r}",
            hint="give one of them another id in the review; nothing was applied",
        )


def _convert(
    file: LineFile, place: tuple[Entry, str, Row], answer: Accepted, result: Mapped
) -> None:
    entry, id, row = place
    role = role_of(markers(sorted(answer.tags)))
    if role is None or not role.unit:
        return
    if row.scaled or not answer.unit or symbol(answer.unit) == role.unit:
        result.units[answer.id] = role.unit
        return
    line = _arithmetic(answer.unit, role)
    if line is None:
        return  # the point keeps its device's unit: it cannot be ours
    file.scale(entry.at, id, *line)
    result.units[answer.id] = role.unit
    result.converted[answer.id] = f"{answer.unit} to {role.unit}"


def _arithmetic(unit: str, role: Role) -> tuple[float, float] | None:
    """Scale and offset from a unit to the role's; None where there is no straight line between them."""
    try:
        zero, one, two = (convert(raw, unit, role.unit, role.quantity) for raw in (0.0, 1.0, 2.0))
    except (BadRequest, ZeroDivisionError):
        return None
    scale = one - zero
    straight = scale != 0 and abs((two - one) - scale) <= 1e-9 * abs(scale)
    return (round(scale, 12), round(zero, 12)) if straight else None

"""Which equipment and places a question names, in any spelling, from the ontology alone.

Order: whole names and ids; a kind with its number ("chiller no. 2", "vav 2 7", "8th floor");
a number with its kind ("807 fcu"); named places; bare room numbers (after times are blanked, so
that 14:00, 24 °C and 20 Nov are never rooms); groups ("all chillers"); at last kinds without a number.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.playbooks.normalise import read_text
from agent.playbooks.words.kinds import (
    BY_NAME,
    KINDS,
    MAIN_METER_WORDS,
    ONLY_NUMBERED,
    PLANT_METER_WORDS,
    SITE_WORDS,
    SPACE_WORDS,
    WEATHER_WORDS,
    Kind,
)
from ontology.entity import Entity
from ontology.graph import Building

MASK = "¤"
_MAX_NAME_WORDS = 6
_MAX_RANGE = 24
_UNIT_AHEAD = (
    r"(?!\d|\s*(?:%|°|percent|degrees?\b|c\b|f\b|kw|rt\b|kpa|ppm|hz\b|am\b|pm\b|h\b|hours?\b|minutes?\b|min\b|days?\b|"
    r"weeks?\b|months?\b|years?\b|baht|thb|times\b|o'?clock|:\d|\.\d))"
)
_TIME_AHEAD = r"(?!\d|\s*(?:am\b|pm\b|h\b|hours?\b|minutes?\b|min\b|days?\b|weeks?\b|months?\b|years?\b|times\b|o'?clock|:\d|\.\d))"
_FILLER = r"[\s\-_.:]*(?:(?:number|no|num|nr|units?|at|id|#)[\s\-_.:]*){0,2}#?"
_LIST = re.compile(
    rf"\s*(?:,|and|&|\+|or|/|vs\.?|versus|,\s*and)\s*(?:number |no\.? ?|#)?(\d{{1,4}}){_UNIT_AHEAD}"
)
_RANGE = re.compile(rf"\s*(?:-|to|through|till)\s*(\d{{1,4}}){_UNIT_AHEAD}")
_BARE_ROOM = re.compile(rf"(?<![\w.,:/¤-])(\d{{3,4}})(?![\w/]|[.,:]\d){_UNIT_AHEAD}")
_ON_FLOOR = re.compile(rf"\bon (\d{{1,2}}){_UNIT_AHEAD}(?![\w./:%-])")
"""A floor in a hurry: "rooms over 26 on 10"."""
_BEFORE_VALUE = re.compile(
    r"(?:\b(?:above|below|over|under|than|exceeds?|exceeding|to|at least|reach(?:es|ed)?)|[=><])\s*$"
)
_ASKED_GROUP = r"(?:all(?: of)?(?: the)?|every|each|any|which|what|both|list(?: of)?(?: the)?|how[ -]many|the|other)"
_AFTER_GROUP = re.compile(r"^\s*(?:which|units which|all|each|units all|how-many|units)\b")


@dataclass(frozen=True)
class Mention:
    """A stretch of text that names something. how: one, group, kind, unknown or several."""

    at: int
    to: int
    how: str
    ids: tuple[str, ...] = ()
    kind: str = ""
    said: str = ""


@dataclass(frozen=True)
class Linked:
    """What a question names. `rest` is its text with named things masked, kinds left in place."""

    rest: str
    mentions: tuple[Mention, ...] = ()
    text: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """Entities named one by one, in order, each once."""
        return tuple(dict.fromkeys(id for m in self.mentions if m.how == "one" for id in m.ids))

    def of(self, how: str) -> tuple[Mention, ...]:
        return tuple(m for m in self.mentions if m.how == how)


def key(text: str) -> str:
    """Spelling without case, separators or leading zeros: "VAV-2-07" and "vav 2 7" are equal.

    >>> key("VAV-2-07")
    'vav 2 7'
    """
    return " ".join(
        piece.lstrip("0") or "0" if piece.isdigit() else piece
        for piece in re.findall(r"[a-z]+|\d+|[\u0e00-\u0e7f]+", text.lower())
    )


class Linker:
    """Links text to the entities of one building; built once, then only reads."""

    def __init__(self, building: Building) -> None:
        self._building = building
        things = [e for e in building if not e.is_point and (e.is_equip or e.is_space)]
        self._names = dict(_names(things))
        self._members = {kind.name: _members(kind, things) for kind in KINDS}
        self._numbered = {
            kind.name: _numbered(self._members[kind.name])
            for kind in KINDS
            if self._members[kind.name]
        }
        self._patterns = [
            (kind, re.compile(_numbered_pattern(kind)))
            for kind in sorted(KINDS, key=lambda k: -max(map(len, k.words)))
        ]
        words = sorted(((w, k) for k in KINDS for w in k.words), key=lambda pair: -len(pair[0]))
        self._kind_of_word = {re.sub(r"[^a-z0-9]+", " ", w): k for w, k in words}
        alternatives = "|".join(_spaced(w) for w, _ in words)
        self._kind_words = re.compile(rf"(?<![\w])({alternatives})(s|es)?(?!\w)")
        self._fixed = list(_fixed(building))

    def members(self, kind: str) -> tuple[Entity, ...]:
        """Every entity of a kind, in the order of the ontology."""
        return self._members.get(kind, ())

    def link(self, text: str, blank: str | None = None) -> Linked:
        """Mentions in `text`; `blank` is the same text with time words blanked, for bare numbers."""
        found: list[Mention] = []
        letters = list(text)
        for step in (
            self._by_kind_and_number,
            self._by_name,
            self._by_number_and_kind,
            self._by_fixed,
        ):
            for mention in step("".join(letters)):
                found.append(mention)
                letters[mention.at : mention.to] = MASK * (mention.to - mention.at)
        times = "".join(" " if b == " " else c for c, b in zip(letters, blank or text, strict=True))
        for mention in self._bare_rooms(times):
            found.append(mention)
            letters[mention.at : mention.to] = MASK * (mention.to - mention.at)
        masked = "".join(letters)
        kinds = list(self._kinds(masked))
        if all(m.how == "group" for m in found) and (on := _ON_FLOOR.search(times)):
            ids = self._numbered.get("floor", {}).get((int(on[1]),), ())
            found += [Mention(on.start(1), on.end(1), "one", ids, "floor", on[0])] if ids else []
        for mention in kinds:
            if mention.how == "group":
                letters[mention.at : mention.to] = MASK * (mention.to - mention.at)
        mentions = sorted([*found, *kinds], key=lambda m: m.at)
        mentions = self._placed(text, mentions)
        return Linked("".join(letters), tuple(mentions), text)

    def explicit(self, text: str) -> str:
        """The text with everything named by kind and number masked, for the time grammar."""
        letters = list(text)
        for mention in [*self._by_kind_and_number(text), *self._by_name(text)]:
            letters[mention.at : mention.to] = MASK * (mention.to - mention.at)
        return "".join(letters)

    def nearest(self, mention: Mention, count: int = 4) -> tuple[str, ...]:
        """Ids a person may have meant: of that kind with the closest numbers, else similar ids."""
        members = self._members.get(mention.kind, ())
        numbers = [int(n) for n in re.findall(r"\d+", mention.said)]
        if members and numbers:
            ranked = sorted(members, key=lambda e: _distance(_numbers(e.id), numbers))
            return tuple(e.id for e in ranked[:count])
        if members:
            return tuple(e.id for e in members[:count])
        return tuple(e.id for e in self._building.nearest(mention.said, count=count))

    def _by_kind_and_number(self, text: str) -> Iterator[Mention]:
        taken = [False] * len(text)
        for kind, pattern in self._patterns:
            if kind.name not in self._numbered:
                continue
            for m in pattern.finditer(text):
                if any(taken[m.start() : m.end()]):
                    continue
                mention = self._numbered_mention(kind, m, text)
                if mention is not None:
                    taken[mention.at : mention.to] = [True] * (mention.to - mention.at)
                    yield mention

    def _numbered_mention(self, kind: Kind, m: re.Match[str], text: str) -> Mention | None:
        table = self._numbered[kind.name]
        first, second = m["a"], m["b"]
        to = m.end("a")
        ids: tuple[str, ...] = ()
        if second and (int(first), int(second)) in table:
            ids, to = table[(int(first), int(second))], m.end("b")
        tight = second is not None and text[m.end("a") : m.start("b")].strip() != ""
        if not (tight and any(len(numbers) == 2 for numbers in table)):
            ids = ids or table.get((int(first),), ()) or _glued(table, first)
        said = text[m.start() : to]
        if not ids and tight and kind.name in {"room", "floor", "iaq-sensor"}:
            ids, to = self._numbered.get("vav", {}).get((int(first), int(second)), ()), m.end("b")
        if not ids:
            if (
                kind.name in {"room", "floor"}
                and second is None
                and len(first) < 3
                and kind.name == "room"
            ):
                return None
            both = second and any(len(k) == 2 for k in table)
            return Mention(m.start(), m.end("b") if both else to, "unknown", (), kind.name,
                           text[m.start() : m.end("b") if both else to])  # fmt: skip
        if len(ids) > 1:
            return Mention(m.start(), to, "several", ids, kind.name, said)
        more, to = self._listed(table, text, to, first)
        return Mention(m.start(), to, "one", (*ids, *more), kind.name, text[m.start() : to])

    def _listed(
        self, table: dict[tuple[int, ...], tuple[str, ...]], text: str, to: int, first: str
    ) -> tuple[tuple[str, ...], int]:
        """What "1, 2 and 3" or "1-3" adds after the first number."""
        ranged = _RANGE.match(text, to)
        if ranged:
            low, high = int(first), int(ranged[1])
            between = [(n,) for n in range(low + 1, high + 1)] if high - low <= _MAX_RANGE else []
            if between and all(len(table.get(n, ())) == 1 for n in between):
                return tuple(table[n][0] for n in between), ranged.end()
        found: list[str] = []
        while (m := _LIST.match(text, to)) and len(table.get((int(m[1]),), ())) == 1:
            found.append(table[(int(m[1]),)][0])
            to = m.end()
        return tuple(found), to

    def _by_name(self, text: str) -> Iterator[Mention]:
        pieces = list(re.finditer(r"[a-z]+|\d+|[\u0e00-\u0e7f]+", text))
        at = 0
        while at < len(pieces):
            for size in range(min(_MAX_NAME_WORDS, len(pieces) - at), 0, -1):
                start, end = pieces[at].start(), pieces[at + size - 1].end()
                id = self._names.get(key(text[start:end])) if end - start < 60 else None
                if id and not _touches(text, start, end) and MASK not in text[start:end]:
                    yield Mention(start, end, "one", (id,), self._kind(id), text[start:end])
                    at += size
                    break
            else:
                at += 1

    def _by_number_and_kind(self, text: str) -> Iterator[Mention]:
        for m in _NUMBER_KIND.finditer(text):
            kind = "floor" if m["floor"] or m["short"] else self._kind_at(m["word"] or "")
            if not kind or kind not in self._numbered:
                continue
            number = int(m["floor"] or m["short"] or m["n"])
            ids = self._numbered[kind].get((number,), ())
            if not ids and ((m["nth"] or m["no"]) or m["floor"]) and number < 100:
                yield Mention(m.start(), m.end(), "unknown", (), kind, m[0])
            elif len(ids) == 1 and (
                (m["nth"] or m["no"]) or m["floor"] or m["short"] or number > 99
            ):
                yield Mention(m.start(), m.end(), "one", ids, kind, m[0])
            elif len(ids) > 1 and (m["nth"] or m["no"]):
                yield Mention(m.start(), m.end(), "several", ids, kind, m[0])

    def _kind_at(self, word: str) -> str:
        found = self._kind_words.fullmatch(word)
        kind = self._kind_of_word.get(re.sub(r"[^a-z0-9]+", " ", found[1])) if found else None
        return kind.name if kind else ""

    def _by_fixed(self, text: str) -> Iterator[Mention]:
        taken = [False] * len(text)
        for pattern, id, kind in self._fixed:
            for m in pattern.finditer(text):
                if not any(taken[m.start() : m.end()]):
                    taken[m.start() : m.end()] = [True] * (m.end() - m.start())
                    yield Mention(m.start(), m.end(), "one", (id,), kind, m[0])

    def _bare_rooms(self, text: str) -> Iterator[Mention]:
        rooms = self._numbered.get("room", {})
        for m in _BARE_ROOM.finditer(text):
            ids = rooms.get((int(m[1]),), ())
            if ids and not _BEFORE_VALUE.search(text[: m.start()]):
                yield Mention(m.start(), m.end(), "one", ids[:1], "room", m[0])
        for m in re.finditer(r"(?<![\w.:/¤-])(\d{1,2})-(\d{2})(?![\w:/]|-\d)", text):
            ids = self._numbered.get("vav", {}).get((int(m[1]), int(m[2])), ())
            if ids:
                yield Mention(m.start(), m.end(), "one", ids[:1], "vav", m[0])

    def _kinds(self, text: str) -> Iterator[Mention]:
        for m in self._kind_words.finditer(text):
            kind = self._kind_of_word[re.sub(r"[^a-z0-9]+", " ", m[1])]
            members = self._members[kind.name]
            if not members:
                continue
            before = re.search(rf"\b({_ASKED_GROUP})\s*$", text[: m.start()])
            plural = bool(m[2])
            asked = before is not None and before[1].split()[0] != "the"
            group = plural or asked or _AFTER_GROUP.match(text[m.end() :]) is not None
            if kind.name == "chilled-water-plant" or (len(members) == 1):
                yield Mention(m.start(), m.end(), "one", (members[0].id,), kind.name, m[0])
            else:
                ids = tuple(e.id for e in members) if group else ()
                yield Mention(
                    m.start(), m.end(), "group" if group else "kind", ids, kind.name, m[0]
                )

    def _placed(self, text: str, mentions: list[Mention]) -> list[Mention]:
        """ "Lobby AHU", "fcu in room 807", "ch-2 meter": a kind and a place that name one thing."""
        out: list[Mention] = []
        for mention in mentions:
            last = out[-1] if out else None
            merged = self._merged(text, last, mention) if last else None
            if merged:
                out[-1] = merged
            else:
                out.append(mention)
        return out

    def _merged(self, text: str, left: Mention, right: Mention) -> Mention | None:
        between = text[left.to : right.at].strip(" -,.()'").removeprefix("s ")
        for kind, one in ((left, right), (right, left)):
            if (
                not between
                and kind.how == "kind"
                and one.how == "one"
                and self._among(one.ids, kind.kind)
            ):
                return Mention(
                    left.at, right.to, "one", one.ids, one.kind, text[left.at : right.to]
                )
        if between not in _LINKS or (between in _ASKING and _asks(text, left)):
            return None
        for kind, place in ((left, right), (right, left)):
            ids = self._serving(kind, place)
            if len(ids) == 1 and (kind is left or not between):
                said = text[left.at : right.to]
                return Mention(left.at, right.to, "one", ids, kind.kind, said)
        return None

    def _among(self, ids: tuple[str, ...], kind: str) -> bool:
        return set(ids) <= {e.id for e in self._members.get(kind, ())}

    def _serving(self, kind: Mention, place: Mention) -> tuple[str, ...]:
        """Members of a kind that are in, serve or measure a place or equipment."""
        if place.how != "one" or len(place.ids) != 1:
            return ()
        if kind.how == "group" and place.kind in {"floor", "site"}:
            return ()
        target = self._building.get(place.ids[0])
        if "site" in target or target.kind == "floor":
            return ()
        allowed = {e.id for e in self._members.get(kind.kind, ())}
        if kind.how == "one":
            allowed &= set(kind.ids)
        if kind.how == "unknown":  # "iaq 1" of the lobby: numbered within its place
            number = re.findall(r"\d+", kind.said)[-1]
            allowed = {id for id in allowed if id.endswith(f"-{number}") and target.id in id}
        related: list[Entity] = []
        if target.is_space:
            related = [
                *self._building.equips_in(target.ref),
                *(e for e, _ in self._building.fed_by(target.ref)),
            ]
        elif kind.kind == "elec-meter":
            related = [m for m in self._members["elec-meter"] if m.get_ref("meterOf") == target.ref]
        return tuple(dict.fromkeys(e.id for e in related if e.id in allowed))

    def _kind(self, id: str) -> str:
        entity = self._building.get(id)
        return next(
            (k.name for k in KINDS if entity in self._members[k.name]), entity.kind or "space"
        )


_LINKS = {"", "for", "of", "in", "serving", "serves", "at", "on", "for the", "of the", "in the", "serving the", "at the",
          "inside", "that serves", "that serves the", "which serves the", "feeding", "feeding the"}  # fmt: skip
_ASKING = _LINKS - {""}
_NUMBER_KIND = re.compile(
    r"(?<![\w.:/¤-])(?:(?P<floor>\d{1,2})(?:st|nd|rd|th)?[\s-]*(?:floor|level|storey)s?\b(?! \d)"
    r"|(?P<no>(?:no\.?|number|#)\s*)?(?P<n>\d{1,4})(?P<nth>st|nd|rd|th)?[\s-]+(?:'s )?(?P<word>(?:secondary |primary |condenser |chilled |water |cooling |guest )*[a-z]+)"
    r"|(?P<short>\d{1,2})(?:/f|f)\b)(?!\w)"
)


def _asks(text: str, left: Mention) -> bool:
    """ "What AHU serves the ballroom": the equipment is what is asked for, not what is named."""
    return re.search(r"\b(?:what|which)\s*$", text[: left.at]) is not None


def _touches(text: str, start: int, end: int) -> bool:
    """Whether letters or digits go on before or after."""
    return (start > 0 and text[start - 1].isalnum()) or (end < len(text) and text[end].isalnum())


def _names(things: Iterable[Entity]) -> Iterator[tuple[str, str]]:
    """Every spelling of an id or a name that is long enough to be meant."""
    for entity in things:
        for name in (entity.dis, entity.id):
            for spelling in (key(name), key(read_text(name[:200]).plain)):
                if len(spelling) > 3 and spelling not in {"weather", "floor", "room"}:
                    yield spelling, entity.id


def _members(kind: Kind, things: Iterable[Entity]) -> tuple[Entity, ...]:
    return tuple(
        e for e in things if kind.markers <= e.tags.keys() and not kind.without & e.tags.keys()
    )


def _numbers(id: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.findall(r"\d+", id))


def _numbered(members: Iterable[Entity]) -> dict[tuple[int, ...], tuple[str, ...]]:
    """Numbers in the id -> ids; the last number alone too where it is unique."""
    exact: dict[tuple[int, ...], list[str]] = defaultdict(list)
    loose: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for entity in members:
        numbers = _numbers(entity.id)
        if numbers:
            named = re.search(r"[a-z]{3,}-\d+$", entity.id) and not entity.is_space
            (loose if named else exact)[numbers].append(entity.id)
            if len(numbers) > 1:
                loose[numbers[-1:]].append(entity.id)
    for numbers, ids in loose.items():
        if numbers not in exact and len(ids) == 1:
            exact[numbers] = ids
    return {numbers: tuple(ids) for numbers, ids in exact.items()}


def _glued(table: dict[tuple[int, ...], tuple[str, ...]], digits: str) -> tuple[str, ...]:
    """ "vav 207" for VAV-2-07."""
    if len(digits) < 3:
        return ()
    return table.get((int(digits[:-2]), int(digits[-2:])), ())


def _distance(numbers: tuple[int, ...], wanted: list[int]) -> tuple[int, ...]:
    """Few wrong digits first, then closeness."""
    if len(numbers) > len(wanted):
        numbers = numbers[-len(wanted) :]
    digits = sum(
        a != b
        for n, w in zip(numbers, wanted, strict=False)
        for a, b in zip(str(n).rjust(4), str(w).rjust(4), strict=False)
    )
    return digits, sum(abs(n - w) for n, w in zip(numbers, wanted, strict=False))


def _spaced(words: str) -> str:
    return words.replace(" ", r"[\s\-_]+")


def _numbered_pattern(kind: Kind) -> str:
    words = sorted(
        [*kind.words, *ONLY_NUMBERED.get(kind.name, "").split("|")], key=len, reverse=True
    )
    names = "|".join(_spaced(word) for word in words if word)
    return rf"(?<![\w])(?:{names})s?{_FILLER}\s*(?P<a>\d{{1,4}})(?:(?:\s*[-./_]\s*|\s)(?P<b>\d{{1,2}})(?![\d:%]))?{_TIME_AHEAD}"


def _fixed(building: Building) -> Iterator[tuple[re.Pattern[str], str, str]]:
    """Named things that have no number: meters, plant, weather, places, the site."""
    rows: list[tuple[str, str, str]] = []
    meters = building.of_kind("elec-meter")
    main = next((m for m in meters if m.get_ref("submeterOf") is None), None)
    plants = building.of_kind("chilled-water-plant")
    plant_meter = next(
        (m for m in meters if plants and m.get_ref("meterOf") == plants[0].ref), None
    )
    weather = next(iter(building.of_kind("weather-station")), None)
    for entity, words, kind in (
        (main, MAIN_METER_WORDS, "elec-meter"), (plant_meter, PLANT_METER_WORDS, "elec-meter"),
        (weather, WEATHER_WORDS, "weather"), (plants[0] if plants else None, "|".join(BY_NAME["chilled-water-plant"].words), "chilled-water-plant"),
    ):  # fmt: skip
        if entity is not None:
            rows.append((words, entity.id, kind))
    for id, words in SPACE_WORDS.items():
        if id in building:
            rows.append((words, id, "space"))
    site = next((e for e in building if "site" in e), None)
    if site is not None:
        rows.append((SITE_WORDS, site.id, "site"))
    for words, id, kind in rows:
        names = "|".join(_spaced(w) for w in sorted(words.split("|"), key=len, reverse=True))
        yield re.compile(rf"(?<![\w])(?:{names})(?!\w)"), id, kind

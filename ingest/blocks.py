"""Which Modbus registers are asked for together: the fewest requests a device takes, holes learnt and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from ingest.addresses import ModbusAddress

REGISTERS_MAX: Final = 125
BITS_MAX: Final = 2_000
"""Most registers and bits in one request (Modbus application protocol 1.1b3, 6.1 and 6.3)."""
GAP: Final = 16
"""Unused registers worth reading over: 32 bytes cost less than another request and answer."""
_ASK_AGAIN: Final = 15
"""Polls between two tries of a register that was refused: it may be a device still starting."""
_MEMORY: Final = 10_000
"""Most holes and seams kept of one unit; a table has 65,536 registers."""


@dataclass(frozen=True, slots=True)
class Block:
    """Registers read in one request: `count` from `start` of one table, and who lives there."""

    table: str
    start: int
    count: int
    members: tuple[ModbusAddress, ...]

    @property
    def end(self) -> int:
        return self.start + self.count

    def halves(self) -> tuple[Block, Block] | None:
        """The same registers as two requests, parted at the widest gap, else in the middle; None: only one."""
        best, parted = None, 0
        end = self.members[0].end
        middle = self.start + self.count / 2
        for n in range(1, len(self.members)):
            member = self.members[n]
            if member.start >= end:
                rank = (member.start - end, -abs(member.start - middle))
                if best is None or rank > best:
                    best, parted = rank, n
            end = max(end, member.end)
        if not parted:
            return None
        return block_of(self.members[:parted]), block_of(self.members[parted:])


@dataclass(frozen=True, slots=True)
class Hole:
    """Registers `start` up to `end` of a table that the device refuses; with `start == end` a seam.

    No request may reach across a seam: the registers left and right of it answer only apart.
    """

    table: str
    start: int
    end: int

    def crosses(self, table: str, start: int, end: int) -> bool:
        """Whether a request of these registers touches the hole or reaches across the seam."""
        return self.table == table and start < self.end and self.start < end


def block_of(members: Sequence[ModbusAddress]) -> Block:
    """One request that reads all members, which are of one table and in order."""
    start, end = members[0].start, max(member.end for member in members)
    return Block(members[0].table, start, end - start, tuple(members))


def plan(
    addresses: Iterable[ModbusAddress],
    *,
    gap: int = GAP,
    most: int = REGISTERS_MAX,
    holes: Iterable[Hole] = (),
) -> list[Block]:
    """The fewest requests that read all addresses in order; those that touch a hole are left out.

    No request takes more than `most` registers (16 times as many bits, at most 2,000), reads over
    more than `gap` unused ones, touches a hole or reaches across a seam. One register wider than
    `most` is asked for all the same.

    >>> from ingest.addresses import modbus_address
    >>> [(b.start, b.count) for b in plan([modbus_address("input:100"), modbus_address("input:103")])]
    [(100, 4)]
    """
    known = list(holes)
    solid = [hole for hole in known if hole.start < hole.end]
    blocks: list[Block] = []
    run: list[ModbusAddress] = []
    end = 0
    for address in sorted(set(addresses), key=_place):
        if any(hole.crosses(address.table, address.start, address.end) for hole in solid):
            continue
        reach = max(end, address.end)
        grows = (
            bool(run)
            and address.table == run[0].table
            and address.start - end <= gap
            and reach - run[0].start <= _limit(address.table, most)
            and not any(hole.crosses(address.table, run[0].start, reach) for hole in known)
        )
        if run and not grows:
            blocks.append(block_of(run))
            run = []
        end = reach if grows else address.end
        run.append(address)
    if run:
        blocks.append(block_of(run))
    return blocks


def _place(address: ModbusAddress) -> tuple[str, int, int, str, int]:
    return address.table, address.first_bit, address.last_bit, address.type, address.low


def _limit(table: str, most: int) -> int:
    """Most registers or bits of one request."""
    return min(BITS_MAX, most * 16) if table in ("coil", "discrete") else most


@dataclass(slots=True)
class Learnt:
    """What a unit refused, so that the next poll does not ask for it in vain again."""

    seams: set[Hole] = field(default_factory=set)
    holes: dict[Hole, int] = field(default_factory=dict)
    """Refused registers -> polls until they are asked for again."""
    changes: int = 0
    """Grows with every lesson: a plan made before is out of date."""

    def __iter__(self) -> Iterator[Hole]:
        yield from self.seams
        yield from self.holes

    def part(self, left: Block, right: Block, *, too_many: bool = False) -> None:
        """The two were refused together; for being too many, they do not grow outwards either."""
        if len(self.seams) < _MEMORY:
            self.seams.add(Hole(left.table, left.end, right.start))
            if too_many:
                self.seams |= {Hole(left.table, at, at) for at in (left.start, right.end)}
            self.changes += 1

    def refuse(self, block: Block) -> None:
        """These registers do not exist, or not now."""
        if len(self.holes) < _MEMORY:
            self.holes[Hole(block.table, block.start, block.end)] = _ASK_AGAIN
            self.changes += 1

    def tick(self) -> None:
        """One poll went by: what has waited long enough is tried again."""
        due = [hole for hole, polls in self.holes.items() if polls <= 1]
        for hole in self.holes:
            self.holes[hole] -= 1
        for hole in due:
            del self.holes[hole]
            self.seams |= {Hole(hole.table, at, at) for at in (hole.start, hole.end)}
        self.changes += bool(due)

"""Planning Modbus requests: all that is asked for is read, no limit is passed, no hole is touched twice."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.addresses import ModbusAddress, modbus_address
from ingest.blocks import Block, Hole, Learnt, plan

tables = st.sampled_from(["coil", "discrete", "holding", "input"])


@st.composite
def addresses(draw: st.DrawFn) -> ModbusAddress:
    table, start = draw(tables), draw(st.integers(0, 400))
    if table in ("coil", "discrete"):
        return ModbusAddress(table, start, "bool")
    kind = draw(st.sampled_from(["bits", "int16", "uint32", "float32", "uint64", "float64"]))
    if kind == "bits":
        low = draw(st.integers(0, 15))
        return ModbusAddress(table, start, kind, low=low, high=draw(st.integers(low, 15)))
    return ModbusAddress(table, start, kind)


holes = st.builds(
    lambda table, start, size: Hole(table, start, start + size),
    tables, st.integers(0, 400), st.integers(0, 4),
)  # fmt: skip


@given(st.lists(addresses(), max_size=60), st.integers(0, 30), st.integers(4, 125), st.lists(holes))
def test_a_plan_reads_all_it_should_within_every_bound(
    wanted: list[ModbusAddress], gap: int, most: int, known: list[Hole]
) -> None:
    blocks = plan(wanted, gap=gap, most=most, holes=known)
    left_out = [
        address
        for address in set(wanted)
        if any(
            hole.start < hole.end and hole.crosses(address.table, address.start, address.end)
            for hole in known
        )
    ]
    planned = [member for block in blocks for member in block.members]
    assert sorted(map(repr, planned + left_out)) == sorted(map(repr, set(wanted)))
    for block in blocks:
        limit = min(2000, most * 16) if block.table in ("coil", "discrete") else most
        assert block.count <= limit
        assert all(block.start <= member.start for member in block.members)
        assert max(member.end for member in block.members) == block.end
        assert all(member.table == block.table for member in block.members)
        covered = {at for member in block.members for at in range(member.start, member.end)}
        unused = sorted(set(range(block.start, block.end)) - covered)
        runs = [at for at in unused if at - 1 not in unused]
        assert all(
            sum(
                at <= one < at + gap + 1 and set(range(at, one + 1)) <= set(unused)
                for one in unused
            )
            <= gap
            for at in runs
        )
        for hole in known:
            wide = [member for member in block.members if hole.crosses(*_place(member))]
            if hole.crosses(block.table, block.start, block.end):
                assert hole.start == hole.end
                assert wide  # a seam inside a register that takes both sides of it


def _place(member: ModbusAddress) -> tuple[str, int, int]:
    return member.table, member.start, member.end


def poll(wanted: list[ModbusAddress], dead: set[int], learnt: Learnt) -> tuple[set[int], int]:
    """A device without the `dead` registers polled once: the registers that were read, and requests made."""
    read: set[int] = set()
    requests = 0

    def ask(block: Block) -> None:
        nonlocal requests
        requests += 1
        if dead.isdisjoint(range(block.start, block.end)):
            read.update(range(block.start, block.end))
            return
        halves = block.halves()
        if halves is None:
            learnt.refuse(block)
            return
        learnt.part(*halves)
        for half in halves:
            ask(half)

    for block in plan(wanted, holes=learnt):
        ask(block)
    return read, requests


@settings(max_examples=60)
@given(
    st.sets(st.integers(0, 300), min_size=1, max_size=80), st.sets(st.integers(0, 300), max_size=20)
)
def test_holes_are_paid_for_once_and_every_living_register_is_read(
    starts: set[int], dead: set[int]
) -> None:
    wanted = [ModbusAddress("holding", start, "uint16") for start in sorted(starts)]
    learnt = Learnt()
    first, _ = poll(wanted, dead, learnt)
    assert starts - dead <= first
    lessons = learnt.changes
    second, requests = poll(wanted, dead, learnt)
    assert starts - dead <= second
    assert learnt.changes == lessons
    assert requests == len(plan(wanted, holes=learnt))


def test_a_refused_register_is_tried_again_after_a_while() -> None:
    wanted = [ModbusAddress("input", at, "uint16") for at in range(10)]
    learnt = Learnt()
    poll(wanted, {4}, learnt)
    for _ in range(14):
        learnt.tick()
        assert 4 not in poll(wanted, set(), learnt)[0]
    learnt.tick()
    assert 4 in poll(wanted, set(), learnt)[0]


def test_three_fields_of_a_status_word_are_one_register() -> None:
    words = ["holding:10:bit:3", "holding:10:bits:4-7", "holding:11"]
    (block,) = plan(map(modbus_address, words))
    assert (block.start, block.count, len(block.members)) == (10, 2, 3)

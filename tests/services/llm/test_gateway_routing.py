"""Who gets a request, as arithmetic: bounds that always hold, homes that stay, places that are never lost."""

from __future__ import annotations

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ontology.errors import NotFound
from services.llm.box import Box
from services.llm.gateway.breaker import FAILURES, LONGEST_OPEN_S, OPEN_S, Breaker
from services.llm.gateway.budget import Budget
from services.llm.gateway.errors import NobodyReady, QueueFull
from services.llm.gateway.pool import Listed, Place, Pool
from services.llm.gateway.prefixes import BLOCK_BYTES, MOST_OF_A_PROMPT, Prefixes, prompt_blocks
from services.llm.gateway.routing import BETA, BOUND, FREE, Candidate, bound, choose, home
from services.llm.traffic import Turn

names = st.lists(st.text("abcdefgh", min_size=1, max_size=3), min_size=1, max_size=8, unique=True)
candidates = names.flatmap(
    lambda all_: st.tuples(*(
        st.builds(Candidate, st.just(name), st.integers(0, 300), st.floats(0, 1), st.integers(0, 99)) for name in all_
    ))
)  # fmt: skip


def chat(*texts: str, **more: object) -> dict[str, object]:
    return {
        "model": "chief",
        "messages": [{"role": "user", "content": text} for text in texts],
        **more,
    }


@given(candidates, st.text(max_size=8))
def test_the_chosen_replica_is_below_its_bound_and_no_better_one_is(
    all_: tuple[Candidate, ...], session: str
) -> None:
    chosen = choose(all_, session)
    most = bound(sum(one.in_flight for one in all_), len(all_))
    assert chosen.in_flight < most
    if not session:
        best = max(one.share - BETA * one.in_flight / most for one in all_ if one.in_flight < most)
        assert chosen.share - BETA * chosen.in_flight / most == best


@given(st.integers(0, 100_000), st.integers(1, 64))
def test_a_bound_leaves_room_for_one_more_and_for_no_more_than_a_quarter_above_the_mean(
    in_flight: int, replicas: int
) -> None:
    assert bound(in_flight, replicas) * replicas > in_flight
    assert bound(in_flight, replicas) <= max(FREE, BOUND * (in_flight + 1) / replicas + 1)


@given(st.lists(st.integers(0, 3), max_size=300), st.integers(2, 6))
def test_no_replica_ever_has_more_than_its_bound_whatever_the_prompts_are(
    prompts: list[int], replicas: int
) -> None:
    held = dict.fromkeys("abcdef"[:replicas], 0)
    read: set[tuple[str, int]] = set()
    for prompt in prompts:
        chosen = choose(
            [Candidate(name, count, float((name, prompt) in read)) for name, count in held.items()]
        )
        held[chosen.name] += 1
        read.add((chosen.name, prompt))
        assert held[chosen.name] <= bound(sum(held.values()) - 1, replicas)


@given(names, st.lists(st.text(max_size=8), max_size=20))
def test_when_a_replica_goes_only_its_own_sessions_move(
    all_: list[str], sessions: list[str]
) -> None:
    if len(all_) > 1:
        gone, left = all_[0], all_[1:]
        for session in sessions:
            at = home(all_, session)
            assert at == gone or home(left, session) == at


def test_sessions_spread_over_the_replicas() -> None:
    counts = [0, 0, 0, 0]
    for number in range(2000):
        counts["abcd".index(home("abcd", f"session {number}"))] += 1
    assert min(counts) > 400


def test_a_replica_that_has_read_the_prompt_wins_until_it_is_much_busier() -> None:
    def chosen(busy: int, share: float) -> str:
        return choose([Candidate("warm", busy, share), Candidate("cold", 0, 0.0)]).name

    assert [chosen(busy, 1.0) for busy in (0, 4, 7, FREE)] == ["warm", "warm", "warm", "cold"]
    assert [chosen(busy, 0.5) for busy in (0, 4, 5, 7)] == ["warm", "warm", "warm", "cold"]
    assert chosen(1, 0.0) == "cold"


@given(st.text(max_size=2000), st.text(max_size=2000), st.text(max_size=2000))
def test_two_prompts_share_the_blocks_of_their_common_beginning_and_no_more(
    same: str, one: str, other: str
) -> None:
    a, b = (json.dumps({"role": "user", "content": same + text}) for text in (one, other))
    first, second = (
        prompt_blocks({"model": "m", "messages": [json.loads(text)]}) for text in (a, b)
    )
    common = 0
    for x, y in zip(first, second, strict=False):
        if x != y:
            break
        common += 1
    assert (
        first[common:] == ()
        or second[common:] == ()
        or not set(first[common:]) & set(second[common:])
    )
    assert common * BLOCK_BYTES <= len(a.encode()) * 2 + 100
    if one == other:
        assert first == second


def test_a_longer_conversation_keeps_the_blocks_of_the_shorter_one() -> None:
    short = prompt_blocks(chat("x" * 3000))
    assert prompt_blocks(chat("x" * 3000, "and then?"))[: len(short)] == short
    assert not set(short) & set(prompt_blocks(chat("x" * 3000) | {"model": "other"})), (
        "an adapter has a cache of its own"
    )
    assert prompt_blocks({"model": "m", "prompt": "x" * 3000})
    assert prompt_blocks({"model": "m", "input": "x" * 3000}) == ()
    assert len(prompt_blocks(chat("x" * 10_000_000))) == MOST_OF_A_PROMPT


@given(st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=30))
def test_what_is_remembered_of_a_replica_is_bounded_and_forgotten_from_the_end_of_prompts(
    prompts: list[list[int]],
) -> None:
    prefixes = Prefixes(["a"], most=16)
    for prompt in prompts:
        blocks = tuple(hash(tuple(prompt[: end + 1])) for end in range(len(prompt)))
        prefixes.remember("a", blocks)
        assert prefixes.held("a") <= 16
        assert prefixes.share("a", blocks) == float(bool(blocks))
    prefixes.forget("a")
    assert prefixes.held("a") == 0


def test_a_breaker_opens_after_failures_in_a_row_and_lets_one_probe_through() -> None:
    breaker = Breaker()
    for _ in range(FAILURES - 1):
        breaker.failed(0.0)
    breaker.succeeded()
    for _ in range(FAILURES - 1):
        breaker.failed(0.0)
        assert breaker.admits(0.0)
    breaker.failed(0.0)
    assert not breaker.admits(OPEN_S - 0.01)
    assert breaker.admits(OPEN_S)
    breaker.sent()
    assert not breaker.admits(OPEN_S), "one probe at a time"
    breaker.failed(OPEN_S)
    assert not breaker.admits(OPEN_S + 1.9 * OPEN_S)
    assert breaker.admits(OPEN_S + 2 * OPEN_S)
    breaker.sent()
    breaker.succeeded()
    assert breaker.admits(OPEN_S + 2 * OPEN_S)


def test_a_breaker_opens_at_once_where_nobody_listens_and_never_for_longer_than_its_longest() -> (
    None
):
    breaker, now = Breaker(), 0.0
    for _ in range(12):
        breaker.sent()
        breaker.failed(now, refused=True)
        assert not breaker.admits(now)
        assert breaker.open_until is not None
        assert breaker.open_until <= now + LONGEST_OPEN_S
        now = breaker.open_until
        assert breaker.admits(now)


def test_a_whole_house_may_be_asked_twice_and_then_a_fifth_of_the_traffic() -> None:
    budget = Budget(100)
    assert sum(budget.spend() for _ in range(1000)) == 100
    for _ in range(1000):
        budget.asked()
    assert sum(budget.spend() for _ in range(1000)) == 100
    for _ in range(50):
        budget.asked()
    assert 9 <= sum(budget.spend() for _ in range(1000)) <= 10


MOST, WAITING = 5, 3


class PoolLife(RuleBasedStateMachine):
    """Requests come, end, are cancelled and fail while replicas turn: the sums hold after every step."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        box = Box.model_validate({
            "served": {"path": "m"}, "replicas": [{"name": name, "port": 1 + i} for i, name in enumerate("abc")],
            "gateway": {"port": 9, "most_in_flight": MOST, "most_waiting": WAITING},
        })  # fmt: skip
        self.pool = Pool(box, at_start=Turn.READY)
        self.asking: list[tuple[asyncio.Task[None], asyncio.Event]] = []
        self.places: list[Place] = []
        self.refused = 0

    def step(self) -> None:
        for _ in range(6):
            self.loop.run_until_complete(asyncio.sleep(0))

    async def one(self, end: asyncio.Event, block: int, session: str, outcome: str) -> None:
        try:
            async with self.pool.place((block,), session, 60.0) as place:
                self.places.append(place)
                try:
                    await end.wait()
                    place.beat()
                    if outcome == "failed":
                        self.pool.failed(place)
                    elif outcome == "answered":
                        self.pool.answered(place)
                    elif outcome == "raised":
                        raise ValueError
                finally:
                    self.places.remove(place)
        except QueueFull:
            self.refused += 1
        except ValueError:
            pass

    @rule(
        block=st.integers(0, 3),
        session=st.sampled_from(["", "s", "t"]),
        outcome=st.sampled_from(["answered", "failed", "raised"]),
    )
    def comes(self, block: int, session: str, outcome: str) -> None:
        end = asyncio.Event()
        self.asking.append((self.loop.create_task(self.one(end, block, session, outcome)), end))
        self.step()

    @precondition(lambda self: self.asking)
    @rule(which=st.integers(0, 99), cancel=st.booleans())
    def ends(self, which: int, cancel: bool) -> None:
        task, end = self.asking.pop(which % len(self.asking))
        if cancel:
            task.cancel()
        end.set()
        self.step()
        if not task.done():  # it waits: its end comes with its place
            self.asking.append((task, end))

    @precondition(lambda self: self.asking)
    @rule(which=st.integers(0, 99))
    def gets_its_place_and_is_cancelled_in_the_same_moment(self, which: int) -> None:
        _, end = self.asking[which % len(self.asking)]
        end.set()
        for task, _ in self.asking:
            if not task.done():
                task.cancel()
        self.step()
        assert all(task.done() for task, _ in self.asking)
        self.asking.clear()
        assert (self.pool.in_flight, self.pool.waiting) == (0, 0)

    @rule(name=st.sampled_from("abc"), to=st.sampled_from(list(Turn)))
    def turns(self, name: str, to: Turn) -> None:
        self.loop.run_until_complete(self.pool.turn(name, to))
        self.step()

    def listed(self) -> list[Listed]:
        async def now() -> list[Listed]:
            return self.pool.listed()

        self.step()  # a breaker may have closed meanwhile, and somebody got its probe
        return self.loop.run_until_complete(now())

    @invariant()
    def sums_hold(self) -> None:
        listed = self.listed()
        assert self.pool.in_flight == len(self.places) == sum(one.in_flight for one in listed)
        assert 0 <= self.pool.in_flight <= MOST
        assert 0 <= self.pool.waiting <= WAITING
        assert all((one.quiet_s is None) == (one.in_flight == 0) for one in listed)
        assert (
            len([task for task, _ in self.asking if not task.done()])
            == self.pool.in_flight + self.pool.waiting
        )

    @invariant()
    def nobody_waits_where_there_is_room(self) -> None:
        free = any(one.turn is Turn.READY and not one.breaker_open for one in self.listed())
        if free and self.pool.in_flight < MOST:
            assert self.pool.waiting == 0

    def teardown(self) -> None:
        for task, _ in self.asking:
            task.cancel()
        self.step()
        assert (self.pool.in_flight, self.pool.waiting, self.places) == (0, 0, [])
        self.loop.close()


TestPoolLife = PoolLife.TestCase
TestPoolLife.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


async def test_waiting_is_first_come_first_served_and_ends_in_time() -> None:
    box = Box.model_validate({
        "served": {"path": "m"}, "replicas": [{"name": "a", "port": 1}],
        "gateway": {"port": 9, "most_in_flight": 1, "most_waiting": 9},
    })  # fmt: skip
    pool, order = Pool(box, at_start=Turn.READY), []

    async def one(number: int) -> None:
        async with pool.place((), "", 5.0):
            order.append(number)
            await asyncio.sleep(0)

    async with pool.place((), "", 1.0):
        waiting = [asyncio.create_task(one(number)) for number in range(9)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFull):
            async with pool.place((), "", 1.0):
                pass
        waiting[4].cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert order == [0, 1, 2, 3, 5, 6, 7, 8]
    async with pool.place((), "", 1.0):
        with pytest.raises(NobodyReady):
            async with pool.place((), "", 0.01):
                pass
    assert (pool.in_flight, pool.waiting) == (0, 0)
    with pytest.raises(NotFound):
        await pool.seen("b")

"""How people say when: the plain phrase that is read without fail, and others that mean the same."""

from __future__ import annotations

import random
from typing import Final

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

TIMES: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    # plain, looser ways to say it, Thai
    ("yesterday", ("yesterday", "yday", "during yesterday"), "เมื่อวาน"),
    ("today", ("today", "so far today", "since midnight"), "วันนี้"),
    ("last night", ("last night", "during last night"), "เมื่อคืน"),
    ("this morning", ("this morning", "earlier this morning"), "เช้านี้"),
    ("this week", ("this week", "so far this week"), "สัปดาห์นี้"),
    ("last week", ("last week", "in the week before this one", "the previous week"), "สัปดาห์ที่แล้ว"),
    ("this month", ("this month", "month to date"), "เดือนนี้"),
    ("last month", ("last month", "the previous month"), "เดือนที่แล้ว"),
    ("yesterday afternoon", ("yesterday afternoon", "yesterday in the afternoon"), "บ่ายวานนี้"),
    ("yesterday morning", ("yesterday morning", "in the morning yesterday"), "เช้าวานนี้"),
    ("in the last {h} hours", ("in the last {h} hours", "past {h}h", "over the past {h} hours", "last {h} hrs"), "{h} ชั่วโมงที่ผ่านมา"),
    ("in the last {h} hours", ("for the last {h} hours", "these last {h} hours", "the past {h} hrs"), "{h} ชั่วโมงที่ผ่านมา"),
    ("in the last {d} days", ("in the last {d} days", "past {d} days", "over the last {d} days", "last {d}d"), "{d} วันที่ผ่านมา"),
    ("in the last {d} days", ("during the last {d} days", "the past {d} days"), "{d} วันที่ผ่านมา"),
    ("in the last {k} weeks", ("in the last {k} weeks", "past {k} weeks"), ""),
    ("on {day}", ("on {day}", "{day}"), ""),
    ("since {day}", ("since {day}", "from {day} on", "from {day} until now"), ""),
    ("on {n} {mon}", ("on {n} {mon}", "on {mon} {n}", "{n} {mon}"), ""),
    ("yesterday from {a}:00 to {b}:00", ("yesterday from {a}:00 to {b}:00", "yesterday between {a}:00 and {b}:00"), ""),
    ("today from {c}:00 to {e}:00", ("today from {c}:00 to {e}:00", "today between {c}:00 and {e}:00"), ""),
    ("", ("", ""), ""),
)  # fmt: skip

PAIRS: Final[tuple[tuple[str, str, tuple[str, ...], str], ...]] = (
    # what is asked about, what it is held against, how both are said at once, Thai
    ("yesterday", "the day before", ("yesterday vs the day before", "yesterday against the day before"), "เมื่อวานเทียบกับวันก่อน"),
    ("today", "yesterday", ("today vs yesterday", "today compared with yesterday", "today against yesterday"), "วันนี้เทียบกับเมื่อวาน"),
    ("this week", "last week", ("this week versus last week", "this week against last week", "this week vs last"), "สัปดาห์นี้เทียบกับสัปดาห์ที่แล้ว"),
    ("last week", "the week before", ("last week vs the week before", "last week against the week before"), ""),
    ("this month", "last month", ("this month against last month", "this month vs last month"), "เดือนนี้เทียบกับเดือนที่แล้ว"),
    ("yesterday", "last {day}", ("yesterday vs last {day}", "yesterday against {day}"), ""),
)  # fmt: skip


def filled(rng: random.Random) -> dict[str, str]:
    """Numbers and names for the phrases of one question."""
    a, c = rng.randrange(6, 18), rng.randrange(0, 4)
    return {
        "h": str(rng.choice((2, 3, 4, 6, 8, 10, 12, 18, 24, 36, 48, 72))),
        "d": str(rng.randrange(2, 15)), "k": str(rng.randrange(2, 5)), "day": rng.choice(_DAYS),
        "n": str(rng.randrange(1, 29)), "mon": rng.choice(_MONTHS),
        "a": str(a), "b": str(a + rng.randrange(1, 5)), "c": str(c), "e": str(c + rng.randrange(1, 4)),
    }  # fmt: skip

"""Time phrases in English and Thai mean spans at the site that lie in the past."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.playbooks.calendar import REACH, Clock
from agent.playbooks.normalise import read_text
from agent.playbooks.timewords import When, read_time

BANGKOK = ZoneInfo("Asia/Bangkok")
FRIDAY = dt.datetime(2026, 11, 20, 14, 30, tzinfo=BANGKOK)


def when(text: str, now: dt.datetime = FRIDAY, zone: ZoneInfo = BANGKOK) -> When:
    return read_time(read_text(text).plain, Clock(now, zone))


def local(text: str, now: dt.datetime = FRIDAY) -> str:
    span = when(text, now).span
    if span is None:
        return ""
    return " to ".join(f"{edge.astimezone(BANGKOK):%m-%d %H:%M}" for edge in (span.start, span.end))


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("today", "11-20 00:00 to 11-20 14:30"),
        ("yesterday", "11-19 00:00 to 11-20 00:00"),
        ("the day before yesterday", "11-18 00:00 to 11-19 00:00"),
        ("this morning", "11-20 06:00 to 11-20 12:00"),
        ("last night", "11-19 18:00 to 11-20 06:00"),
        ("last 3 hours", "11-20 11:30 to 11-20 14:30"),
        ("past 2 weeks", "11-06 14:30 to 11-20 14:30"),
        ("last week", "11-09 00:00 to 11-16 00:00"),
        ("this week", "11-16 00:00 to 11-20 14:30"),
        ("last month", "10-01 00:00 to 11-01 00:00"),
        ("over the weekend", "11-14 00:00 to 11-16 00:00"),
        ("since 6am", "11-20 06:00 to 11-20 14:30"),
        ("since 6pm", "11-19 18:00 to 11-20 14:30"),
        ("since Monday", "11-16 00:00 to 11-20 14:30"),
        ("last Monday", "11-16 00:00 to 11-17 00:00"),
        ("on 12 Nov", "11-12 00:00 to 11-13 00:00"),
        ("12/11", "11-12 00:00 to 11-13 00:00"),
        ("2026-11-12", "11-12 00:00 to 11-13 00:00"),
        ("Nov 12-14", "11-12 00:00 to 11-15 00:00"),
        ("12 Nov 2569", "11-12 00:00 to 11-13 00:00"),
        ("from 14:00 to 16:30 yesterday", "11-19 14:00 to 11-19 16:30"),
        ("between 2 and 4pm", "11-20 14:00 to 11-20 14:30"),
        ("from 10pm to 6am", "11-19 22:00 to 11-20 06:00"),
        ("from 10pm last night to 6 this morning", "11-19 22:00 to 11-20 06:00"),
        ("at 3pm", "11-19 15:00 to 11-19 15:10"),
        ("at 3pm on 12 Nov", "11-12 15:00 to 11-12 15:10"),
        ("two hours ago", "11-20 12:30 to 11-20 12:40"),
        ("a week ago", "11-13 00:00 to 11-14 00:00"),
        ("Saturday and Sunday", "11-14 00:00 to 11-16 00:00"),
        ("วันนี้", "11-20 00:00 to 11-20 14:30"),
        ("เมื่อวานนี้", "11-19 00:00 to 11-20 00:00"),
        ("เมื่อคืน", "11-19 18:00 to 11-20 06:00"),
        ("ตั้งแต่เช้า", "11-20 06:00 to 11-20 14:30"),
        ("3 ชั่วโมงที่ผ่านมา", "11-20 11:30 to 11-20 14:30"),
        ("อาทิตย์ที่แล้ว", "11-09 00:00 to 11-16 00:00"),
        ("เดือนนี้", "11-01 00:00 to 11-20 14:30"),
        ("เมื่อวานบ่าย 3 โมง", "11-19 15:00 to 11-19 15:10"),
        ("เมื่อวานตอน 3 ทุ่ม", "11-19 21:00 to 11-19 21:10"),
        ("every afternoon", ""),
        ("all night", ""),
        ("right now", ""),
    ],
)
def test_a_phrase_means_a_span_at_the_site(text: str, means: str) -> None:
    assert local(text) == means


@pytest.mark.parametrize(
    ("text", "against"),
    [
        ("today vs yesterday", "11-19 00:00 to 11-19 14:30"),
        ("this week against last week", "11-09 00:00 to 11-13 14:30"),
        ("yesterday compared to same day last week", "11-12 00:00 to 11-13 00:00"),
        ("more than yesterday", "11-19 00:00 to 11-19 14:30"),
        ("last week versus the week before", "11-02 00:00 to 11-09 00:00"),
        ("last 7 days vs the 7 days before", "11-06 14:30 to 11-13 14:30"),
        ("this month vs same period last month", "10-01 00:00 to 10-20 14:30"),
        ("สัปดาห์นี้เทียบกับสัปดาห์ที่แล้ว", "11-09 00:00 to 11-13 14:30"),
    ],
)
def test_a_running_period_is_held_against_as_much_of_the_other(text: str, against: str) -> None:
    compare = when(text).compare
    assert compare is not None
    edges = (compare.start, compare.end)
    assert " to ".join(f"{e.astimezone(BANGKOK):%m-%d %H:%M}" for e in edges) == against


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("from 5pm to 3pm", "backwards"),
        ("from 14 nov to 12 nov", "backwards"),
        ("on 31 feb", "no-such-day"),
        ("at 25:10", "no-such-time"),
        ("tomorrow", "future"),
        ("next week", "future"),
        ("on 2026-12-24", "future"),
        ("พรุ่งนี้", "future"),
        ("last 400 months", "too-old"),
        ("in 2014", "too-old"),
    ],
)
def test_a_time_that_cannot_be_meant_is_named(text: str, why: str) -> None:
    found = when(text)
    assert found.span is None
    assert found.wrong is not None
    assert found.wrong.why == why


def test_last_night_before_dawn_is_the_night_still_running() -> None:
    assert local("last night", FRIDAY.replace(hour=2)) == "11-19 18:00 to 11-20 02:30"


def test_chillers_and_setpoints_are_not_times() -> None:
    for text in ("set it to 24 degrees", "room 1203", "secondary pump 1", "may I ask"):
        assert when(text) == When(read_text(text).plain)


PHRASES = st.sampled_from(
    [
        "today",
        "yesterday",
        "last night",
        "this morning",
        "since 6am",
        "at 3pm",
        "last 5 days",
        "past 3 hours",
        "last week",
        "this month",
        "on 12 nov",
        "12/11",
        "2026-11-12",
        "between 2 and 4pm",
        "from 22:00 to 06:00",
        "monday",
        "since tuesday",
        "a week ago",
        "weekend",
        "vs",
        "than",
        "to",
        "and",
        "until",
        "same day last week",
        "31 feb",
        "tomorrow",
        "the 10th",
        "lately",
        "noon",
        "in the afternoon",
        "0 days",
        "90 min ago",
        "เมื่อวาน",
        "เมื่อคืน",
        "ย้อนหลัง 3 วัน",
        "ตั้งแต่",
        "ถึง",
        "บ่าย 2 โมง",
        "room 807",
        "ch-2",
        "24",
        "kw",
    ]
)


@given(
    words=st.lists(PHRASES, max_size=6),
    now=st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2035, 1, 1)),
    zone=st.sampled_from(["Asia/Bangkok", "Europe/London", "America/New_York", "Pacific/Auckland"]),
)
def test_no_phrase_leaves_the_last_five_years(
    words: list[str], now: dt.datetime, zone: str
) -> None:
    place = ZoneInfo(zone)
    instant = now.replace(tzinfo=dt.UTC)
    found = when(" ".join(words), instant, place)
    for span in (found.span, found.compare):
        if span is not None:
            assert span.start <= span.end <= instant
    if found.span is not None:
        assert found.span.start < found.span.end
        assert found.span.start >= instant - REACH
    assert len(found.rest) == len(read_text(" ".join(words)).plain)


@given(hours=st.integers(1, 2_000))
def test_the_zone_of_the_asker_does_not_move_a_rolling_range(hours: int) -> None:
    here = when(f"last {hours} hours").span
    there = when(
        f"last {hours} hours", FRIDAY.astimezone(dt.UTC), ZoneInfo("America/New_York")
    ).span
    assert here == there
    assert here is not None
    assert here.duration == dt.timedelta(hours=hours)

"""The papers of Riverside Tower: manuals and the maintenance log, the same for the same day."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ingest.demo.documents import AS_DOCX, manual_sources, write_documents
from ingest.demo.worklog import (
    BAD_ACTUATOR_FLOORS,
    CH1_CH3_BRUSHED_MONTHS_AGO,
    CH2_BRUSHED_MONTHS_AGO,
    DOAS1_STRAINER_MONTHS_AGO,
    WorkOrder,
    work_orders,
    write_worklog,
)

NOW = dt.datetime(2026, 11, 21, 14, 30, tzinfo=ZoneInfo("Asia/Bangkok"))


@pytest.fixture(scope="module")
def orders() -> list[WorkOrder]:
    return work_orders(NOW)


def months_since(orders: list[WorkOrder], equip: str, words: str) -> float:
    last = max(o.opened for o in orders if o.equipment == equip and words in o.description)
    return (NOW.replace(tzinfo=None) - last).days / 30.4375


def test_the_building_has_its_manuals_as_pdf_and_docx_within_seconds(tmp_path: Path) -> None:
    started = time.perf_counter()
    paths = write_documents(tmp_path)
    assert time.perf_counter() - started < 5
    kinds = Counter(path.suffix for path in paths)
    assert kinds[".pdf"] >= 9
    assert kinds[".docx"] >= 4
    assert {path.stem for path in paths} == manual_sources().keys() >= AS_DOCX


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    first = [path.read_bytes() for path in write_documents(tmp_path / "a")]
    log = write_worklog(tmp_path / "a.xlsx", now=NOW).read_bytes()
    time.sleep(1.1)  # a time stamp inside would show
    assert [path.read_bytes() for path in write_documents(tmp_path / "b")] == first
    assert write_worklog(tmp_path / "b.xlsx", now=NOW).read_bytes() == log


def test_the_log_holds_three_years_and_nothing_from_the_future(orders: list[WorkOrder]) -> None:
    now = NOW.replace(tzinfo=None)
    assert len(orders) == 1_500
    assert len({order.wo_number for order in orders}) == 1_500
    assert (
        dt.timedelta(days=3 * 365 - 40) < now - orders[0].opened < dt.timedelta(days=3 * 365 + 10)
    )
    assert all(
        order.opened <= now and (order.closed is None or order.opened < order.closed <= now)
        for order in orders
    )
    assert orders == work_orders(NOW)
    assert orders != work_orders(NOW, seed=8)


def test_ch_2_is_overdue_for_brushing_and_its_sisters_are_not(orders: list[WorkOrder]) -> None:
    assert months_since(orders, "CH-2", "brushing") == pytest.approx(
        CH2_BRUSHED_MONTHS_AGO, abs=0.2
    )
    for sister in ("CH-1", "CH-3"):
        assert months_since(orders, sister, "brushing") == pytest.approx(
            CH1_CH3_BRUSHED_MONTHS_AGO, abs=0.2
        )


def test_the_strainer_of_doas_1_is_overdue_for_cleaning(orders: list[WorkOrder]) -> None:
    assert months_since(orders, "DOAS-1", "strainer") == pytest.approx(
        DOAS1_STRAINER_MONTHS_AGO, abs=0.2
    )
    assert months_since(orders, "DOAS-2", "strainer") < 6


def test_actuators_fail_on_the_floors_of_the_bad_batch(orders: list[WorkOrder]) -> None:
    failed = [order for order in orders if order.parts == "FC-ACT-24"]
    bad = [o for o in failed if int(o.equipment.removeprefix("FCU-")[:-2]) in BAD_ACTUATOR_FLOORS]
    assert len(failed) >= 60
    assert 0.65 < len(bad) / len(failed) < 0.9


def test_room_807_called_four_times_in_its_last_five_days(orders: list[WorkOrder]) -> None:
    since = NOW.replace(tzinfo=None) - dt.timedelta(days=5)
    calls = [
        order
        for order in orders
        if order.place == "room 807" and order.opened >= since and "hot" in order.description
    ]
    assert len(calls) >= 4

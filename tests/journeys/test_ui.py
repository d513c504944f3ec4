"""An engineer's minute with the page, in a real browser, at the width of a phone and of a desk."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "services" / "api"))

from api_house import House, ScriptedEngineer, build_house, options, serving
from playwright.async_api import Page, async_playwright, expect

from services.api.system import STATIC

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
PHONE, DESK = (375, 812), (1280, 800)

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
    pytest.mark.skipif(
        not (STATIC / "index.html").is_file(), reason="the web pages are not built: make ui"
    ),
]


@asynccontextmanager
async def browsing(url: str, size: tuple[int, int], path: str = "") -> AsyncIterator[Page]:
    """A page that fails the test on any error in its console."""
    errors: list[str] = []
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        await page.goto(f"{url}/{path}")
        yield page
        await browser.close()
    assert errors == []


@pytest.fixture
async def house(tmp_path: Path) -> House:
    return await build_house(tmp_path, pause_s=0.03)


async def ask(page: Page, question: str = "why is 807 hot?") -> None:
    await page.get_by_label("Your question").fill(question)
    await page.keyboard.press("Enter")


async def test_a_question_on_a_phone_gets_an_answer_with_a_chart_and_its_evidence(
    house: House,
) -> None:
    with serving(house, options()) as url:
        async with browsing(url, PHONE) as page:
            await page.evaluate(
                "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach("
                "e => { if (!e.hadRecentInput) window.shift += e.value })).observe({type: 'layout-shift'})"
            )
            await ask(page)
            await expect(page.get_by_role("button", name="Stop")).to_be_visible()
            await expect(page.get_by_text("the fault is upstream of the room")).to_be_visible()
            await expect(page.locator(".plot canvas")).to_be_visible()
            await expect(page.locator(".follow-ups button")).to_have_count(3)
            # WCAG has no figure for this; web.dev calls a layout shift below 0.1 good
            assert await page.evaluate("window.shift") < 0.05
            assert await page.evaluate("document.documentElement.scrollWidth") == PHONE[0]

            await page.locator(".steps summary").click()
            await expect(page.get_by_text("SELECT ts, zone_air_temp")).to_be_visible()

            await page.locator(".answer .cite", has_text="E3").click()
            await expect(page.locator(".sheet mark")).to_contain_text("check the strainer")
            await expect(page.get_by_role("link", name="Open page 12")).to_be_visible()
            await page.get_by_role("button", name="Close").click()


async def test_a_reload_in_the_middle_of_an_answer_loses_nothing(house: House) -> None:
    with serving(house, options()) as url:
        async with browsing(url, PHONE) as page:
            await ask(page)
            await expect(page.locator(".answer")).to_contain_text("Room 807")
            await page.reload()
            await expect(page.get_by_text("the fault is upstream of the room")).to_be_visible()
            await expect(page.locator(".plot canvas")).to_be_visible()
    assert len(house.engineer.questions) == 1


async def test_stop_ends_a_long_answer_and_keeps_what_was_said(house: House) -> None:
    house.engineer = ScriptedEngineer(pause_s=0.05, text="word " * 400)
    with serving(house, options()) as url:
        async with browsing(url, PHONE) as page:
            await ask(page)
            await expect(page.locator(".answer")).to_contain_text("word")
            await page.get_by_role("button", name="Stop").click()
            await expect(page.get_by_text("Stopped.")).to_be_visible()
            await expect(page.get_by_role("button", name="Send")).to_be_visible()
            await expect(page.locator(".answer")).to_contain_text("word")


async def test_a_finding_is_read_and_acknowledged_at_a_desk(house: House) -> None:
    with serving(house, options()) as url:
        async with browsing(url, DESK, "#/findings") as page:
            await page.get_by_role("link", name="DOAS-1 delivers air").click()
            await expect(page.get_by_text("Chilled-water strainer blocked")).to_be_visible()
            await expect(page.locator(".finding .plot canvas")).to_be_visible()
            await page.get_by_label("Acknowledge").fill("strainer ordered")
            await page.get_by_role("button", name="Seen", exact=True).click()
            await expect(page.get_by_text("Seen by operator: “strainer ordered”")).to_be_visible()
            await expect(page.locator(".finding-line .seen")).to_have_count(1)


async def test_a_link_to_an_equipment_opens_it_with_values_units_and_neighbours(
    house: House,
) -> None:
    with serving(house, options()) as url:
        async with browsing(url, PHONE, "#/equip/CH-2") as page:
            await expect(page.get_by_role("heading", name="CH-2")).to_be_visible()
            power = page.locator(".point-list li", has_text="Power")
            await expect(power).to_contain_text("kW")
            await expect(power).to_contain_text("40 s ago")
            await power.get_by_role("button").click()
            await expect(page.locator(".legend li", has_text="power")).to_be_visible()
            await page.get_by_role("link", name="CHWP-2 chilled water", exact=True).click()
            await expect(page.get_by_role("heading", name="CHWP-2", exact=True)).to_be_visible()


async def test_markdown_from_a_poisoned_manual_cannot_run_or_call_out(house: House) -> None:
    poison = (
        '<img src="http://evil.example/x.png" onerror="window.hacked=1"><script>window.hacked=1</script>'
        "![x](http://evil.example/y.png) [click](javascript:window.hacked=1) **still here**"
    )
    house.engineer = ScriptedEngineer(text=poison)
    outside: list[str] = []
    with serving(house, options()) as url:
        async with browsing(url, PHONE) as page:
            page.on("request", lambda r: outside.append(r.url) if url not in r.url else None)
            await ask(page)
            await expect(page.get_by_text("still here")).to_be_visible()
            await expect(page.locator(".follow-ups")).to_be_visible()
            assert await page.locator(".answer img, .answer a, .answer script").count() == 0
            assert await page.evaluate("window.hacked") is None
    assert outside == []

"""A model brought from a running Haystack server by the command, over a real socket, with a real login."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from haystack_house import PASSWORD, USER, HaystackHouse, entities, house_served

from services import cli

pytestmark = pytest.mark.filterwarnings("ignore:'.*' .*deprecated.* use '.*':DeprecationWarning")
Bring = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def house() -> Iterator[HaystackHouse]:
    with house_served() as found:
        yield found


@pytest.fixture
def bring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Bring:
    monkeypatch.setenv("PLANTROOM_HAYSTACK_PASSWORD", PASSWORD)

    def told(*words: str) -> tuple[int, Any]:
        given = ["plantroom", "ontology", *words, "--home", str(tmp_path / "home"), "--json"]
        monkeypatch.setattr(sys, "argv", given)
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), json.loads(capsys.readouterr().out)

    return told


def test_a_whole_building_comes_over_the_wire_once(house: HaystackHouse, bring: Bring) -> None:
    code, found = bring("import", house.url, "--user", USER)
    assert (code, found["added"]) == (0, len(entities()))
    assert bring("import", house.url, "--user", USER)[1]["changed"] == 0
    _, ahus = bring("find", "ahu")
    assert [ref["val"] for ref in ahus["rows"][0]["serves"]] == ["room-807", "floor-8"]


def test_a_part_of_a_server_is_taken_by_a_filter(house: HaystackHouse, bring: Bring) -> None:
    code, found = bring("import", house.url, "--user", USER, "--filter", "ahu")
    assert (code, found["examples"]["added"]) == (0, ["AHU-1"])
    assert any("siteRef names @tower" in note["says"] for note in found["notes"])


def test_a_login_of_skyspark_goes_through_pyhaystack(house: HaystackHouse, bring: Bring) -> None:
    words = ("--user", USER, "--kind", "skyspark", "--project", "demo")
    code, found = bring("import", house.url, *words)
    assert (code, found["added"]) == (0, len(entities()))


def test_a_wrong_password_is_refused_and_makes_no_home(
    house: HaystackHouse, bring: Bring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PLANTROOM_HAYSTACK_PASSWORD", "wrong")
    code, found = bring("import", house.url, "--user", USER)
    assert (code, found["error"]["code"]) == (3, "refused")
    assert not (tmp_path / "home").exists()


def test_a_server_that_shows_the_old_model_is_named(
    bring: Bring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def answers(_settings: object) -> str:
        return "http://127.0.0.1:8400"

    monkeypatch.setattr("services.commands.bring.running_server", answers)
    model = tmp_path / "m.trio"
    model.write_text("id:@s\nsite\n")
    _, found = bring("import", str(model))
    assert [note["hint"] for note in found["notes"]] == ["restart it"]


@pytest.mark.parametrize(
    ("address", "says"),
    [("http://[::1", "not the address"), ("http://h:99999/", "not the address"), ("http://u:sesame@[::1/x", "a user")],
)  # fmt: skip
def test_an_address_that_is_none_is_a_line_and_no_traceback(
    bring: Bring, address: str, says: str
) -> None:
    code, found = bring("import", address, "--user", USER)
    assert code != 0
    assert says in json.dumps(found)
    assert "sesame" not in json.dumps(found)

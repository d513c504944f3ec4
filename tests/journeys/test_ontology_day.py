"""An integrator's day with somebody else's model: in, checked, asked, tagged, and out again unharmed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingest.exchange.files import read_entities
from services import cli

SAMPLES = Path(__file__).parents[1] / "ingest" / "exchange" / "samples"


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with the files a client sent."""
    for name in ("lakeside.ttl", "points.csv"):
        (tmp_path / name).write_bytes((SAMPLES / name).read_bytes())
    names = "Name;Units;Object Type\nVAV-101.ZNT;degC;AI\nVAV-101.DMPR;%;AO\nVAV-101.FLOW;L/s;AI\nVAV-101.XQ9;;AV\n"
    (tmp_path / "names.csv").write_text(names)
    return tmp_path


Plantroom = Callable[..., Any]


@pytest.fixture
def plantroom(
    desk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Plantroom:
    """One command after another at that desk; what each prints as JSON."""
    monkeypatch.chdir(desk)

    def told(*words: str, home: str = "clinic") -> Any:
        monkeypatch.setattr(
            sys, "argv", ["plantroom", "ontology", *words, "--home", home, "--json"]
        )
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        assert not ended.value.code, said.err
        return json.loads(said.out)

    return told


def accept_all_but(review: Path, doubtful: str) -> None:
    """What a person does in a spreadsheet: read every row, say yes or no."""
    head, *rows = review.read_text("utf-8-sig").splitlines()
    judged = [("no" if doubtful in row else "yes") + row[row.index(",") :] for row in rows]
    review.write_text("\r\n".join([head, *judged]) + "\r\n", "utf-8-sig")


def test_a_clinic_comes_from_brick_is_mended_and_goes_out_whole(
    desk: Path, plantroom: Plantroom
) -> None:
    brought = plantroom("import", "lakeside.ttl")
    assert brought["added"] > 20
    assert any("Quux" in note["place"] for note in brought["notes"])

    before = plantroom("check")
    lacks = [
        p for p in before["problems"] if p["code"] == "missing-point" and p["entity"] == "VAV-101"
    ]
    assert lacks

    sensors = plantroom("find", "discharge and air and temp and sensor and equipRef->ahu")
    assert [row["id"]["val"] for row in sensors["rows"]] == ["AHU-1.sat"]
    way = plantroom("related", "zone-1", "--to", "CT-1")
    assert [hop["medium"] for hop in way["hops"]] == [
        "air",
        "air",
        "chilled-water",
        "condenser-water",
    ]

    plantroom("tag", "names.csv", "-o", "review.csv")
    accept_all_but(desk / "review.csv", "XQ9")
    tagged = plantroom("tag", "--accept", "review.csv")
    assert (tagged["added"], tagged["removed"]) == (3, 0)
    assert plantroom("find", "point and equipRef==@VAV-101")["count"] == 4
    after = [p for p in plantroom("check")["problems"] if p["entity"] == "VAV-101"]
    assert len(after) < len([p for p in before["problems"] if p["entity"] == "VAV-101"])

    for name in ("out.zinc", "out.trio", "out.json"):
        plantroom("export", name)
        again = plantroom("import", name, "--replace")
        assert (again["added"], again["changed"], again["removed"]) == (0, 0, 0)
    fresh = plantroom("import", "out.zinc", home="copy")
    plantroom("export", "copy.zinc", home="copy")
    assert fresh["added"] == len(list(read_entities(desk / "out.zinc")))
    assert (desk / "copy.zinc").read_text() == (desk / "out.zinc").read_text()

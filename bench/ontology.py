"""The ontology layer on a campus of 100,960 entities, beside its peers; agreement on filters; tagging by name."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench.ontology_peers.agreement import Agreement, agreement, answers, telling
from bench.ontology_peers.campus import ENTITIES
from bench.ontology_peers.environments import PEERS, Installed, Peer, install
from bench.ontology_peers.files import campus_files, zinc
from bench.ontology_peers.filters import draw
from bench.ontology_peers.measure import ROOT, Program, measured
from bench.ontology_peers.sample import sample
from bench.report import finish
from bench.tagging_accuracy import tagging_figures
from bench.targets import TARGETS

KEPT: Final = ROOT / "var" / "bench"
"""Where the campus files and the peers' environments stay between runs."""
FILTERS, FILTERS_QUICK = 600, 300
REPEATS, REPEATS_QUICK = 5, 2
OURS: Final = "plantroom"
FORMATS: Final = ("zinc", "hayson", "trio", "json3")
STEPS: Final = 3 + len(FORMATS) + sum(1 + len(peer.formats) for peer in PEERS) - 2
"""Writing the campus, ours and each peer in each format, installing each peer, filters, tagging."""
BESIDE: Final = "rusty-haystack"
"""The fastest peer when the targets were set, which the ratio is taken to."""

Figures = dict[str, dict[str, float]]
"""Program and format, such as "phable zinc" -> what was measured."""


class Bench:
    """One run: what is measured and what was absent, said as it goes."""

    def __init__(self, progress: Progress, *, quick: bool) -> None:
        self._progress = progress
        self._task = progress.add_task("", total=STEPS)
        self._repeats = REPEATS_QUICK if quick else REPEATS
        self._filters = FILTERS_QUICK if quick else FILTERS
        self.absent: dict[str, str] = {}
        self.figures: Figures = {}
        self.agreements: list[Agreement] = []

    def run(self) -> dict[str, float]:
        """Every value of the report."""
        self._say("writing the campus")
        files = campus_files(KEPT / "ontology", ENTITIES)
        peers = self._install()
        for format in FORMATS:
            self._measure(format, files[format], [p for p in peers if format in p.peer.formats])
        values = _ours(self.figures) | self._ratios() | self._agree(peers)
        self._say("tagging by name, one building left out at a time")
        return values | tagging_figures()

    def _install(self) -> list[Installed]:
        ready = []
        for peer in PEERS:
            self._say(f"installing {peer.package}")
            found = install(peer, KEPT / "peers")
            if isinstance(found, Installed):
                ready.append(found)
            else:
                self.absent[peer.name] = found
        return ready

    def _measure(self, format: str, file: Path, peers: list[Installed]) -> None:
        """Ours and the nearest peer in turns, best of several; the slow ones once."""
        near = [one for one in peers if one.peer.name == BESIDE]
        self._say(f"{OURS}{''.join(f' and {one.peer.name}' for one in near)}: {format}")
        programs = [Program.ours(), *map(Program.of, near)]
        self._keep(
            programs, format, measured(programs, format, [file] * len(programs), self._repeats)
        )
        for one in peers:
            if one not in near:
                self._say(f"{one.peer.name}: {format}")
                rows = one.peer.rows
                given = campus_files(KEPT / "ontology", rows)[format] if rows else file
                programs = [Program.of(one)]
                self._keep(programs, format, measured(programs, format, [given], 1))
                if rows is not None and (found := self.figures.get(f"{one.peer.name} {format}")):
                    found["load_s"] *= ENTITIES / rows
                    del found["peak_rss_mb"]

    def _keep(
        self, programs: list[Program], format: str, found: list[dict[str, float] | str]
    ) -> None:
        for program, figures in zip(programs, found, strict=True):
            name = f"{program.name} {format}"
            if isinstance(figures, str):
                self.absent[name] = figures
            else:
                self.figures[name] = figures

    def _ratios(self) -> dict[str, float]:
        ours, found = self.figures.get(f"{OURS} zinc", {}), {}
        for peer in PEERS:
            theirs = self.figures.get(f"{peer.name} zinc", {})
            for name in ours.keys() & theirs.keys() - {"entities"}:
                if not name.endswith("_count"):
                    found[f"{peer.name} {name}"] = theirs[name] / ours[name]
        if f"{BESIDE} load_s" in found:
            found["zinc_times_faster"] = found[f"{BESIDE} load_s"]
        return found

    def _agree(self, peers: list[Installed]) -> dict[str, float]:
        rows = sample()
        file = KEPT / "ontology" / "sample.zinc"
        file.write_text(zinc(rows), encoding="utf-8")
        drawn = draw(rows, self._filters)
        task: dict[str, Any] = {"format": "zinc", "file": str(file), "times": 1}
        task["filters"] = [one.text for one in drawn]
        self._say(f"{len(drawn)} filters on {len(rows)} entities")
        own = Program.ours().answer(task)
        if "error" in own:
            self.absent["filters"] = own["error"]
            return {}
        ours = answers(own["matches"])
        for one in peers:
            if one.peer.has_filter:
                theirs = answers(Program.of(one).answer(task)["matches"])
                self.agreements.append(agreement(one.peer.name, drawn, rows, ours, theirs))
        if len(self.agreements) < sum(peer.has_filter for peer in PEERS):
            return {"filters": len(drawn)}
        return {
            "filters": len(drawn),
            "filters_telling_share": telling(ours, len(rows)) / len(drawn),
            "agree_unexplained": sum(len(found.unexplained) for found in self.agreements),
        }

    def _say(self, what: str) -> None:
        """Begin the next step."""
        self._progress.update(self._task, description=what, advance=1)


def _ours(figures: Figures) -> dict[str, float]:
    """Our own figures by the names of `bench.targets`."""
    zinc_, hayson = figures.get(f"{OURS} zinc", {}), figures.get(f"{OURS} hayson", {})
    names = {
        "zinc_load_s": "load_s", "peak_rss_mb": "peak_rss_mb", "commit_ms": "commit_ms", "entities": "entities",
        "sensors_first_ms": "sensors_first_ms", "sensors_warm_ms": "sensors_warm_ms", "two_hops_warm_ms": "two_hops_warm_ms",
    }  # fmt: skip
    found = {id: zinc_[name] for id, name in names.items() if name in zinc_}
    if hayson:
        found["hayson_load_s"] = hayson["load_s"]
        found["peak_rss_mb"] = max(found.get("peak_rss_mb", 0.0), hayson["peak_rss_mb"])
    return found


def _show(console: Console, bench: Bench, values: Mapping[str, float]) -> None:
    columns = {
        "load_s": "load s", "peak_rss_mb": "peak MB", "sensors_first_ms": "sensors first ms",
        "sensors_warm_ms": "sensors warm ms", "two_hops_warm_ms": "two hops warm ms", "commit_ms": "commit ms",
    }  # fmt: skip
    extrapolated = {f"{peer.name} zinc": peer for peer in PEERS if peer.rows}
    table = Table("", *columns.values(), title=f"{ENTITIES:,} entities, best of the runs")
    for name, found in bench.figures.items():
        cells = [f"{found[c]:,.3g}" if c in found else "-" for c in columns]
        table.add_row(_title(name, extrapolated.get(name)), *cells)
    console.print(table)
    for name, reason in bench.absent.items():
        console.print(f"{name}: absent ({reason})", markup=False)
    for one in bench.agreements:
        console.print(
            f"{one.peer}: {one.same} filters answered the same, {one.differ} otherwise: {dict(one.explained)}"
        )
        for text in one.unexplained:
            console.print(f"  unexplained: {text}", markup=False)
    for id, (op, target) in TARGETS["ontology"].items():
        shown = f"{values[id]:,.3g}" if id in values else "not measured"
        console.print(f"{id:>24}  {shown:>12}  {op} {target:g}")


def _title(name: str, peer: Peer | None) -> str:
    return name if peer is None else f"{name} (extrapolated from {peer.rows} rows)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="only the last line")
    parser.add_argument(
        "--quick", action="store_true", help="fewer repeats and filters, the same targets"
    )
    asked = parser.parse_args()
    console = Console(stderr=True, quiet=asked.json, highlight=False)
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bench = Bench(progress, quick=asked.quick)
        values = bench.run()
    _show(console, bench, values)
    finish("ontology", values)


if __name__ == "__main__":
    main()

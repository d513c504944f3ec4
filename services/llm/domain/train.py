"""One training run: a folder with recipe, code and card, and the child process in the engine's environment that trains.

Nothing of torch is imported here. The child gets copies of the few files it needs, so that a run folder can be taken to
another machine and started there; it writes its progress to a file, and is asked to stop with SIGTERM.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

import yaml

from ontology.errors import BadRequest, NotFound, Refused, Unavailable
from services.llm.domain.fits import Place
from services.llm.domain.progress import REFUSED, STOPPED
from services.llm.domain.recipe import Data, How, Recipe
from services.llm.domain.shards import (
    CODE,
    CONFIG,
    LAUNCH,
    accelerate_config,
    command,
    launch_script,
)
from services.llm.files import json_line
from services.llm.offline import OFFLINE

Said = Mapping[str, Any]
Hear = Callable[[Said], None]

SHIPPED: Final = ("progress.py", "turns.py", "small_model.py", "run_scratch.py", "run_sft.py")
"""What the child needs of ours, all of it standard library or the engine's environment."""
LOG: Final = "train.log"
PROGRESS: Final = "progress.jsonl"
LOOK_S: Final = 0.2
MOST_LINE: Final = 65_536
STOP_S: Final = 120.0
"""A large model's checkpoint takes its time; then the child is killed."""
LOADED: Final = ("torch", "transformers", "trl", "peft")
VERSIONS: Final = (
    "import importlib.metadata as m, json, sys; "
    f"print(json.dumps({{'python': sys.version.split()[0], **{{n: m.version(n) for n in {LOADED!r}}}}}))"
)
VERSIONS_S: Final = 30.0


def python_of(given: Path | None) -> Path:
    """The engine's Python. Raises NotFound."""
    found = given or Path(".venv-llm/bin/python")
    if not found.exists():
        raise NotFound(f"no Python at {found}", hint="make llm-env; or name one that has torch, transformers, trl and peft with --python")  # fmt: skip
    # a virtual environment's Python is known by its path: links are not followed
    return found.absolute()


def versions(python: Path) -> dict[str, str]:
    """What is installed there. Raises Unavailable where something is missing."""
    try:
        done = subprocess.run(  # noqa: S603  (our own line)
            [python, "-c", VERSIONS], capture_output=True, text=True, timeout=VERSIONS_S, check=True
        )
        found: dict[str, str] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as cause:
        said = getattr(cause, "stderr", None) or str(cause)
        raise Unavailable(
            f"{python} cannot train: {str(said).strip().splitlines()[-1][:200] if said else cause}",
            hint=f"it needs {', '.join(LOADED)}: make llm-env",
        ) from cause
    return found


def prepare(recipe: Recipe, folder: Path, place: Place, python: Path) -> list[str]:
    """Put code, configuration and launch script into the run's folder; gives the launch line."""
    into = folder / CODE / "services" / "llm" / "domain"
    into.mkdir(parents=True, exist_ok=True)
    for package in (into, *into.parents[:2]):
        (package / "__init__.py").touch()
    for name in SHIPPED:
        shutil.copyfile(Path(__file__).with_name(name), into / name)
    gpus = place.count if recipe.method is not How.SCRATCH else 1
    (folder / CONFIG).write_text(yaml.safe_dump(accelerate_config(gpus, recipe.method)), encoding="utf-8")  # fmt: skip
    words = command(python, folder.absolute(), recipe, gpus)
    script = folder / LAUNCH
    script.write_text(launch_script(words, folder.absolute()), encoding="utf-8")
    script.chmod(0o755)
    return words


def run(recipe: Recipe, folder: Path, place: Place, python: Path, hear: Hear) -> Said:
    """Train to the end; `hear` is told each line. Gives the last one: "done", or "stopped" with a checkpoint kept.

    Raises BadRequest for data and base that do not go together, Unavailable where the child died.
    """
    words = prepare(recipe, folder, place, python)
    last: Said = {}
    told = folder / PROGRESS
    told.touch()
    with told.open(encoding="utf-8") as lines, (folder / LOG).open("ab") as log:
        lines.seek(0, os.SEEK_END)
        with _child(words, folder, log) as child:
            for last in _heard(lines, lambda: child.poll() is None):
                hear(last)
            status = child.wait()
    return _ended(status, last, folder)


@contextmanager
def _child(words: list[str], folder: Path, log: Any) -> Iterator[subprocess.Popen[bytes]]:  # fmt: skip
    """The training process, in a group of its own; SIGTERM and Ctrl-C here become its request to save and stop."""
    env = {**os.environ, **OFFLINE, "PYTHONPATH": str(folder.absolute() / CODE), "OMP_WAIT_POLICY": "PASSIVE"}  # fmt: skip
    try:
        child = subprocess.Popen(  # noqa: S603  (our own script)
            words, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )  # fmt: skip
    except OSError as cause:
        raise Unavailable(f"{words[0]}: {cause.strerror}", hint="name a Python with --python") from cause  # fmt: skip

    def stop(_signal: int, _frame: object) -> None:
        _tell(child, signal.SIGTERM)

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield child
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
        if child.poll() is None:
            _tell(child, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(STOP_S)
            _tell(child, signal.SIGKILL)
            child.wait()


def _tell(child: subprocess.Popen[bytes], what: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, what)


def _heard(lines: TextIO, lives: Callable[[], bool]) -> Iterator[Said]:
    """What a growing file says until its writer has ended; lines that are no event are passed over."""
    begun = ""
    while True:
        alive = lives()
        while line := lines.readline(MOST_LINE):
            begun += line
            if not begun.endswith("\n"):
                break
            said, begun = json_line(begun), ""
            if isinstance(said.get("event"), str):
                yield said
        if not alive:
            return
        time.sleep(LOOK_S)


def _ended(status: int, last: Said, folder: Path) -> Said:
    event = last.get("event")
    if (status, event) in {(0, "done"), (STOPPED, "stopped")}:
        return last
    if status == REFUSED and event == "refused":
        raise BadRequest(str(last.get("why")), hint="see the data and the base's chat template")
    text = (folder / LOG).read_bytes()[-4000:].decode(errors="replace").strip()
    why = text.splitlines()[-1][:300] if text else "without a word"
    if "OutOfMemoryError" in text or status == -signal.SIGKILL:
        raise Refused(f"training ran out of memory: {why}", hint="a smaller --batch or --max-length; then --resume")  # fmt: skip
    raise Unavailable(f"training ended with {status}: {why}", hint=f"see {folder / LOG}; --resume goes on from the last checkpoint")  # fmt: skip


def card(recipe: Recipe, data: Data, last: Said, found: Mapping[str, str], place: Place) -> dict[str, Any]:  # fmt: skip
    """What was made from what: enough to make it again, and to know it again."""
    told = recipe.to_json()
    tools = [t["function"]["name"] for t in recipe.tools if "function" in t]
    return {
        "format": 1, "method": recipe.method.value, "base": recipe.base or None,
        "data": {"folder": str(data.folder), "sha256": data.digest, "counts": dict(data.counts)},
        "recipe": {**{name: value for name, value in told.items() if name not in {"tools", "canaries", "data", "base", "method"}}, "tools": tools},
        "place": str(place), "versions": dict(found), "ran_by": f"python {sys.version.split()[0]}", "result": dict(last),
    }  # fmt: skip


def page(made: Mapping[str, Any]) -> str:
    """The card for people."""
    result, data, recipe = made["result"], made["data"], made["recipe"]
    rows = [
        ("method", made["method"]), ("base", made["base"] or "none: from random weights"),
        ("data", f"{data['folder']}, sha256 {data['sha256'][:16]}"),
        ("examples", ", ".join(f"{split} {n:,}" for split, n in data["counts"].items())),
        ("seed, learning rate", f"{recipe['seed']}, {recipe['lr']:g}"), ("ran on", made["place"]),
        ("versions", ", ".join(f"{name} {version}" for name, version in made["versions"].items())),
        *((name.replace("_", " "), f"{value:,.6g}" if isinstance(value, float) else str(value))
          for name, value in result.items() if name != "event" and value is not None),
    ]  # fmt: skip
    table = "\n".join(f"| {name} | {value} |" for name, value in rows)
    return f"# A training run\n\n| | |\n|---|---|\n{table}\n"

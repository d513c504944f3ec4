"""The tutorial's twin on a laptop, as its page tells it: looked at, served, asked, measured, restarted and stopped, on real vLLM."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.llm.at_a_terminal import llm, served
from tests.llm.server import PYTHON
from tests.llm.tiny_model import write_tiny_model
from tests.services.llm.pages import TUTORIAL, blocks, told
from tests.services.llm.stubs import free_port

pytestmark = [
    pytest.mark.llm,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not PYTHON.exists(), reason="no .venv-llm: run `make llm-env`"),
]
LAPTOP = Path("var/laptop/box.toml")


class Laptop:
    """A folder with the page's box file and a tiny model where the page has one trained; ports that are free here."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.gateway, self.engine = folder, free_port(), free_port()
        write_tiny_model(folder / "var/laptop/small/model")
        (folder / ".venv-llm").symlink_to(PYTHON.parents[1])
        (text,) = [each for each in blocks(TUTORIAL, "toml") if "[engine]" in each]
        ports = f"port = {self.engine}\n\n[gateway]\nport = {self.gateway}\n"
        (folder / LAPTOP).write_text(text + ports)

    def typed(self, *first: str) -> list[str]:
        """The words of the one line on the page that begins so and is for the laptop."""
        lines = [one.line for one in told(TUTORIAL) if one.line.startswith(" ".join(("plantroom llm", *first)))]  # fmt: skip
        (line,) = {line for line in lines if "var/laptop/" in line}
        return shlex.split(line.replace("127.0.0.1:8000", f"127.0.0.1:{self.gateway}"))[2:]

    def runs(self, *first: str) -> tuple[int, str]:
        """Type that line; its exit code and what it printed."""
        done = llm(*self.typed(*first), folder=self.folder)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> Laptop:
    return Laptop(tmp_path_factory.mktemp("box"))


@pytest.fixture(scope="module")
def serving(laptop: Laptop) -> Iterator[subprocess.Popen[bytes]]:
    """The page's `serve`, ready; gone at the end whatever happens."""
    with served(LAPTOP, folder=laptop.folder) as child:
        yield child


def test_nothing_serves_before_the_start(laptop: Laptop) -> None:
    assert laptop.runs("status")[0] == 3


def test_preflight_finds_nothing_wrong(laptop: Laptop) -> None:
    code, text = laptop.runs("preflight")
    assert code == 0, text
    assert "ok      engine: vLLM" in text


def test_what_is_served_answers_is_measured_restarted_and_stopped(
    laptop: Laptop, serving: subprocess.Popen[bytes]
) -> None:
    code, text = laptop.runs("status")
    assert code == 0
    assert re.search(r"^ a +ready ", text, re.MULTILINE), text
    assert completion(laptop) == 200

    code, text = laptop.runs("bench")
    assert code == 0, text
    run = json.loads((laptop.folder / "var/laptop/bench/run.json").read_text())
    assert [point["measured"]["answered"] for point in run["points"]] == [8, 8]

    code, text = laptop.runs("adapter", "list")
    assert code == 0, text
    assert "a: chief" in text

    code, text = laptop.runs("restart")
    assert (code, text.strip()) == (0, "a: ready")
    assert laptop.runs("status")[0] == 0
    assert completion(laptop) == 200

    code, text = laptop.runs("stop")
    assert (code, text.strip()) == (0, "stopped: a")
    assert serving.wait(30) == 0
    assert laptop.runs("status")[0] == 3


def completion(laptop: Laptop) -> int:
    """Status of one answer through the gateway, as the page's chief engineer asks for it."""
    body = {
        "model": "chief",
        "messages": [{"role": "user", "content": "why is 807 hot?"}],
        "max_tokens": 8,
    }
    url = f"http://127.0.0.1:{laptop.gateway}/v1/chat/completions"
    return httpx2.post(url, json=body, timeout=60, trust_env=False).status_code

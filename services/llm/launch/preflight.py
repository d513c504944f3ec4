"""Before a start that takes minutes: seconds of looking at the files, the GPUs, the machine and the engine's own opinion."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ontology.errors import NotFound, PlantroomError
from services.llm import smi
from services.llm.box import Box
from services.llm.launch import checkpoint
from services.llm.launch.command import command
from services.llm.launch.findings import Finding, doubt, fine, wrong
from services.llm.launch.gpu_checks import gpu_findings
from services.llm.launch.tool_parsers import by_template, same_format
from services.llm.sizing.families import read_shape
from services.llm.sizing.shape import ModelShape

TEMPLATE_S = 10.0
ENGINE_S = 90.0
"""vLLM imports torch: 10 to 40 s from a cold disk."""
SHM_BYTES = 1 << 30
"""NCCL and vLLM's queues take some hundred MB per replica; a container's default of 64 MB fails at start."""
FREE_BYTES = 10 << 30
"""For compiled kernels, logs and a crash's dump."""
# NVIDIA's CUDA release notes, table "CUDA Toolkit and Minimum Required Driver Version for CUDA Minor Version Compatibility"
LEAST_DRIVER = {11: (450, 80), 12: (525, 60), 13: (580, 0)}
_SCRIPTS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Asked:
    """What else to look at. `smi`: recorded output instead of this machine's; `engine`: start the engine's Python too."""

    smi: tuple[Path, ...] = ()
    checksums: Path | None = None
    engine: bool = True


def preflight(box: Box, asked: Asked) -> Iterator[Finding]:
    """One finding after the other, as they are found; each check is bounded in time."""
    if box.engine.kind == "external":
        yield fine("engine", "external servers are looked at by the gateway, which asks them")
        yield from ports(box)
        return
    shape = None
    if box.engine.kind == "vllm":
        shape, found = _model(box)
        yield from found
        if Path(box.served.path).is_dir():
            yield from files(box, shape, asked)
    elif not Path(box.served.path).is_file():
        yield wrong("model", f"there is no {box.served.path}", "llama-server wants a GGUF file")
    seen = _seen(box, asked)
    cuda = ""
    if asked.engine:
        verdict, cuda = engine(box)
        yield verdict
    if isinstance(seen, Finding):
        yield seen
    else:
        yield from gpu_findings(box, seen, shape)
        yield from driver(seen, cuda)
    yield from ports(box)
    yield from machine(box)


def files(box: Box, shape: ModelShape | None, asked: Asked) -> Iterator[Finding]:
    """Weights, checksums, tokenizer, template and adapters."""
    folder = Path(box.served.path)
    yield from checkpoint.shards(folder, shape.params if shape else None)
    if asked.checksums:
        yield from checkpoint.checksums(folder, asked.checksums)
    yield checkpoint.tokenizer(folder, shape.vocab if shape else None)
    yield template(folder, box.served.tool_parser)
    yield from checkpoint.adapters(box)


def template(folder: Path, parser: str) -> Finding:
    """Whether the chat template shows tools to the model, and the parser reads what it is told to write."""
    try:
        text = checkpoint.template_of(folder)
    except PlantroomError as error:
        return wrong("chat template", str(error), error.hint)
    if not text:
        return wrong("chat template", "the model has none: it was not made to chat", "take the instruct version, or give vLLM one: --chat-template FILE in engine.arguments")  # fmt: skip
    said = _rendered(text)
    if "error" in said:
        return wrong("chat template", f"it cannot be rendered with a tool: {said['error']}", "fetch tokenizer_config.json and chat_template.jinja again")  # fmt: skip
    fits = by_template(text)
    if "canary_tool" not in said["text"]:
        if fits and same_format(fits, parser):
            return doubt("chat template", f"it writes calls for {parser} and shows the model no tools", "right only for a model that was trained on these very tools")  # fmt: skip
        return wrong("chat template", "it shows the model no tools: no tool template", "take a model made for tools, or a template of vLLM's examples/: --chat-template FILE in engine.arguments")  # fmt: skip
    if not parser:
        return doubt("chat template", "it shows tools, and served.tool_parser is not set: calls stay text", f'set tool_parser = "{fits}"' if fits else "set served.tool_parser, see vLLM's documentation of tool calling")  # fmt: skip
    if fits and not same_format(fits, parser):
        return wrong("chat template", f"calls are written for the parser {fits}, and served.tool_parser is {parser}", f'set tool_parser = "{fits}"')  # fmt: skip
    return fine("chat template", f"it shows tools; calls are read by {parser}")


def engine(box: Box) -> tuple[Finding, str]:
    """The engine's program, and what its own parser says of the whole line; with the CUDA it was built for, "" unknown."""
    program = shutil.which(box.engine.command[0])
    if not program:
        return wrong(
            "engine",
            f"there is no program {box.engine.command[0]!r}",
            "install the engine, or say where it is: engine.command",
        ), ""
    if box.engine.kind != "vllm":
        return fine("engine", program), ""
    try:
        argv = command(box, box.replicas[0]).argv
    except PlantroomError as error:
        return wrong("engine", str(error), error.hint), ""
    python = _python(Path(program))
    if not python:
        return doubt(
            "engine",
            f"{program} is no Python program: its arguments were not tried",
            "the start will tell",
        ), ""
    # the part before the path may end in --model, which the parser then has to see
    flags = ["--model"] if box.engine.command[-1] == "--model" else []
    said = _asked(
        python,
        "on_engine_arguments.py",
        json.dumps([*flags, *argv[len(box.engine.command) :]]),
        ENGINE_S,
    )
    if said.get("error"):
        return wrong(
            "engine",
            f"vLLM {said.get('vllm', '')} refuses: {said['error']}",
            "correct engine.arguments",
        ), str(said.get("cuda", ""))
    return fine(
        "engine", f"vLLM {said.get('vllm')}, torch {said.get('torch')}; it takes the arguments"
    ), str(said.get("cuda", ""))


def driver(seen: smi.Machine, cuda: str) -> Iterator[Finding]:
    """Whether the driver is new enough for the CUDA the engine was built with."""
    major = cuda.partition(".")[0]
    numbers = [
        int(part) for part in seen.driver.split(".")[:2] if part.isascii() and part.isdigit()
    ]
    least = LEAST_DRIVER.get(int(major)) if major.isascii() and major.isdigit() else None
    if seen.cuda and major.isdigit() and seen.cuda[0] < int(major):
        yield wrong("driver", f"driver {seen.driver or '?'} is made for CUDA {seen.cuda[0]}.{seen.cuda[1]}, and the engine for {cuda}", "install a newer driver, or an engine built for that CUDA")  # fmt: skip
    elif least and numbers and tuple(numbers) < least:
        yield wrong("driver", f"driver {seen.driver} is older than {least[0]}.{least[1]}, which CUDA {cuda} needs", "install a newer driver, or an engine built for an older CUDA")  # fmt: skip
    elif seen.driver:
        made = f", CUDA {seen.cuda[0]}.{seen.cuda[1]}" if seen.cuda else ""
        yield fine("driver", f"{seen.driver}{made}" + ("" if cuda else "; not compared with the engine's CUDA, which was not asked"))  # fmt: skip


def ports(box: Box) -> Iterator[Finding]:
    """Each port that will be listened on, tried."""
    asked = [(box.gateway.host, box.gateway.port, "gateway")]
    asked += [(r.host, r.port, r.name) for r in box.replicas if not r.url]
    taken = False
    for host, port, who in asked:
        if why := _taken(host, port):
            taken = True
            yield wrong("ports", f"{who}: {host}:{port}: {why}", f"end what listens there (ss -ltnp sport = :{port}), or choose another port")  # fmt: skip
    if not taken:
        yield fine("ports", ", ".join(str(port) for _, port, _ in asked) + " are free")


def machine(box: Box) -> Iterator[Finding]:
    """Shared memory, disk and locked memory."""
    shm = Path("/dev/shm")  # noqa: S108  (the system's own)
    if shm.is_dir():
        free = shutil.disk_usage(shm).free
        need = SHM_BYTES * len(box.replicas)
        yield fine("shared memory", f"{free / 2**30:.1f} GiB free") if free >= need else wrong("shared memory", f"{shm} has {free / 2**30:.2f} GiB free, {need / 2**30:.0f} are needed", "mount -o remount,size=16G /dev/shm; in a container --shm-size 16g")  # fmt: skip
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home())
    if home.is_dir():
        free = shutil.disk_usage(home).free
        yield fine("disk", f"{free / 1e9:.0f} GB free in {home}") if free >= FREE_BYTES else doubt("disk", f"{free / 1e9:.1f} GB free in {home}, where kernels are compiled to", "make room")  # fmt: skip
    locked = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
    if any(r.nodes > 1 for r in box.replicas) and locked != resource.RLIM_INFINITY:
        yield doubt("locked memory", f"at most {locked:,} bytes may be locked; RDMA between machines needs more", "ulimit -l unlimited (the rendered units do it)")  # fmt: skip


def _model(box: Box) -> tuple[ModelShape | None, list[Finding]]:
    path = Path(box.served.path)
    if not path.exists():
        kept = Path(os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface") / "hub"
        if (kept / f"models--{box.served.path.replace('/', '--')}").is_dir():
            return None, [doubt("model", f"{box.served.path} is in the cache {kept}; its files were not looked at", "give served.path a folder to have them checked")]  # fmt: skip
        return None, [wrong("model", f"there is no folder {box.served.path}, and nothing is downloaded at start", "fetch it: hf download REPOSITORY --local-dir FOLDER, and set served.path")]  # fmt: skip
    try:
        shape = read_shape(path)
    except NotFound as error:
        return None, [wrong("model", str(error), error.hint)]
    except PlantroomError as error:
        return None, [
            doubt(
                "model",
                f"its size is not understood: {error}",
                error.hint or "vLLM may serve it all the same",
            )
        ]
    return shape, [fine("model", f"{shape.architecture}, {_counted(shape.params)} weights")]


def _counted(weights: int) -> str:
    return f"{weights / 1e9:.1f} billion" if weights >= 1e8 else f"{weights / 1e6:.1f} million"


def _seen(box: Box, asked: Asked) -> smi.Machine | Finding:
    """The GPUs; none are looked for where the box names none."""
    if not asked.smi and not any(replica.gpus for replica in box.replicas):
        return doubt(
            "GPUs",
            "the box names none: the engine takes what it finds",
            "set `gpus` of each replica",
        )
    try:
        return smi.read_recorded(list(asked.smi)) if asked.smi else smi.look()
    except PlantroomError as error:
        return wrong("GPUs", str(error), error.hint)


def _rendered(template: str) -> dict[str, str]:
    return _asked(
        Path(sys.executable), "on_template.py", json.dumps({"template": template}), TEMPLATE_S
    )


def _asked(python: Path, script: str, given: str, patience_s: float) -> dict[str, str]:
    """The JSON that a script of ours says in its last line, in an isolated Python."""
    try:
        ran = subprocess.run([str(python), "-I", str(_SCRIPTS / script)], input=given.encode(), capture_output=True, timeout=patience_s, check=False)  # fmt: skip  # noqa: S603
        lines = ran.stdout.decode(errors="replace").strip().splitlines()
        said = (
            json.loads(lines[-1])
            if lines
            else {"error": f"it ended with {ran.returncode}: too much time or memory"}
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {patience_s:g} s"}
    except (OSError, ValueError) as cause:
        return {"error": str(cause)[:200]}
    return said if isinstance(said, dict) else {"error": "no object"}


def _python(program: Path) -> Path | None:
    """The Python that runs a program: itself, or the one its first line names."""
    if program.name.startswith("python"):
        return program
    with program.open("rb") as file:
        first = file.readline(512).decode(errors="replace").strip()
    found = Path(first[2:].strip().split(" ")[0]) if first.startswith("#!") else Path()
    return found if found.name.startswith("python") and found.is_file() else None


def _taken(host: str, port: int) -> str:
    """Why nobody can listen there; "" where one can."""
    kind = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(kind) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as cause:
            return cause.strerror or str(cause)
    return ""

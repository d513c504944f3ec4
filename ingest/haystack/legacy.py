"""Servers whose login only pyhaystack knows: SkySpark 2 and 3, Niagara AX and 4, WideSky. Extra `bms`.

pyhaystack logs in and fetches; its reader (hszinc: 12 ms a row, and it stops at symbols and nested
grids) is left out: the bytes go through our own codecs.
"""

from __future__ import annotations

import asyncio
import io
import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

import httpx2

from ingest.haystack.grids import rows_of
from ingest.haystack.transport import Answer
from ontology.errors import BadRequest, Corrupt, PlantroomError, Refused, Unavailable
from ontology.kinds import Ref, Tags

MAX_BODY: Final = 256 * 1024 * 1024
"""Bytes of one answer that are decoded."""
TIMEOUT_S: Final = 300.0
_MAX_CAUSES: Final = 20
"""Errors behind an error that are looked at; the libraries below wrap a failure about six times."""

KINDS: Final[Mapping[str, tuple[str, str, tuple[str, ...]]]] = {
    # our name -> pyhaystack's module, its session, what that needs besides user and password
    "skyspark": ("skyspark", "SkysparkScramHaystackSession", ("project",)),
    "skyspark2": ("skyspark", "SkysparkHaystackSession", ("project",)),
    "niagara": ("niagara", "NiagaraHaystackSession", ()),
    "niagara4": ("niagara", "Niagara4HaystackSession", ()),
    "widesky": ("widesky", "WideskyHaystackSession", ("client_id", "client_secret")),
}


@dataclass(frozen=True)
class Station:
    """One old server and who we are to it. `more`: project, or client_id and client_secret."""

    kind: str
    url: str
    user: str
    password: str = field(repr=False)
    more: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise BadRequest(
                f"no kind of server {self.kind!r:.40}", hint=f"one of {', '.join(sorted(KINDS))}"
            )
        if not self.url.startswith(("http://", "https://")):
            raise BadRequest(f"not an address: {self.url!r:.100}", hint="such as http://10.0.0.5/")
        missing = [name for name in KINDS[self.kind][2] if not self.more.get(name)]
        if missing:
            raise BadRequest(f"{self.kind} needs {', '.join(missing)}", hint="give them as well")


async def read_entities(
    station: Station, filter: str = "id", *, timeout_s: float = TIMEOUT_S
) -> list[Tags]:
    """Entities of an old server that match a filter.

    Raises Refused for a wrong login, Unavailable for a silent server, Corrupt for half a grid.
    """
    return await _asked(station, "read", {"filter": filter}, timeout_s)


async def read_samples(
    station: Station, point: Ref, range: str, *, timeout_s: float = TIMEOUT_S
) -> list[tuple[Any, Any]]:
    """Samples (time, value) of a point of an old server; `range` as Haystack writes it. Raises as above."""
    rows = await _asked(station, "hisRead", {"id": f"@{point.id}", "range": range}, timeout_s)
    return [
        (row["ts"], next((value for name, value in row.items() if name != "ts"), None))
        for row in rows
        if "ts" in row
    ]


async def _asked(
    station: Station, op: str, args: Mapping[str, str], timeout_s: float
) -> list[Tags]:
    """The rows that an op answers to a GET."""
    session = _session(station, timeout_s)
    where = f"{station.url.rstrip('/')}/{session._api_dir}/{op}"  # noqa: SLF001  (it has no other name)
    return await _in_thread(lambda: _read(session, op, args, where), timeout_s, where)


def _session(station: Station, timeout_s: float) -> Any:
    """A session of pyhaystack, which sends nothing yet."""
    module, name, needs = KINDS[station.kind]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that pyparsing will drop, escapes that Python will
        try:
            kind = getattr(import_module(f"pyhaystack.client.{module}"), name)
            scram = vars(import_module("pyhaystack.util.scram"))
        except ImportError as cause:
            raise Unavailable(
                "pyhaystack is not installed", hint="pip install 'plantroom[bms]'"
            ) from cause
    # pyhaystack loses leading zeros of its proof: one SCRAM login of sixteen would fail
    scram["_xor"] = _xor
    given = {name: station.more[name] for name in needs}
    # without the slash, it would put its own paths beside the last part of the address
    url = station.url.rstrip("/") + "/"
    session = kind(
        url, station.user, station.password, grid_format=_zinc(),
        http_args={"timeout": min(timeout_s, 60.0)}, **given,
    )  # fmt: skip
    _note_failures(session._client)  # noqa: SLF001
    return session


def _note_failures(client: Any) -> None:
    """Keep the last failed request as `client.failure`: pyhaystack's logins lose it on their way."""
    send = client._request  # noqa: SLF001  (every request passes here, with arguments by name)

    def noting(**given: Any) -> None:
        tell = given["callback"]

        def told(result: Any) -> None:
            client.failure = getattr(result, "_exc_info", (None, None))[1]
            tell(result)

        send(**{**given, "callback": told})

    client.failure, client._request = None, noting  # noqa: SLF001


def _xor(left: str, right: str) -> str:
    """Two hexadecimal texts of equal length, one upon the other, at their full length."""
    return f"{int(left, 16) ^ int(right, 16):0{len(left)}x}"


def _zinc() -> Any:
    """Zinc: in its JSON mode pyhaystack expects JSON of Haystack 3."""
    return import_module("hszinc").MODE_ZINC


def _read(session: Any, asked: str, args: Mapping[str, str], where: str) -> list[Tags]:
    """Log in, read, decode; in a thread, for pyhaystack blocks."""
    slips = _errors()
    try:
        login = session.authenticate()
        login.wait(1.0)  # its client blocks: the work is done by now
        _ = login.result
        op = session._get_grid(  # noqa: SLF001  (the only way to the bytes)
            asked, None, args=dict(args), raw_response=True, retries=0
        )
        op.wait(1.0)
        raw = op.result
    except slips as cause:
        raise _told(cause, session, where) from cause
    if len(raw.body) > MAX_BODY:
        raise Corrupt(f"{where} sent {len(raw.body):,} bytes", hint="read with a narrower filter")
    headers = httpx2.Headers([(str(name), str(value)) for name, value in raw.headers.items()])
    answer = Answer(raw.status_code, headers, io.BytesIO(raw.body), where)
    return list(rows_of(answer))


def _errors() -> tuple[type[Exception], ...]:
    """What pyhaystack raises. The last four are its own slips while it handles a failure."""
    known = import_module("pyhaystack.exception")
    states = import_module("pyhaystack.util.state")
    return (
        known.HaystackError, known.AuthenticationProblem, states.NotReadyError, OSError,
        ValueError, AttributeError, KeyError, TypeError,
    )  # fmt: skip


def _told(cause: Exception, session: Any, where: str) -> PlantroomError:
    """The error of pyhaystack in the words of this house."""
    failed = session._client.failure  # noqa: SLF001
    status = getattr(failed, "status", None)
    if status in (401, 403):
        return Refused(
            f"{where} refuses the login", hint="look at user, password and kind of server"
        )
    if status is not None:
        return Unavailable(f"{where} answers {status}", hint="look at the address and the kind")
    if failed is not None or session.is_logged_in:
        return Unavailable(
            f"{where} cannot be reached: {_why(failed or cause)}",
            hint="look at address, port and network",
        )
    return Refused(f"{where} did not log us in", hint="look at user, password and kind of server")


def _why(error: BaseException) -> str:
    """The system's own words: pyhaystack drops them, and its error says nothing."""
    says = ""
    at: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if at is None:
            break
        if isinstance(at, TimeoutError):
            return "no answer in time"
        if isinstance(at, OSError) and at.strerror:
            says = str(at.strerror)
        at = at.__cause__ or at.__context__
    text = str(error)
    return says or (text if "None" not in text else "") or "the connection was lost"


async def _in_thread(work: Callable[[], list[Tags]], timeout_s: float, where: str) -> list[Tags]:
    """The result of blocking work. A thread that hangs is left behind and does not hold the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[list[Tags]] = loop.create_future()

    def settle(result: list[Tags] | None, error: PlantroomError | None) -> None:
        if not done.done():
            done.set_exception(error) if error else done.set_result(result or [])

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except PlantroomError as found:
            error = found
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=run, name="pyhaystack", daemon=True).start()
    try:
        async with asyncio.timeout(timeout_s):
            return await done
    except TimeoutError as cause:
        raise Unavailable(
            f"{where} gave no whole answer within {timeout_s:g} s", hint="read less, or try again"
        ) from cause

"""What a load of requests showed: percentiles, tokens per second, goodput, errors by kind; as a value and as JSON."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from services.llm.measure.timed import Timed
from services.llm.sizing.speed import Workload

MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds: mean and percentiles over answers; NaN where nothing was seen."""

    mean: float = math.nan
    p50: float = math.nan
    p95: float = math.nan
    p99: float = math.nan


@dataclass(frozen=True, slots=True)
class Slo:
    """What an answer must keep to count as good, in seconds; None: not asked."""

    ttft_s: float | None = None
    tpot_s: float | None = None
    e2e_s: float | None = None

    @property
    def asked(self) -> bool:
        return any(limit is not None for limit in (self.ttft_s, self.tpot_s, self.e2e_s))

    def kept(self, timed: Timed) -> bool:
        """Whether a whole answer kept it; one of a single token has no time per token to miss."""
        seen = ((timed.first_s, self.ttft_s), (timed.tpot_s, self.tpot_s), (timed.last_s, self.e2e_s))  # fmt: skip
        return all(limit is None or value is None or math.isnan(value) or value <= limit for value, limit in seen)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of requests against a server. Times in seconds; `rate_s` None: a closed loop of `concurrency`.

    `tok_s` counts answers' tokens, `total_tok_s` prompts' as well (NaN where the server does not count them).
    `goodput_s`: answers per second that kept the SLO, None where none was asked. `counted`: "usage" where the
    server counted tokens, "chunks" where pieces of the stream stand for them. `isl` and `osl` are means as seen.
    """

    workload: Workload
    seconds: float
    sent: int
    answered: int
    errors: dict[str, int]
    examples: tuple[str, ...]
    isl: float
    osl: float
    counted: str
    ttft: Spread
    tpot: Spread
    itl: Spread
    e2e: Spread
    tok_s: float
    total_tok_s: float
    requests_s: float
    rate_s: float | None = None
    goodput_s: float | None = None
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values; what is not known is null."""
        found: dict[str, Any] = _without_nan(asdict(self))
        return found


@dataclass(slots=True)
class Tally:
    """Requests of one run as they end."""

    done: list[Timed] = field(default_factory=list)

    def measured(
        self, workload: Workload, seconds: float, *, slo: Slo, rate_s: float | None, notes: Sequence[str] = ()
    ) -> Measured:  # fmt: skip
        """The figures; a request that failed adds to nothing but its error."""
        good = [timed for timed in self.done if timed.wrong is None]
        errors = Counter(str(timed.wrong) for timed in self.done if timed.wrong is not None)
        answers = sum(timed.tokens for timed in good)
        prompts = sum(timed.prompt_tokens or 0 for timed in good)
        known = bool(good) and all(timed.prompt_tokens is not None for timed in good)
        by_usage = bool(good) and all(timed.answer_tokens is not None for timed in good)
        kept = sum(slo.kept(timed) for timed in good) / seconds if slo.asked else None
        return Measured(
            workload=workload, seconds=seconds, sent=len(self.done), answered=len(good), errors=dict(errors),
            examples=tuple(dict.fromkeys(f"{t.wrong}: {t.says}" for t in self.done if t.wrong))[:MOST_EXAMPLES],
            isl=prompts / len(good) if known else math.nan, osl=answers / len(good) if good else math.nan,
            counted="usage" if by_usage or not good else "chunks",
            ttft=spread([t.first_s for t in good if t.first_s is not None]),
            tpot=spread([t.tpot_s for t in good if not math.isnan(t.tpot_s)]),
            itl=spread([gap for t in good for gap in t.gaps_s]),
            e2e=spread([t.last_s for t in good if t.last_s is not None]),
            tok_s=answers / seconds, total_tok_s=(answers + prompts) / seconds if known else math.nan,
            requests_s=len(good) / seconds, rate_s=rate_s, goodput_s=kept, notes=tuple(notes),
        )  # fmt: skip


def spread(seconds: Sequence[float]) -> Spread:
    """Mean and percentiles, linear between neighbours as numpy and vLLM take them.

    >>> spread([1.0, 3.0]).p50
    2.0
    """
    if not seconds:
        return Spread()
    p50, p95, p99 = np.percentile(seconds, (50, 95, 99))
    return Spread(float(np.mean(seconds)), float(p50), float(p95), float(p99))


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def measured_of(found: Any) -> Measured:
    """A run read back from its JSON. Raises KeyError, TypeError or ValueError where it is none."""
    given = dict(found)
    for name in ("ttft", "tpot", "itl", "e2e"):
        given[name] = Spread(**{key: _number(value) for key, value in given[name].items()})
    for name in ("isl", "osl", "total_tok_s", "tok_s", "requests_s", "seconds"):
        given[name] = _number(given[name])
    given["workload"] = Workload(**{key: int(value) for key, value in given["workload"].items()})
    given["examples"], given["notes"] = tuple(given["examples"]), tuple(given["notes"])
    return Measured(**given)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def plain(text: str) -> Any:
    """JSON of a file; NaN and infinities are refused as in RFC 8259."""

    def refuse(constant: str) -> float:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)

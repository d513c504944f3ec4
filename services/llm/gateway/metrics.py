"""What the gateway counts, for Prometheus. Labels come from the box and from short lists, never from a request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.llm.gateway.pool import Place, Pool
from services.llm.traffic import Turn

# Seconds. From a cached prompt on an idle replica to a long queue.
_FIRST_BYTE_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_WHOLE_S = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
_WAIT_S = (0.001, 0.01, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# Usage stands in the last event of a stream and at the end of a whole answer.
TAIL_BYTES = 2048
_USAGE = re.compile(rb'"(prompt_tokens|completion_tokens|cached_tokens)"\s*:\s*(\d{1,9})\b')


class Metrics:
    """One gateway's numbers, in a registry of their own."""

    def __init__(self, pool: Pool) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_State(pool))
        self.requests = self._counter("requests", "Requests ended, by route, by the replica that answered last and by HTTP status.", "route", "replica", "code")  # fmt: skip
        self.retries = self._counter("retries", "Requests sent to a replica again before their first byte, by why the one before failed.", "replica", "reason")  # fmt: skip
        self.broken = self._counter("streams_broken", "Answers that ended after their first byte through a replica's fault.", "replica")  # fmt: skip
        self.tokens = self._counter(
            "tokens", "Tokens of answers that told their usage.", "replica", "kind"
        )
        self.blocks = self._counter("prompt_blocks", "Blocks of 256 bytes of prompts.", "replica")
        self.hits = self._counter("prompt_blocks_read", "Blocks of prompts sent to a replica that had read them.", "replica")  # fmt: skip
        self.first = self._histogram("time_to_first_byte", "From the request to the first byte of its answer.", _FIRST_BYTE_S, "route")  # fmt: skip
        self.whole = self._histogram("request_duration", "From the request to the last byte of its answer.", _WHOLE_S, "route")  # fmt: skip
        self.waited = self._histogram("wait", "For a place at a replica.", _WAIT_S)

    def text(self) -> bytes:
        """In Prometheus' format."""
        return generate_latest(self.registry)

    def placed(self, place: Place, blocks: int) -> None:
        """A request goes to a replica that has probably read a share of its prompt."""
        self.blocks.labels(place.replica.name).inc(blocks)
        self.hits.labels(place.replica.name).inc(round(place.share * blocks))

    def used(self, replica: str, end: bytes) -> None:
        """Count the tokens that the end of an answer tells, if it does."""
        for kind, count in dict(_USAGE.findall(end[-TAIL_BYTES:])).items():
            self.tokens.labels(replica, kind.decode().removesuffix("_tokens")).inc(int(count))

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"plantroom_gateway_{name}", says, labels, registry=self.registry)

    def _histogram(self, name: str, says: str, edges: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"plantroom_gateway_{name}_seconds", says, labels, registry=self.registry, buckets=edges)  # fmt: skip


class _State(Collector):
    """What is so just now, read from the pool when it is asked for."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def collect(self) -> Iterator[Metric]:
        yield _gauge("waiting", "Requests without a place.", {(): float(self._pool.waiting)})
        listed = self._pool.listed()
        yield _gauge(
            "in_flight",
            "Requests at a replica.",
            {(r.name,): float(r.in_flight) for r in listed},
            "replica",
        )
        quiet = {(r.name,): r.quiet_s for r in listed if r.quiet_s is not None}
        yield _gauge("quiet_seconds", "Since the last byte of a replica with requests in flight; absent where it has none.", quiet, "replica")  # fmt: skip
        turns = {(r.name, turn.value): float(r.turn is turn) for r in listed for turn in Turn}
        yield _gauge("turn", "Whether a replica gets requests: 1 at its turn.", turns, "replica", "turn")  # fmt: skip
        yield _gauge("breaker_open", "Whether a replica is left alone after failures.", {(r.name,): float(r.breaker_open) for r in listed}, "replica")  # fmt: skip
        yield _gauge("cached_blocks", "Blocks that the gateway believes a replica to have read.", {(r.name,): float(r.cached_blocks) for r in listed}, "replica")  # fmt: skip


def _gauge(name: str, says: str, values: Mapping[Any, float], *labels: str) -> Metric:
    """`values`: by the tuple of label values."""
    family = GaugeMetricFamily(f"plantroom_gateway_{name}", says, labels=labels)
    for labelled, value in values.items():
        family.add_metric(labelled, value)
    return family

"""How a load is made: closed or open, how many requests, which route, what counts as good, how long to wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ontology.errors import BadRequest
from services.llm.measure.figures import Slo
from services.llm.measure.timed import Api, Limits
from services.llm.sizing.speed import Workload

MOST_REQUESTS: Final = 100_000


@dataclass(frozen=True, slots=True)
class How:
    """How a load is made. `rate_s`: requests a second at random instants (Poisson), None: the workload's concurrency.

    `requests` None: ten rounds of the concurrency, at least 20. `shared`: tokens that all prompts begin with.
    """

    requests: int | None = None
    rate_s: float | None = None
    api: Api = Api.CHAT
    shared: int = 0
    warm: int | None = None
    seed: int = 0
    slo: Slo = field(default_factory=Slo)
    limits: Limits = field(default_factory=Limits)
    most_s: float = 3600.0
    key: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        if self.requests is not None and not 1 <= self.requests <= MOST_REQUESTS:
            raise BadRequest(f"{self.requests:,} requests", hint=f"1 to {MOST_REQUESTS:,}")
        if self.rate_s is not None and not 0 < self.rate_s <= 10_000:
            raise BadRequest(
                f"a rate of {self.rate_s:g} requests a second", hint="above 0, to 10,000"
            )

    def count(self, workload: Workload) -> int:
        """How many requests are measured."""
        return self.requests or min(MOST_REQUESTS, max(20, 10 * workload.concurrency))

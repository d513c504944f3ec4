"""A circuit breaker: a replica that fails again and again is left alone for a while, then asked once.

closed --FAILURES in a row, or nobody listens--> open --after open_s--> half open --one success--> closed
                                                   ^------------------one failure---'
"""

from __future__ import annotations

# One failure may be the request's own fault; three in a row of different requests are the replica's.
FAILURES = 3
# Long enough for a process that is being restarted to be noticed, short enough that a slip costs little; doubled at
# each failed probe up to the longest.
OPEN_S = 1.0
LONGEST_OPEN_S = 30.0


class Breaker:
    """One replica's. `now` is a monotonic clock in seconds, given by the caller."""

    def __init__(self) -> None:
        self._failures = 0
        self._open_s = OPEN_S
        self._until: float | None = None
        self._probing = False

    def admits(self, now: float) -> bool:
        """Whether a request may go there now: always, not yet, or as the one probe."""
        return self._until is None or (now >= self._until and not self._probing)

    @property
    def open_until(self) -> float | None:
        """When the next probe may go; None while closed."""
        return self._until

    def sent(self) -> None:
        """A request goes there."""
        self._probing = self._until is not None

    def succeeded(self) -> None:
        """It answered: not what, only that it is alive."""
        self._failures, self._open_s, self._until, self._probing = 0, OPEN_S, None, False

    def failed(self, now: float, *, refused: bool = False) -> None:
        """It did not answer, or with a 5xx. `refused`: nobody listens at its port."""
        self._failures += 1
        if self._until is not None and self._probing:
            self._open_s = min(LONGEST_OPEN_S, self._open_s * 2)
        if refused or self._probing or self._failures >= FAILURES:
            self._until = now + self._open_s
        self._probing = False

    def gave_up(self) -> None:
        """The client left before it was known: a probe may go again."""
        self._probing = False

    def reset(self) -> None:
        """Somebody who knows says it is new."""
        self.succeeded()

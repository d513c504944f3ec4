"""How much may be asked twice: one whole house of requests at once, and a fifth of the traffic in the long run."""

from __future__ import annotations

# Retries of more than a fifth of the traffic are a storm that keeps a sick house sick (Twitter's Finagle and Linkerd
# allow 20 %).
SHARE = 0.2


class Budget:
    """`whole`: as many requests as can be in flight, since a replica's death sends all of its requests elsewhere."""

    def __init__(self, whole: int) -> None:
        self._whole = float(whole)
        self._left = float(whole)

    def asked(self) -> None:
        """A request came in and earns its part."""
        self._left = min(self._whole, self._left + SHARE)

    def spend(self) -> bool:
        """Take one retry, if there is one."""
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True

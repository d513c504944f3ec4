"""Which replica gets a request: the one that has read most of its prompt, unless it has too much to do.

    score = share of the prompt read - BETA * in flight / bound
    bound = max(FREE, ceil(BOUND * (in flight on all + 1) / replicas))

A replica at its bound is no candidate: that is consistent hashing with bounded loads, and it is what keeps a prompt that
everybody sends from starving the other replicas. A session's home, found by rendezvous hashing, counts as having read
at least SESSION of the prompt. Equal scores go to who has least to do, then to the home, then to who was asked longest ago.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

# llm-d's default profile weighs a prefix hit with 3 and the queue with 2 (Red Hat OpenShift AI 3.4, "Configuring
# scheduler settings"): a replica at its bound loses against an idle one once it has read less than 2/3 more.
BETA = 2 / 3
# Mirrokni, Thorup, Zadimoghaddam, "Consistent hashing with bounded loads": (1 + e) times the mean, e = 0.25 in the
# implementations of Vimeo's HAProxy and of brpc.
BOUND = 1.25
# Streams that a replica decodes at nearly the pace of one: a step reads all weights, however many share it. Below this
# a second replica would be warmed up for nothing.
FREE = 8
# A session's earlier turns are likely to be in its home's cache, though the gateway may have forgotten or restarted.
SESSION = 0.5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A replica that may be asked. `share`: of the prompt, 0 to 1; `asked`: number of the last request it got."""

    name: str
    in_flight: int
    share: float
    asked: int = 0


def bound(in_flight: int, replicas: int) -> int:
    """Requests that one of `replicas` may have, when all of them together have `in_flight` and one more comes."""
    return max(FREE, math.ceil(BOUND * (in_flight + 1) / replicas))


def home(names: Sequence[str], session: str) -> str:
    """The replica of highest random weight: when one goes, only its own sessions move."""
    return max(names, key=lambda name: _weight(name, session))


def choose(candidates: Sequence[Candidate], session: str = "") -> Candidate:
    """The best of at least one candidate, by the formula above."""
    most = bound(sum(one.in_flight for one in candidates), len(candidates))
    # With BOUND >= 1 the least loaded is always below: the list is never empty.
    below = [one for one in candidates if one.in_flight < most]
    at_home = home([one.name for one in candidates], session) if session else ""

    def rank(one: Candidate) -> tuple[float, int, bool, int]:
        share = max(one.share, SESSION) if one.name == at_home else one.share
        return share - BETA * one.in_flight / most, -one.in_flight, one.name == at_home, -one.asked

    return max(below, key=rank)


def _weight(name: str, session: str) -> bytes:
    return hashlib.blake2b(f"{name}\0{session}".encode(errors="replace"), digest_size=8).digest()

"""What is known of one request: when it was sent, its first token, gaps, its last; or what went wrong, by kind."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum


class Api(StrEnum):
    """Which of the two routes is asked; `completions` sends the bare prompt, without the chat template."""

    CHAT = "chat"
    COMPLETIONS = "completions"

    @property
    def route(self) -> str:
        return "/v1/chat/completions" if self is Api.CHAT else "/v1/completions"


class Wrong(StrEnum):
    """Why a request has no figures."""

    CONNECT = "no connection"
    REFUSED = "HTTP error"
    PAGE = "not a stream"
    MALFORMED = "malformed stream"
    TOLD = "error in the stream"
    EARLY = "ended early"
    EMPTY = "no token"
    HUNG_FIRST = "no first token in time"
    HUNG = "went quiet"
    LONG = "took too long"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to wait for a connection, for the first token, between two, and for a whole answer."""

    connect_s: float = 10.0
    first_s: float = 120.0
    idle_s: float = 30.0
    request_s: float = 900.0


@dataclass(slots=True)
class Timed:
    """One request. Seconds since the run began (`sent_s`) and since it was sent (the others); None where not seen.

    `last_s` is the last token's, as in `vllm bench serve`: what follows it (usage, [DONE]) is no token.
    """

    sent_s: float
    first_s: float | None = None
    last_s: float | None = None
    gaps_s: list[float] = field(default_factory=list)
    chunks: int = 0
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    wrong: Wrong | None = None
    says: str = ""
    status: int = 0

    @property
    def tokens(self) -> int:
        """Tokens of the answer: as the server counted, else one per chunk that carried text."""
        return self.chunks if self.answer_tokens is None else self.answer_tokens

    @property
    def tpot_s(self) -> float:
        """(last - first) / (tokens - 1), vLLM's definition; NaN for an answer of one token."""
        if self.first_s is None or self.last_s is None or self.tokens < 2:
            return math.nan
        return (self.last_s - self.first_s) / (self.tokens - 1)

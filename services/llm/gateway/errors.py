"""How a request can fail at the gateway, each with its HTTP status, in the shape that OpenAI's clients read.

GatewayError (PlantroomError)
|-- QueueFull      429  more wait than may wait
|-- NobodyReady    503  no replica took it within its wait
|-- TooLate        504  the deadline of the whole passed, or the client's own
|-- ClientGone     499  who asked has left, or does not read; nobody sees this status but the metrics
`-- ReplicaFailed  502  it died, closed the line or answered nonsense, and no other could be asked
    |-- NobodyListens  502  there was no connection
    |-- ReplicaSilent  504  it gave no first byte, or no next one, in its time
    `-- ReplicaDown    502  somebody took it down
"""

from __future__ import annotations

from typing import Any

from ontology.errors import PlantroomError

# Seconds after which a client may try again where nothing better is known: a queue of 30 s moves on within that.
RETRY_AFTER_S = 2


class GatewayError(PlantroomError):
    """Root of what the gateway itself answers."""

    status = 500
    kind = "server_error"


class QueueFull(GatewayError):
    """More requests wait than may wait."""

    code, status, kind = "queue-full", 429, "rate_limit_error"


class NobodyReady(GatewayError):
    """No replica took the request within its wait."""

    code, status, kind = "no-replica-ready", 503, "overloaded_error"


class TooLate(GatewayError):
    """The whole took too long."""

    code, status, kind = "deadline", 504, "timeout_error"


class ClientGone(GatewayError):
    """Who asked has left. 499 is nginx's number for it."""

    code, status = "client-gone", 499


class ReplicaFailed(GatewayError):
    """A replica died or answered nonsense."""

    code, status, kind = "replica-failed", 502, "server_error"


class ReplicaErred(ReplicaFailed):
    """A replica answered with a 5xx: it may be broken, or the request."""


class NobodyListens(ReplicaFailed):
    """There was no connection: the replica has not even read the request."""

    code = "nobody-listens"


class ReplicaSilent(ReplicaFailed):
    """A replica gave no byte in its time."""

    code, status, kind = "replica-silent", 504, "timeout_error"


class ReplicaDown(ReplicaFailed):
    """Somebody took the replica down while the request was there."""

    code = "replica-down"


def error_body(message: str, kind: str, code: str, hint: str = "") -> dict[str, Any]:
    """OpenAI's error object; the hint stands beside it and in the message, where every client shows it."""
    whole = f"{message}. {hint[:1].upper()}{hint[1:]}." if hint else message
    return {"error": {"message": whole, "type": kind, "param": None, "code": code, "hint": hint or None}}  # fmt: skip


def body_of(error: GatewayError) -> dict[str, Any]:
    """The same of an error raised here."""
    return error_body(str(error), error.kind, error.code, error.hint)

"""Logging in to a Haystack server: HELLO, then SCRAM; a password in the clear only where nobody listens."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Mapping
from typing import Final

from ingest.haystack.scram import Exchange, Said, pack, read_header, strongest, unpack_text
from ingest.haystack.transport import Answer, Transport, clean
from ontology.errors import BadRequest, Corrupt, Refused, Unavailable

_TOKEN: Final = re.compile("[!-~]{1,2048}")
"""Visible ASCII without spaces: servers use hexadecimal, base64 and JWT."""
_HINT: Final = "look at user and password, and whether the user may log in by the API"


async def log_in(transport: Transport, user: str, password: str) -> Mapping[str, str]:
    """The headers that prove who we are.

    Raises Refused for a wrong password and for a server that does not prove itself in turn,
    Unavailable and Corrupt for one that cannot log in.
    """
    status, offers = await _say(transport, f"HELLO username={pack(user)}")
    if status == 200 and not offers:
        raise Refused(
            f"{transport.base} lets in anybody, without a proof that it is the right server",
            hint="leave user and password away if it is meant to be open; else look who answers there",
        )
    by_scheme = {said.scheme: said for said in reversed(offers)}
    hashes = {said.given.get("hash", "").upper(): said for said in offers if said.scheme == "scram"}
    if (hash := strongest(hashes)) is not None:
        return await _scram(transport, user, password, hash, hashes[hash])
    if "plaintext" in by_scheme:
        _private(transport, "PLAINTEXT")
        words = f"PLAINTEXT username={pack(user)}, password={pack(password)}"
        return _bearer(transport, await _say(transport, words))
    if "basic" in by_scheme:
        return await _basic(transport, user, password)
    raise _no_way(transport, status, offers)


async def _scram(
    transport: Transport, user: str, password: str, hash: str, offer: Said
) -> Mapping[str, str]:
    exchange = Exchange(user, password, hash)
    token = _token(transport, offer.given.get("handshaketoken", ""))
    first = await _say(transport, _scram_words(exchange.first, token))
    asked = _only(transport, first, "scram")
    challenge = unpack_text(asked["data"])
    # the rounds of hashing take up to a second
    final = await asyncio.to_thread(exchange.final, challenge)
    token = _token(transport, asked.given.get("handshaketoken", token))
    last = await _say(transport, _scram_words(final, token))
    if last[0] in (401, 403):
        raise Refused(f"{transport.base} refuses the login of {user!r:.60}", hint=_HINT)
    closing = next((said for said in last[1] if "data" in said.given), None)
    if closing is None:
        raise _no_way(transport, *last)
    exchange.verify(unpack_text(closing["data"]))
    return _bearer(transport, last)


def _scram_words(message: str, token: str) -> str:
    words = f"SCRAM data={pack(message)}"
    return f"{words}, handshakeToken={token}" if token else words


async def _basic(transport: Transport, user: str, password: str) -> Mapping[str, str]:
    _private(transport, "Basic")
    word = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"authorization": f"Basic {word}"}
    async with transport.exchange("about", headers) as answer:
        answer.check_here()
        status = answer.status
    if status in (401, 403):
        raise Refused(f"{transport.base} refuses the login of {user!r:.60}", hint=_HINT)
    if status != 200:
        raise _no_way(transport, status, [])
    return headers


def _private(transport: Transport, scheme: str) -> None:
    if not transport.private:
        raise Refused(
            f"{transport.base} wants the password itself ({scheme}), over a line others can read",
            hint="use https://, or switch SCRAM on at the server",
        )


async def _say(transport: Transport, words: str) -> tuple[int, list[Said]]:
    """Status and schemes of the server's next message."""
    async with transport.exchange("about", {"authorization": words}) as answer:
        answer.check_here()
        return answer.status, _schemes(answer)


def _schemes(answer: Answer) -> list[Said]:
    names = ("www-authenticate", "authentication-info")
    return [
        said
        for name in names
        for value in answer.headers.get_list(name)
        for said in read_header(value)
    ]


def _only(transport: Transport, said: tuple[int, list[Said]], scheme: str) -> Said:
    if said[0] in (401, 200):
        for each in said[1]:
            if each.scheme == scheme and "data" in each.given:
                return each
    if said[0] == 403:
        raise Refused(f"{transport.base} refuses the login", hint=_HINT)
    raise _no_way(transport, *said)


def _bearer(transport: Transport, last: tuple[int, list[Said]]) -> Mapping[str, str]:
    status, said = last
    if status in (401, 403):
        raise Refused(f"{transport.base} refuses the login", hint=_HINT)
    token = next((each.given["authtoken"] for each in said if "authtoken" in each.given), "")
    if status != 200 or not token:
        raise _no_way(transport, status, said)
    return by_token(_token(transport, token))


def by_token(token: str) -> Mapping[str, str]:
    """The header that shows a token. Raises BadRequest for what no header can carry."""
    if not _TOKEN.fullmatch(token):
        raise BadRequest(
            "a token with characters that no token has", hint="copy it whole, on one line"
        )
    return {"authorization": f"BEARER authToken={token}"}


def _token(transport: Transport, token: str) -> str:
    """A token as the server gave it, or none. Raises Corrupt for what could not be sent back."""
    if token and not _TOKEN.fullmatch(token):
        raise Corrupt(
            f"{transport.base} gives a token that is none: {clean(ascii(token), 40)}",
            hint="look whether that is the right server",
        )
    return token


def _no_way(transport: Transport, status: int, offers: list[Said]) -> Unavailable | Corrupt:
    """What to tell when no login is possible."""
    if status == 429:
        return Unavailable(
            f"{transport.base} takes no logins for the moment", hint="wait a minute and try again"
        )
    if offers:
        names = ", ".join(sorted({each.scheme or "an unnamed scheme" for each in offers}))
        return Unavailable(
            f"{transport.base} offers a login we do not know: {names:.120}",
            hint="SCRAM, PLAINTEXT and Basic are known; SkySpark 2 and Niagara need the extra `bms`",
        )
    return Corrupt(
        f"{transport.base}/about answers {status} and offers no login",
        hint="the address should end where `about` is, such as .../api/tower or .../haystack",
    )

"""Our client against servers that lie, lure and shout: nothing of theirs gets further than a message."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers import answer, serving

from ingest.haystack.client import HaystackClient
from ingest.haystack.scram import fields, pack, read_header, unpack_text
from ingest.haystack.transport import Limits, Transport, clean
from ontology.errors import BadRequest, Corrupt, PlantroomError, Refused, Unavailable

QUICK = Limits(body=100_000, silence_s=1.0, total_s=2.0)
SITE = b'ver:"3.0"\nid,site,dis\n@tower,M,"The Tower"\n'
ESC = "\x1b[2J\x1b]0;gotcha\x07"


def _asks(header: str) -> bytes:
    return answer(b"", status="401 Unauthorized", more=f"WWW-Authenticate: {header}\r\n")


def _said(asked: str) -> tuple[str, dict[str, str]]:
    """Scheme of a request's Authorization, and the fields of the SCRAM message in it."""
    found = re.search(r"(?i)^authorization: (.*)$", asked, re.MULTILINE)
    said = read_header(found[1] if found else "")[0]
    message = unpack_text(said.given["data"]) if "data" in said.given else ""
    return said.scheme, fields(message.removeprefix("n,,"))


async def _log_in(reply: Callable[[str], bytes]) -> tuple[PlantroomError, list[str]]:
    """What a login ends with, and the requests that were made."""
    async with serving(reply) as served:
        with pytest.raises(PlantroomError) as told:
            async with HaystackClient(served.url, user="v", password="p", limits=QUICK):
                pass
    return told.value, served.asked


# --- tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", ["é", "ÿþ", "a\x7fb", "a b", "x" * 3_000])
async def test_a_token_that_no_header_can_carry_is_not_sent_back(token: str) -> None:
    def offers(_asked: str) -> bytes:
        return _asks(f"SCRAM hash=SHA-256, handshakeToken={token}")

    def challenges(asked: str) -> bytes:
        scheme, message = _said(asked)
        if scheme == "hello":
            return _asks("SCRAM hash=SHA-256, handshakeToken=aa")
        first = pack(f"r={message['r']}x,s=QSXC,i=4096")
        return _asks(f"SCRAM data={first}, handshakeToken={token}")

    def opens(asked: str) -> bytes:
        if _said(asked)[0] == "hello":
            return _asks("PLAINTEXT")
        return answer(SITE, more=f"Authentication-Info: authToken={token}\r\n")

    for reply, requests in ((offers, 1), (challenges, 2), (opens, 2)):
        error, asked = await _log_in(lambda text, reply=reply: _latin(reply(text)))
        assert isinstance(error, Corrupt)
        assert len(asked) == requests
        assert error.hint


def _latin(sent: bytes) -> bytes:
    """Headers are bytes; servers of old write them in Latin-1."""
    return sent.decode().encode("latin-1")


@pytest.mark.parametrize("token", ["é", "a\r\nX-Evil: 1", "a b", "\x00", "x" * 3_000])
def test_a_token_of_ours_that_no_header_can_carry_is_told_before_anything_is_sent(
    token: str,
) -> None:
    with pytest.raises(BadRequest, match="token") as told:
        HaystackClient("http://127.0.0.1:9/api", token=token)
    assert token not in str(told.value)


@pytest.mark.parametrize("headers", [{"authorization": "é"}, {"x": "\ud800"}])
async def test_a_request_that_cannot_be_written_is_our_callers_matter(
    headers: dict[str, str],
) -> None:
    transport = Transport("http://127.0.0.1:9/api", QUICK)
    with pytest.raises(BadRequest, match="cannot be asked"):
        async with transport.exchange("about", headers):
            pass
    await transport.close()


# --- addresses ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["http://[::1", "http://[", "http://h:99999/", "http://h:abc", "http://h:-1", "http://h\r\nx/", "http://h\tx/",
            "http://h x/", "http://h/a\x00b", "http://h/\x1b[2J", "http:///x", "http://\ud800/", "http://h\u2028/"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused_as_such(url: str) -> None:
    with pytest.raises(BadRequest, match="not the address") as told:
        HaystackClient(url)
    assert str(told.value).isprintable()


@pytest.mark.parametrize(
    "url", ["http://u:sesame@[::1", "http://u:sesame@h:abc", "http://u:sesame@h"]
)
def test_a_password_in_a_wrong_address_is_not_told(url: str) -> None:
    with pytest.raises(BadRequest) as told:
        HaystackClient(url)
    assert "sesame" not in str(told.value)


@given(st.text(max_size=30))
def test_any_text_is_an_address_or_a_bad_request(text: str) -> None:
    for url in (text, f"http://{text}", f"http://h:{text}", f"https://h/{text}"):
        with contextlib.suppress(BadRequest):
            assert HaystackClient(url).url.startswith("http")


# --- who is there ---------------------------------------------------------------------------------


async def test_a_server_that_lets_anybody_in_is_not_taken_for_the_one_with_our_user() -> None:
    error, asked = await _log_in(lambda _: answer(SITE))
    assert isinstance(error, Refused)
    assert "without a proof" in str(error)
    assert "leave user and password away" in error.hint
    assert len(asked) == 1


async def test_a_server_without_a_login_is_read_by_who_gives_none() -> None:
    async with (
        serving(lambda _: answer(SITE)) as served,
        HaystackClient(served.url, limits=QUICK) as client,
    ):
        assert len(await client.read("site")) == 1
    assert "authorization" not in served.asked[0].lower()


@pytest.mark.parametrize("turn", ["hello", "scram", "plaintext", "basic"])
async def test_a_redirect_in_a_login_names_its_target_and_is_not_followed(turn: str) -> None:
    async with serving(lambda _: answer(SITE)) as elsewhere:

        def reply(asked: str) -> bytes:
            scheme = _said(asked)[0]
            if scheme == turn:
                return answer(b"", status="302 Found", more=f"location: {elsewhere.url}/about\r\n")
            return _asks(
                {"plaintext": "PLAINTEXT", "basic": "Basic"}.get(turn, "SCRAM hash=SHA-256")
            )

        error, _ = await _log_in(reply)
    assert isinstance(error, Unavailable)
    assert elsewhere.url in str(error)
    assert elsewhere.asked == []


# --- what they say --------------------------------------------------------------------------------


_SHOUTS = {
    "an error grid": answer(
        b'ver:"3.0" err dis:"no \\u001b[2J\\u202eway\\u0007" errTrace:"\\u001b]0;x\\u0007 at"\nempty\n'
    ),
    "a status": answer(f"oops {ESC}".encode(), status="500 Oops", kind="text/plain"),
    "a page": answer(f"<html>{ESC}\u202e".encode(), kind="text/html"),
    "a content type": answer(SITE, kind="text/\u0085x"),
    "a redirect": answer(b"", status="302 Found", more="location: http://x/\u0085\u009b2J\r\n"),
    "a packing": answer(SITE, more="content-encoding: \u009b2J\r\n"),
    "a cell": answer(f'ver:"3.0"\nid\n{ESC}\n'.encode()),
    "a JSON key": answer(f'{{"_kind":"{ESC}"'.encode(), kind="application/json"),
    "no HTTP": b"\x1b[2J\x07\r\n\r\n",
}  # fmt: skip


@pytest.mark.parametrize("case", _SHOUTS)
async def test_no_command_to_a_terminal_gets_from_a_server_into_a_message(case: str) -> None:
    async with (
        serving(lambda _: _SHOUTS[case]) as served,
        HaystackClient(served.url, limits=QUICK) as client,
    ):
        with pytest.raises(PlantroomError) as told:
            await client.read("site")
    assert (str(told.value) + told.value.hint).isprintable()
    assert len(str(told.value)) < 1_000


async def test_no_command_to_a_terminal_gets_from_a_login_into_a_message() -> None:
    for reply in (
        _asks(f"{ESC} x=y"),
        answer(ESC.encode(), status="500 Oops"),
        _asks("Foo\u009b2J"),
    ):
        error, _ = await _log_in(lambda _, reply=reply: reply)
        assert (str(error) + error.hint).isprintable()


@given(st.text(max_size=400), st.integers(1, 200))
def test_cleaned_words_are_one_short_line_that_keeps_its_letters(text: str, most: int) -> None:
    cleaned = clean(text, most)
    assert len(cleaned) <= most
    assert not set(cleaned) & set("\x00\x07\x1b\x7f\x9b\n\r\u2028\u202e\u2066\ud800")
    if text.isascii() and text.isalnum():
        assert cleaned == text[:most]

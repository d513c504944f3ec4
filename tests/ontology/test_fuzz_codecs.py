"""Whatever bytes arrive, a reader gives values or says Corrupt: no crash, no hang, no growth."""

from __future__ import annotations

import io
import time
import tracemalloc
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology.codec import csv, hayson, json3, pick, trio, zinc
from ontology.errors import Corrupt
from ontology.kinds import Grid
from tests.ontology.values import exactly, grids, refusal

EACH = pytest.mark.parametrize(
    "codec", [zinc, trio, hayson, json3, csv], ids=["zinc", "trio", "hayson", "json3", "csv"]
)
SOME = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
LIMIT_S = 20.0
"""Far more than any of these takes on a busy machine, far less than a quadratic reader would."""

WORDS = st.sampled_from([
    'ver:"3.0"', "<<", ">>", "[", "]", "{", "}", ",", ":", '"', "`", "\\", "\\u", "\\ud83d", "\n", "\r\n", "@", "^", "C(", "Bin(",
    ")", "M", "N", "NaN", "-", "1", "1e", "e9", "_", ".", "T", "Z", "2026-01-01", "10:00", "+07:00", "id", "a", " ", "  ", "\t",
    "---", "//", "Zinc:", "Trio:", '{"_kind":', '"grid"', '"rows":', '"cols":', '"meta":', '"m:"', '"n:', "null", "\x00", "\ufeff",
    "\u2028", "°", "\ud800", "9" * 400, "true",
])  # fmt: skip
texts = st.one_of(st.lists(WORDS, max_size=25).map("".join), st.text(max_size=60))
bodies = st.one_of(st.binary(max_size=80), texts.map(lambda t: t.encode("utf-8", "surrogatepass")))


def refuses_or_reads(codec: ModuleType, text: str) -> None:
    reads = [codec.decode]
    if hasattr(codec, "decode_value"):
        reads.append(codec.decode_value)
    for read in reads:
        refused = refusal(read, text)
        if refused is not None:
            assert isinstance(refused, Corrupt)
            assert refused.hint
            assert str(refused).startswith("line ")


@EACH
@SOME
@given(text=texts)
def test_no_text_makes_a_codec_crash(codec: ModuleType, text: str) -> None:
    refuses_or_reads(codec, text)


@pytest.mark.long
@pytest.mark.timeout(3600)
@EACH
@MANY
@given(text=texts)
def test_ten_thousand_texts_make_no_codec_crash(codec: ModuleType, text: str) -> None:
    refuses_or_reads(codec, text)


def body_is_read_or_refused(body: bytes) -> None:
    for media in ("text/zinc", "text/trio", "text/csv", "application/json", ""):
        refused = refusal(pick.decode_bytes, body, media)
        assert refused is None or refused.hint


@SOME
@given(bodies)
def test_no_bytes_make_a_reader_crash(body: bytes) -> None:
    body_is_read_or_refused(body)


@pytest.mark.long
@pytest.mark.timeout(3600)
@MANY
@given(bodies)
def test_ten_thousand_bodies_make_no_reader_crash(body: bytes) -> None:
    body_is_read_or_refused(body)


@st.composite
def damaged(draw: st.DrawFn, codec: ModuleType) -> bytes:
    """A grid written right, then cut, doubled or overwritten in a few places."""
    body = codec.encode(draw(grids())).encode()
    for _ in range(draw(st.integers(1, 3))):
        at, width = draw(st.integers(0, len(body))), draw(st.integers(0, 6))
        body = (
            body[:at]
            + draw(st.one_of(st.binary(max_size=3), st.just(body[:at])))
            + body[at + width :]
        )
    return body


def damaged_is_read_or_refused(codec: ModuleType, data: st.DataObject) -> None:
    body = data.draw(damaged(codec))
    refused = refusal(lambda: codec.read(io.BytesIO(body)).grid())
    if refused is not None:
        assert str(refused).startswith("line ")
    elif codec is not csv:
        # What was read at all is read the same when it is written again.
        found = codec.read(io.BytesIO(body)).grid()
        if codec is trio:
            found = Grid.of([row for row in found if row])
        assert exactly(codec.decode(codec.encode(found))) == exactly(found)
    if codec is hayson:
        body_is_read_or_refused(body)


WRITERS = pytest.mark.parametrize(
    "codec", [zinc, trio, hayson, csv], ids=["zinc", "trio", "hayson", "csv"]
)


@WRITERS
@settings(SOME, max_examples=20)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(codec: ModuleType, data: st.DataObject) -> None:
    damaged_is_read_or_refused(codec, data)


@pytest.mark.long
@pytest.mark.timeout(3600)
@WRITERS
@settings(MANY, max_examples=3_000)
@given(data=st.data())
def test_three_thousand_damaged_files_are_read_or_refused(
    codec: ModuleType, data: st.DataObject
) -> None:
    damaged_is_read_or_refused(codec, data)


HEAD = 'ver:"3.0"\na,b\n'
OPEN = '{"_kind":"grid","meta":{"ver":"3.0"},"cols":[{"name":"a"}],"rows":['
N = 100_000
HUGE = {
    "deep lists": "[" * N, "deep dicts": "{a:" * N, "deep objects": '{"a":' * N, "quotes": '"' * N,
    "open text": '"' + "x" * N, "back slashes": '"' + "\\" * N, "back ticks": "`" * N, "a number": "9" * N,
    "underscores": "1" + "_" * N, "exponents": "1e" * N, "points": "1." * N, "commas": "," * N, "spaces": " " * N + "x",
    "tabs": "\t" * N + "x", "parens": "X(" * N, "coords": "C(" + "1" * N, "words": "A" * N, "names": "a" * N, "refs": "@" + "a" * N,
    "tags": "a " * N, "quotes and commas": '",' * N, "escaped quotes": '\\",' * N, "closed lists": "[]," * N,
    "markers": ",M" * N, "bad markers": "M," * N + '"', "nested grids": '<<ver:"3.0"\na\n' * 5_000, "columns": "a," * N,
    "blank lines": "\n" * N + "x", "dashes": "-" * N, "line feeds and spaces": " \n" * N, "indents": "a:\n" + "  x\n" * N,
    "trio in trio": "".join(" " * i + "a:Trio:\n" for i in range(400)), "minus": "-" * N, "stamps": "2026-01-01T00:00:00." + "0" * N,
}  # fmt: skip


@EACH
@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE.keys())
def test_no_huge_text_takes_long(codec: ModuleType, text: str) -> None:
    started = time.perf_counter()
    forms: list[Any] = [
        text,
        HEAD + text,
        f"a: {text}",
        f"a: [\n {text}",
        f'{OPEN}{{"a":{text}',
        f"a\n{text}",
    ]
    for form in forms:
        assert len(str(refusal(codec.decode, form))) < 500
    assert time.perf_counter() - started < LIMIT_S


@EACH
def test_reading_the_same_file_again_and_again_holds_no_memory(codec: ModuleType) -> None:
    form = {
        zinc: HEAD + "@r{0},{0}\n",
        csv: "a,b\n@r{0},{0}\n",
        trio: "a: @r{0}\nb: {0}\n---\n",
    }.get(codec)
    text = form or '[{{"a":{{"_kind":"ref","val":"r{0}"}},"b":{0}.5}}]'

    def read(numbers: range) -> None:
        for number in numbers:
            codec.decode(text.format(number))

    read(range(500))
    tracemalloc.start()
    try:
        read(range(1_000, 1_500))
        first = tracemalloc.get_traced_memory()[0]
        read(range(1_000, 1_500))
        read(range(1_000, 1_500))
        assert tracemalloc.get_traced_memory()[0] - first < 100_000
    finally:
        tracemalloc.stop()


def test_the_tables_of_hayson_stay_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hayson, "MAX_KNOWN", 50)
    reader = hayson._Reader()
    for number in range(500):
        reader.number(f"{number}.25")
        reader.object({"_kind": "ref", "val": f"r{number}"})
        reader.object({f"tag{number}": True})
    assert max(map(len, (reader._refs, reader._numbers, reader._names))) <= 50

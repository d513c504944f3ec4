"""A user's own Trio defs and Xeto libraries become definitions; a mistake is told by its place."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ontology.definitions import STANDARD, Definitions
from ontology.errors import BadRequest, Corrupt, NotFound
from ontology.import_defs import MAX_NOTES, read_definitions
from ontology.xeto import MAX_DEPTH, parse

TRIO = """\
--------------------------------------------------------------------------
// ice rinks
def: ^lib:rink
doc: "Ice rinks"
version: "1.0"
---
def: ^iceMaker
is: ^chiller
doc:
  Machine that makes ice.

  Further paragraphs are left out.
lib: ^lib:rink
---
def: ^rink-space
is: [^space, ^entity]
---
def: ^iceThickness
is: [^quantity]
tagOn: [^rink-space, ^iceMaker]
children: [{ice temp sensor}]
---
defx: ^siteRef
tagOn: ^rink-space
---
dis: "a record that defines nothing"
"""

XETO = """\
//
// Rinks, for tests
//

pragma: Lib <
  doc: "Rinks"
  version: "0.1.0"
  depends: { { lib: "sys" }, { lib: "ph", versions: "3.x.x" } }
>

/* an abstract
   base */
RinkEquip: Equip <abstract>

// Makes ice.
// Needs brine.
IceMaker: RinkEquip & Chilled <icon:"snow", doc:"it's \\"cold\\""> {
  iceMaker              // what it is
  cold: Marker <quantity:"temp">
  spare: Marker?
  *brineRef: Ref? <of:Tank>
  capacity: Number 12kW
  points: {
    IceTempSensor
    level: BrineLevelSensor? <of:Str>
    AirTempSensor & WaterTempSensor
  }
}

Resurfacer: RinkEquip { resurfacer, elec: Marker }
IceKind: Enum { hard, soft <key:"Soft ice"> }
Either: IceMaker | Resurfacer
Words: Str \"\"\"
  two "quoted"
  lines \"\"\"

+Site {
  rinkCount: Number
}
+Site <icon:"rink">
@rink-1 "Rink": IceMaker { dis: "Rink", siteRef: @here "Here", list: List { 1, "b" } }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "phRink").mkdir()
    (tmp_path / "phRink" / "defs.trio").write_text(TRIO, "utf-8")
    (tmp_path / "acme.rink").mkdir()
    (tmp_path / "acme.rink" / "rink.xeto").write_text(XETO, "utf-8")
    (tmp_path / "readme.md").write_text("def: nothing")
    return tmp_path


def sets(defs: Definitions, name: str) -> set[str]:
    return {" ".join(sorted(one)) for one in defs.alternatives(name)}


def test_trio_defs_join_the_taxonomy(folder: Path) -> None:
    defs = read_definitions(folder).definitions
    assert defs.is_a("iceMaker", "equip")
    assert "iceMaker" in sets(defs, "chiller")
    assert sets(defs, "rink-space") == {"rink space"}
    assert defs.defs["iceMaker"].doc == "Machine that makes ice."
    assert defs.defs["iceMaker"].lib == "lib:rink"
    assert defs.defs["iceThickness"].on == ("rink-space", "iceMaker")
    assert "lib:rink" not in defs


def test_an_extension_adds_and_takes_nothing_away(folder: Path) -> None:
    defs = read_definitions(folder).definitions
    assert defs.defs["siteRef"].on == ("rink-space",)
    assert defs.is_a("siteRef", "containedBy")
    assert defs.defs["rinkCount"].on == ("Site",)


def test_xeto_specs_join_the_taxonomy(folder: Path) -> None:
    defs = read_definitions(folder).definitions
    spec = defs.specs["acme.rink::IceMaker"]
    assert spec.bases == ("RinkEquip", "Chilled")
    assert spec.markers == {"iceMaker", "cold"}
    assert spec.doc == "Makes ice. Needs brine."
    assert defs.is_a("acme.rink::IceMaker", "equip")
    assert sets(defs, "acme.rink::Resurfacer") == {"elec resurfacer"}
    assert sets(defs, "RinkEquip") == {"cold iceMaker", "elec resurfacer"}
    assert {"brineRef", "capacity", "spare"} <= defs.tags
    assert not {"hard", "soft"} & defs.tags


def test_the_standard_stays_below_or_is_left_out(folder: Path) -> None:
    assert read_definitions(folder).definitions.is_a("mau", "ahu")
    bare = read_definitions(folder, over=Definitions()).definitions
    assert "ahu" not in bare
    assert len(bare) < len(STANDARD)


@pytest.mark.parametrize(
    ("text", "place", "wanted"),
    [
        ("Ahu: Equip {\n  ahu\n", "line 3, column 1", "a closing }"),
        ("Ahu: Equip {\n  ahu vav\n}", "line 2, column 7", "a comma"),
        ("Ahu:", "line 1, column 5", "a type"),
        ("Ahu", "line 1, column 4", "`:`"),
        ("Ahu: A & B | C", "line 1, column 15", "not both"),
        ("Ahu: A &", "line 1, column 9", "the name of a type"),
        ("Ahu: A ~", "line 1, column 8", "a name"),
        ('Ahu: Str "open', "line 1, column 10", "a name, a value"),
        ("/* open\nAhu: A", "line 1, column 1", "*/"),
        ("A: B <a", "line 1, column 8", "the end of the line or >"),
        ("A: B\n\n}", "line 3, column 1", "the name of a type"),
        ("A: Str ---\nno end", "line 1, column 8", "---"),
        ("{" * 10, "line 1, column 1", "the name of a type"),
        ("A: B\n" + "a: {" * 1_000, "line 2, column 261", "at most 64 levels"),
    ],
)
def test_a_mistake_in_xeto_is_told_by_line_and_column(text: str, place: str, wanted: str) -> None:
    with pytest.raises(Corrupt) as refusal:
        parse(text)
    assert wanted in str(refusal.value)
    assert place in str(refusal.value)


def test_nesting_is_bounded() -> None:
    with pytest.raises(Corrupt, match=f"at most {MAX_DEPTH} levels"):
        parse("A: B " + "{ a: C " * 100_000)
    deep = MAX_DEPTH - 1
    assert parse("A: B " + "{ a: C " * deep + "}" * deep)


def mistake(text: str) -> str | None:
    try:
        parse(text)
    except Corrupt as refusal:
        return str(refusal)
    return None


@given(st.text(alphabet='Aab:<>{},?&|+*" \n/-@1.', max_size=60))
@settings(max_examples=300)
def test_any_text_is_types_or_a_mistake_with_a_place(text: str) -> None:
    told = mistake(text)
    assert told is None or re.match(r"line \d+, column \d+: wanted ", told)


def spoilt(text: str, cuts: list[tuple[float, int, str]]) -> str:
    """The text with pieces taken out and put in."""
    for where, length, piece in cuts:
        at = int(where * len(text))
        text = text[:at] + piece + text[at + length :]
    return text


CUTS = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 40),
        st.sampled_from(
            [
                "",
                "{",
                "}",
                "<",
                ">",
                '"',
                '"""',
                "\n",
                "/*",
                "---",
                "@",
                "::",
                "\u0000",
                "é",
                "A: B",
            ]
        ),
    ),
    min_size=1,
    max_size=8,
)


@pytest.mark.long
@given(CUTS)
@settings(max_examples=10_000, deadline=2_000)
def test_a_spoilt_library_is_types_or_a_mistake_with_a_place(
    cuts: list[tuple[float, int, str]],
) -> None:
    told = mistake(spoilt(XETO, cuts))
    assert told is None or re.match(r"line \d+, column \d+: wanted ", told)


NAME = st.from_regex(r"[A-Z][a-z]{1,6}", fullmatch=True)
MARKERS = st.lists(st.from_regex(r"[a-z]{1,6}", fullmatch=True), unique=True, max_size=5)


@given(NAME, NAME, MARKERS, st.sampled_from([", ", "\n", ",\n", " // doc\n"]))
def test_a_spec_is_read_as_it_was_written(
    name: str, base: str, markers: list[str], end: str
) -> None:
    (found,) = parse(f"{name}: {base} <a, b:1> {{\n{end.join(markers)}\n}}\n")
    assert (found.name, found.bases) == (name, (base,))
    assert found.meta == {"a", "b"}
    assert [slot.name for slot in found.slots] == markers
    assert all(slot.is_marker for slot in found.slots)


def test_errors_name_the_file_of_each_mistake(folder: Path) -> None:
    (folder / "acme.rink" / "bad.xeto").write_text("A: B {")
    (folder / "phRink" / "bad.trio").write_text(
        'def: ^good\nis: ^marker\n---\ndef: ^odd\nis: "marker"\n'
    )
    (folder / "phRink" / "worse.trio").write_bytes(b"def: ^x\ndoc: \xff\n")
    with pytest.raises(Corrupt) as refusal:
        read_definitions(folder)
    text = str(refusal.value)
    assert "acme.rink/bad.xeto: line 1, column 7: wanted a closing }" in text
    assert "phRink/bad.trio: line 5, column 5: wanted a symbol such as ^ahu as is" in text
    assert "phRink/worse.trio: line 2, column 6: not UTF-8" in text


def test_a_def_whose_name_is_no_symbol_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.trio").write_text('def: ^good\n---\ndef: "bad"\n')
    with pytest.raises(Corrupt, match=r"a\.trio: line 3, column 6"):
        read_definitions(tmp_path)


def test_a_def_that_is_a_kind_of_itself_is_refused_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.trio").write_text(
        "def: ^good\nis: ^equip\n---\ndef: ^loopA\nis: [^equip, ^loopB]\n---\ndef: ^loopB\nis: ^loopA\n"
    )
    with pytest.raises(Corrupt) as refusal:
        read_definitions(tmp_path)
    says = str(refusal.value)
    assert "a kind of itself: loopA is loopB is loopA" in says or "loopB is loopA is loopB" in says
    assert re.match(r"a\.trio: line [47]:", says)


def test_a_loop_closed_over_the_standard_or_between_specs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.trio").write_text("\ndef: ^equip\nis: ^ahu\n")
    with pytest.raises(Corrupt, match=r"a\.trio: line 2: a kind of itself: .*equip is ahu"):
        read_definitions(tmp_path, over=Definitions())
    (tmp_path / "a.trio").unlink()
    (tmp_path / "a.xeto").write_text("Fine: Equip\n\nOne: Two\nTwo: Three & Equip\nThree: One\n")
    with pytest.raises(Corrupt, match=r"a\.xeto: line [345]: a kind of itself: .*One is .*Two is "):
        read_definitions(tmp_path)


def test_a_parent_nobody_defines_is_noted_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.trio").write_text(
        "def: ^cooler\nis: ^chilller\n---\ndef: ^fine\nis: [^ahu, ^marker]\n"
    )
    (tmp_path / "b.xeto").write_text(
        "// hot\nHot: Pointt { hot }\nKind: Enum { a }\nFine: AirTempSensor\n"
    )
    found = read_definitions(tmp_path)
    assert [note.replace(tmp_path.name, "lib") for note in found.notes] == [
        "a.trio: line 1: cooler is a kind of 'chilller', which nobody defines",
        "b.xeto: line 2: lib::Hot is a kind of 'Pointt', which nobody defines",
    ]
    assert "cooler" in found.definitions


def test_of_many_parents_nobody_defines_twenty_are_noted(tmp_path: Path) -> None:
    (tmp_path / "a.trio").write_text("---\n".join(f"def: ^a{n}\nis: ^nope{n}\n" for n in range(30)))
    notes = read_definitions(tmp_path).notes
    assert len(notes) == MAX_NOTES + 1
    assert notes[-1] == "10 more parents that nobody defines"


@pytest.mark.parametrize(
    "text",
    [
        "Hot {maxVal: Number <minVal: 28>, hot}", "my.specs::Hot {maxVal: Number <minVal: 28>, hot}",
        "Hot: {maxVal: Number <minVal: 28>, hot}", "my.specs::Hot: Dict {maxVal: Number <minVal: 28> 30, hot}",
        "Hot <abstract> {\n  maxVal: Number <minVal: -28.5, maxVal: 40°C>\n  hot\n}",
    ],
)  # fmt: skip
def test_limits_of_a_value_do_not_hide_the_spec(tmp_path: Path, text: str) -> None:
    (tmp_path / "my.specs").mkdir()
    (tmp_path / "my.specs" / "a.xeto").write_text(text, "utf-8")
    defs = read_definitions(tmp_path).definitions
    assert defs.alternatives("my.specs::Hot") == defs.alternatives("Hot") == (frozenset({"hot"}),)
    assert defs.is_a("my.specs::Hot", "Hot")
    assert "maxVal" in defs.tags
    assert not read_definitions(tmp_path).notes


def test_a_folder_without_definitions_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="defines nothing"):
        read_definitions(tmp_path)
    with pytest.raises(NotFound):
        read_definitions(tmp_path / "none")


def test_what_was_imported_survives_a_file(folder: Path, tmp_path: Path) -> None:
    defs = read_definitions(folder).definitions
    defs.write(tmp_path / "defs.json")
    back = Definitions.read(tmp_path / "defs.json")
    assert (back.defs, back.specs) == (defs.defs, defs.specs)


def test_libraries_are_read_from_their_archives(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "acme.rink-1.2.0.xetolib", "w") as archive:
        archive.writestr("rink.xeto", XETO)
        archive.writestr("lib/defs.trio", TRIO)
        archive.writestr("notes.txt", "A: B {")
    defs = read_definitions(tmp_path).definitions
    assert "acme.rink::IceMaker" in defs.specs
    assert "iceMaker" in defs.defs


def test_a_spoilt_archive_is_told_by_name(tmp_path: Path) -> None:
    path = tmp_path / "rink.xetolib"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rink.xeto", XETO)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"IceMaker", b"IceBaker"))
    with pytest.raises(Corrupt, match=r"rink\.xetolib/rink\.xeto: .*CRC"):
        read_definitions(tmp_path)
    path.write_bytes(whole[:50])
    with pytest.raises(Corrupt, match=r"rink\.xetolib: not a zip archive"):
        read_definitions(tmp_path)

"""What people write above the columns of a point list, and what each column then holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    # what a column holds -> how point lists call it, squeezed by `letters`
    "name": ("name", "pointname", "point", "objectname", "bacnetname", "bacnetobjectname", "tagname", "pointid",
             "datapoint", "datenpunkt", "datenpunktname", "objektname", "bezeichnung", "designation", "nomdupoint",
             "nom", "nomdelobjet", "nomobjet", "ชื่อจุด", "pointtag", "variable"),
    "description": ("description", "desc", "pointdescription", "objectdescription", "beschreibung", "label", "dis",
                    "comment", "remarks", "descriptor", "pointdescriptor", "libelle", "คำอธิบาย", "displayname",
                    "kommentar", "bemerkung", "klartext", "commentaire", "objektbeschreibung"),
    "unit": ("unit", "units", "engunits", "engineeringunits", "engunit", "uom", "einheit", "unite", "unites", "หน่วย",
             "engineeringunit", "objectunits", "masseinheit"),
    "equip": ("equip", "equipment", "equipmentname", "equipmentid", "equipmenttag", "asset", "system", "systemname",
              "anlage", "anlagenname", "unitname", "parent", "controlledequipment", "อุปกรณ์", "equipmentunit",
              "equipref", "equipement", "nomdelequipement", "installation"),
    "object_type": ("objecttype", "type", "pointtype", "iotype", "bacnettype", "bacnetobjecttype", "signaltype",
                    "objekttyp", "typ", "signaltyp", "datenpunkttyp", "typeobjet", "typedobjet", "typedepoint"),
    "instance": ("instance", "objectinstance", "instancenumber", "bacnetinstance", "objectnumber", "inst",
                 "instanz", "instanznummer", "objektinstanz", "objektnummer", "numerodinstance", "instanceobjet"),
    "object_id": ("objectid", "objectidentifier", "bacnetobject", "bacnetobjectid", "bacnetid", "object",
                  "bacnetaddress", "objectref", "objektid", "objektadresse", "bacnetobjekt", "bacnetadresse",
                  "idobjet", "identifiantobjet", "adresseobjet"),
    "device": ("device", "devicename", "controller", "controllername", "deviceid", "deviceinstance", "panel", "node",
               "bacnetdevice", "regler", "ddc", "bacnetdeviceid", "gerat", "gerateid", "geratenummer", "geratename",
               "geraet", "geraeteid", "geraetenummer", "geraetename", "appareil", "nomdelappareil", "idappareil",
               "automate", "controleur"),
    "room": ("room", "roomname", "roomnumber", "roomno", "space", "location", "place", "raum", "raumname",
             "raumnummer", "zone", "area", "ห้อง", "local", "piece", "salle"),
    "floor": ("floor", "level", "storey", "etage", "geschoss", "stockwerk", "niveau", "ชั้น"),
    "tags": ("tags", "haystacktags", "markers", "haystack"),
    "value": ("value", "presentvalue", "currentvalue", "wert", "aktuellerwert", "istwert", "momentanwert", "messwert", "valeur",
              "valeuractuelle", "valeurcourante"),
}  # fmt: skip
_EITHER: Final = frozenset({"bezeichnung", "designation"})
"""Headings of the name where nothing else is one, else of the description."""


def letters(label: str) -> str:
    """A heading squeezed to letters and digits, without accents: "Object ID (BACnet)" is "objectid"."""
    bare = unicodedata.normalize("NFKD", re.sub(r"\(.*?\)|\[.*?\]", "", label.casefold()))
    return re.sub(r"[\W_]+", "", bare)  # marks above and below letters are no \w


_NAMES: Final = {letters(name): column for column, names in COLUMNS.items() for name in names}


def columns_of(labels: Sequence[tuple[str, ...]]) -> dict[str, int]:
    """Which column holds what, the first of two that hold the same; `labels` are its possible headings."""
    columns: dict[str, int] = {}
    either: list[int] = []
    for at, names in enumerate(labels):
        said = next((word for name in names if (word := letters(name)) in _NAMES), "")
        if said in _EITHER:
            either.append(at)
        elif said:
            columns.setdefault(_NAMES[said], at)
    for at in either:
        columns.setdefault("description" if "name" in columns else "name", at)
    return columns

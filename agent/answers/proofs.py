"""How measured proof is told: each point once, its mean over the trouble and its value now."""

from __future__ import annotations

from typing import Final

from agent.answers.voice import Row, Voice
from ontology.defs import ROLE

MAX_PROOFS: Final = 3
MOVED: Final = 0.02
"""The value now is told beside the mean when it is this share away from it."""
ALWAYS_PCT: Final = 98.0
NEVER_PCT: Final = 2.0
_BY_STATUS: Final = ("CMD", "AHU-26", "FCU-03", "ROOM-0")
"""Rules that are about on and off; in others a running fan is only the condition under which one looks."""


def measured(voice: Voice, row: Row) -> str:
    """The proofs of a finding in one line; those that no mean stands behind in their own words."""
    numbers: list[str] = []
    states: list[str] = []
    for proof in row["proofs"]:
        text = _one(voice, row, proof)
        role = ROLE.get(proof["point"].rpartition(".")[2])
        (states if role is not None and role.is_bool else numbers).append(text)
    about_states = str(row["rule"]).startswith(_BY_STATUS)
    shown = [*states, *numbers] if about_states else numbers or states
    told = ", ".join(dict.fromkeys(shown[:MAX_PROOFS]))
    means = [p for p in row["proofs"] if p["statistic"] == "mean"]
    if told and means and any(p["point"] in row.get("now", {}) for p in means):
        when = voice.span(means[0]["start"], means[0]["end"])
        told += voice.pick(f" (means of {when})", f" (เฉลี่ย {when})")
    return told


def _one(voice: Voice, row: Row, proof: Row) -> str:
    equip, _, role_name = proof["point"].rpartition(".")
    role = ROLE.get(role_name)
    fits = role is not None and (role.is_bool or role.unit == proof["value"].unit)
    if proof["statistic"] != "mean" or role is None or not fits:
        return str(proof["text"])
    whose = "" if equip in ("", row["equip"]) else f"{equip} "
    what = f"{whose}{voice.quantity(role_name)}"
    if role.is_bool:
        return f"{what} {_state(voice, proof)}"
    text = f"{what} {voice.show(proof['value'])}"
    now = row.get("now", {}).get(proof["point"])
    mean = proof["value"].value
    moved = (
        now is not None
        and now.value is not None
        and mean is not None
        and abs(now.value - mean) > MOVED * abs(mean)
    )
    if now is not None and moved and not role_name.endswith("-sp"):
        text += voice.pick(f" (now {voice.show(now)})", f" (ขณะนี้ {voice.show(now)})")
    return text


def _state(voice: Voice, proof: Row) -> str:
    share = proof["value"].value or 0.0
    if share >= ALWAYS_PCT:
        return voice.word("on")
    if share <= NEVER_PCT:
        return voice.word("off")
    shown = voice.show(proof["value"])
    return voice.pick(f"on {shown} of the time", f"เดิน {shown} ของเวลา")


def healthy_sister(voice: Voice, row: Row) -> str:
    """The telling quantity now beside equipment built alike; empty when nothing compares."""
    compared = row.get("compared")
    if not compared:
        return ""
    what, own = voice.quantity(compared["quantity"]), voice.show(compared["own"])
    if not compared["others"] and compared["median"].value is None:
        return ""
    others = ", ".join(
        f"{voice.name(id)} {voice.show(figure)}" for id, figure in compared["others"]
    )
    if compared["median"].value is not None:
        count, middle = voice.show(compared["count"]), voice.show(compared["median"])
        others = voice.pick(
            f"median of the other {count} {middle}", f"มัธยฐานของอีก {count} ตัว {middle}"
        )
    told = f"{what} {row['equip']} {own}; {others}"
    return f"{told} {voice.word('now')} {voice.cite(compared['evidence'])}"

"""haystack-nclient, the JavaScript client, does every op of its own against our server, with a token."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from haystack_house import PASSWORD, TEMP, USER, house_served

from ingest.haystack.scram import Exchange, pack, read_header, unpack_text
from services.api.haystack.auth import Auth

FOLDER = os.environ.get("HAYSTACK_NCLIENT", "")
SCRIPT = Path(__file__).with_name("haystack_nclient.cjs")


@pytest.mark.skipif(
    not FOLDER or shutil.which("node") is None,
    reason="`npm install haystack-nclient@3.0.46` somewhere, and name the folder in HAYSTACK_NCLIENT",
)
def test_every_op_of_the_javascript_client_is_answered() -> None:
    with house_served() as house:
        command = ["node", str(SCRIPT), f"{house.url}/api/demo", token_of(house.auth)]
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=True,
            env={**os.environ, "NODE_PATH": f"{FOLDER}/node_modules"},
        )  # fmt: skip
    answer = json.loads(run.stdout)
    told = answer["told"]
    assert set(answer["offered"]) - set(told) == {"constructor"}
    assert not [name for name, found in told.items() if str(found).startswith("FAILED")]
    assert told["readIds"] == ["AHU-1", None]
    assert told["read"][0] == TEMP.id
    assert (told["hisRead"], told["pointRead"], told["invokeAction"]) == (96, "Nok", "reset")


def token_of(auth: Auth) -> str:
    """A bearer token for a client that cannot log in by itself."""
    hello = auth.answer(f"HELLO username={pack(USER)}", "here")
    handshake = read_header(hello.value)[0]["handshakeToken"]
    exchange = Exchange(USER, PASSWORD, "SHA-256")
    message = exchange.first
    for _ in range(2):
        reply = auth.answer(f"SCRAM data={pack(message)}, handshakeToken={handshake}", "here")
        said = read_header(reply.value)[0]
        message = exchange.final(unpack_text(said["data"])) if reply.status == 401 else ""
    return said["authToken"]

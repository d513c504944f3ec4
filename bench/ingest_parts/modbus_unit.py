"""`python -m bench.ingest_parts.modbus_unit PORT`: a Modbus TCP unit with 10,000 holding registers, until its input ends."""

from __future__ import annotations

import asyncio
import sys
from typing import Final

from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

REGISTERS: Final = 10_000


async def serve(port: int) -> None:
    """Serve one unit whose every two registers are a float of everyday size."""
    words = SimData(0, count=REGISTERS // 2, values=21.5, datatype=DataType.FLOAT32, readonly=True)
    server = ModbusTcpServer(SimDevice(id=1, simdata=[words]), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await server.shutdown()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))

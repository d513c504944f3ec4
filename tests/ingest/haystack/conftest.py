"""`servers` lies beside these tests; the house behind our own server lies with the tests of the API."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "services" / "api")]

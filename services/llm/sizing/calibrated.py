"""What a run on this box corrects: factors on the constants of sizing, fitted by `plantroom llm calibrate` and kept as JSON."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from ontology.errors import BadRequest
from services.llm.files import json_object

LEAST, MOST = 1 / 20, 20.0
"""A factor beyond this corrects no constant: the model, the GPU or the run is another than was said."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Factors, 1.0 where sizing is right already.

    `memory`, `compute`: of the bandwidth and FLOP/s that kernels reach (2: twice as fast). `layers`, `host`, `network`,
    `request`: of the seconds of small kernels, of the engine's loop, of all-reduces, of taking a request in (2: twice as slow).
    """

    memory: float = 1.0
    compute: float = 1.0
    layers: float = 1.0
    host: float = 1.0
    network: float = 1.0
    request: float = 1.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (math.isfinite(value) and LEAST <= value <= MOST):
                raise BadRequest(
                    f"a calibration's {name} is {value:g}",
                    hint=f"factors lie between {LEAST:g} and {MOST:g}; was the run made on this model and GPU?",
                )


AS_PUBLISHED = Calibration()
"""The constants as they stand in the tables."""


def read_calibration(path: Path | None) -> Calibration:
    """The factors in a file of `plantroom llm calibrate`; none where no file is given. Raises NotFound or BadRequest."""
    if path is None:
        return AS_PUBLISHED
    hint = "make one: plantroom llm calibrate RUN.json -o calibration.json"
    return calibration_of(json_object(path, hint=hint), str(path))


def calibration_of(found: Any, where: str) -> Calibration:
    """The factors of a parsed file. Raises BadRequest naming `where`."""
    factors = found.get("factors") if isinstance(found, dict) else None
    names = {field.name for field in fields(Calibration)}
    numbers = isinstance(factors, dict) and all(
        isinstance(v, int | float) and not isinstance(v, bool) for v in factors.values()
    )
    if not isinstance(factors, dict) or not numbers or not set(factors) <= names:
        raise BadRequest(
            f"{where}: no factors of a calibration", hint=f"an object `factors` of {', '.join(sorted(names))}"
        )  # fmt: skip
    return Calibration(**{name: float(value) for name, value in factors.items()})

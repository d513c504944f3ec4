"""Run by the engine's own Python: does vLLM's parser take these arguments? It imports nothing of ours.

Standard input: JSON list of arguments; last line of standard output: JSON {"vllm", "torch", "cuda", "error"}.
"""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stderr
from importlib import import_module


def main() -> None:
    """Versions, and what the parser refuses."""
    arguments = json.load(sys.stdin)
    out, sys.stdout = sys.stdout, sys.stderr
    said = {"vllm": "", "torch": "", "cuda": "", "error": ""}
    words = io.StringIO()
    try:
        torch, vllm = import_module("torch"), import_module("vllm")
        said |= {
            "vllm": vllm.__version__,
            "torch": torch.__version__,
            "cuda": torch.version.cuda or "",
        }
        parser = import_module("vllm.utils.argparse_utils").FlexibleArgumentParser()
        with redirect_stderr(words):
            import_module("vllm.entrypoints.launchers.cli_args").make_arg_parser(parser).parse_args(
                arguments
            )
    except SystemExit:
        lines = words.getvalue().strip().splitlines() or ["refused"]
        said["error"] = lines[-1].partition("error: ")[2][-400:] or lines[-1][-400:]
    except Exception as error:  # noqa: BLE001  (whatever the engine raises is the verdict)
        said["error"] = f"{type(error).__name__}: {error}"[:400]
    out.write("\n" + json.dumps(said) + "\n")


if __name__ == "__main__":
    main()

"""What is run inside of vLLM's own environment is no test of ours."""

from __future__ import annotations

collect_ignore = ["check_launch_lines.py", "count_parameters.py"]

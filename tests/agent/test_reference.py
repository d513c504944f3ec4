"""The reference of tools says what the tools say of themselves."""

from pathlib import Path

from agent.tools import TOOLS
from agent.tools.spec import Arg, Tool

PAGE = Path(__file__).parents[2] / "docs" / "reference-tools.md"


def section(tool: Tool) -> str:
    """The page's section of a tool."""
    rows = "\n".join(
        f"| `{a.name}`{' *' if a.required else ''} | {kind(a)} | {a.says} |" for a in tool.args
    )
    return (
        f"## {tool.name}\n\n{tool.says}\n\n| argument | kind | meaning |\n|---|---|---|\n{rows}\n"
    )


def kind(arg: Arg) -> str:
    """What an argument may be."""
    if arg.choices:
        return " \\| ".join(arg.choices)
    return f"{arg.low} to {arg.high}" if arg.kind == "integer" else arg.kind


def test_the_page_has_every_tool_with_its_arguments() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for tool in TOOLS.values():
        assert section(tool) in page, f"write this into {PAGE.name}:\n{section(tool)}"
    assert page.count("\n## ") == len(TOOLS)

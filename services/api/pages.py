"""The web pages: the built bundle, or a plain page that says why there is none; and the route list."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI
from starlette.responses import FileResponse, HTMLResponse, Response

from ontology.errors import NotFound

REASON: Final = "WHY_NOT_BUILT.txt"
"""Written by `web/build.py` when it cannot build."""

_PLAIN: Final = """<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>Plantroom</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}}
pre{{white-space:pre-wrap}}code,pre{{font:14px ui-monospace,monospace}}td{{padding:.3rem .8rem .3rem 0;vertical-align:top}}</style>
{body}</html>"""


def add_pages(app: FastAPI, static: Path) -> None:
    """`/` and its files, and `/api/docs`. Unknown files are problem JSON as everywhere."""
    app.add_api_route("/api/docs", lambda: HTMLResponse(_routes_page(app.openapi())),
                      include_in_schema=False)  # fmt: skip

    async def page(path: str = "") -> Response:
        if not (static / "index.html").is_file():
            return HTMLResponse(_unbuilt(static), status_code=200 if path == "" else 404)
        return _file(static, path)

    app.add_api_route("/", page, include_in_schema=False, methods=["GET", "HEAD"])
    app.add_api_route("/{path:path}", page, include_in_schema=False, methods=["GET", "HEAD"])


def _file(static: Path, path: str) -> Response:
    file = _inside(static.resolve(), path or "index.html")
    if path.startswith("api/") or file is None:
        raise NotFound(f"there is no page /{path:.80}", hint="start at /, or see /api/docs")
    # Vite puts the content's hash into the names of files under assets/
    kept = "public, max-age=31536000, immutable" if path.startswith("assets/") else "no-cache"
    return FileResponse(file, headers={"cache-control": kept})


def _inside(static: Path, path: str) -> Path | None:
    """The file of this folder; None for what is outside, is none, or can be no name of a file."""
    try:
        file = (static / path).resolve()
        return file if file.is_relative_to(static) and file.is_file() else None
    except (OSError, ValueError):  # too long, or with a NUL
        return None


def _unbuilt(static: Path) -> str:
    file = static / REASON
    why = file.read_text("utf-8") if file.is_file() else "It was not built yet: run `make ui`."
    body = (
        "<h1>Plantroom is running, its web page is not built</h1>"
        f"<p>Why:</p><pre>{html.escape(why)}</pre>"
        '<p>Everything else works: <code>plantroom ask "why is 807 hot?"</code>, '
        '<a href="/api/docs">the HTTP routes</a>, <a href="/api/status">the status</a>.</p>'
    )
    return _PLAIN.format(body=body)


def _routes_page(openapi: dict[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{method.upper()}</code><td><code>{html.escape(path)}</code>"
        f"<td>{html.escape(route.get('description') or route.get('summary', ''))}"
        for path, methods in openapi["paths"].items()
        for method, route in methods.items()
    ]
    body = (
        "<h1>HTTP routes</h1><p>Machine-readable: "
        '<a href="/api/openapi.json">/api/openapi.json</a> (OpenAPI).</p>'
        f"<table>{''.join(rows)}</table>"
    )
    return _PLAIN.format(body=body)

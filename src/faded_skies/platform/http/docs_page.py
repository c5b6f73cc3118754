"""The API's documents, and the page to try it on, its scripts served by us: a shop without internet shows it too."""

import base64
import hashlib
import re
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

from faded_skies.platform.http.answers import Json, dump

_ASSETS = "/docs/assets"
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def install(api: FastAPI) -> None:
    """Serve /docs. Only the files of the package are used, so it is found and not imported."""
    found = find_spec("fastapi_offline")
    if found is None or found.origin is None:
        raise RuntimeError("fastapi-offline is not installed; run make again to complete the environment")
    api.mount(_ASSETS, StaticFiles(directory=Path(found.origin).parent / "static"), name="docs assets")
    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title=f"{api.title} · API",
        swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{_ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{_ASSETS}/favicon.png",
    )
    headers = {"Content-Security-Policy": _policy(bytes(page.body).decode())}

    @api.get("/docs", include_in_schema=False)
    async def show() -> HTMLResponse:
        return HTMLResponse(page.body, headers=headers)


def serve_document(api: FastAPI, path: str, describe: Callable[[], dict[str, Any]]) -> None:
    """Serve a document beside the API's own; it is made when it is first asked for."""

    @cache
    def content() -> bytes:
        return dump(describe())

    @api.get(path, include_in_schema=False)
    async def show() -> Json:
        return Json(content())


def _policy(html: str) -> str:
    """Allow the page's own inline script by its digest (CSP 3 §6.7.3.3), our assets, and calls to this API."""
    scripts = [
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE_SCRIPT.findall(html)
    ]
    return (
        f"default-src 'none'; script-src 'self' {' '.join(scripts)}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
    )

"""Pictures and papers that everybody may read, from the folder that the media store writes."""

import mimetypes
import os

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

mimetypes.add_type("image/webp", ".webp")  # which not every machine's list has

_NEVER_CHANGING = "pictures/"
_FOREVER = "public, max-age=31536000, immutable"


class MediaFiles(StaticFiles):
    """The files; those of the media store, whose names are never used twice, may be kept for ever."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if path.replace(os.sep, "/").startswith(_NEVER_CHANGING) and response.status_code in {200, 304}:
            response.headers["Cache-Control"] = _FOREVER
        return response

"""How endpoints document their refusals."""

from typing import Any

from faded_skies.platform.http.fields import ErrorShape


def refusals(**codes: str) -> dict[int | str, dict[str, Any]]:
    """Return what a route takes as `responses`, by status: `_401="INVALID_CREDENTIALS"`."""
    return {
        int(status.removeprefix("_")): {"model": ErrorShape, "description": code}
        for status, code in codes.items()
    }

"""Which of the formats at hand a client prefers (RFC 9110, section 12.5.1)."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Header

from faded_skies.platform.errors import NotAcceptable

# Not a parameter of the document: OpenAPI leaves it to the content of the answers.
Accepted = Annotated[str | None, Header(alias="Accept", include_in_schema=False)]


def choose(accept: str | None, offered: Sequence[str]) -> str:
    """Return the offered media type that the client likes best; the first one where it does not mind.

    Raises NotAcceptable naming what there is.
    """
    if accept is None or not accept.strip():
        return offered[0]
    ranges = [_range(part) for part in accept.split(",")]
    liked = [(max(_quality(kind, ranges), default=(0, 0.0))[1], kind) for kind in offered]
    best = max(quality for quality, _ in liked)
    if best <= 0:
        raise NotAcceptable(f"This is to be had as {', '.join(offered)}. Ask for one of these by Accept.")
    return next(kind for quality, kind in liked if quality == best)


def _range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = next((one[2:] for one in parameters if one.startswith("q=")), "1")
    try:
        return name, min(max(float(quality), 0.0), 1.0)
    except ValueError:
        return name, 0.0


def _quality(kind: str, ranges: Sequence[tuple[str, float]]) -> list[tuple[int, float]]:
    """Return how well each range fits, the more exact the higher, with its quality."""
    whole = f"{kind.partition('/')[0]}/*"
    rank = {"*/*": 1, whole: 2, kind: 3}
    return [(rank[name], quality) for name, quality in ranges if name in rank]

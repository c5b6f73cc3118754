"""How far a photographed card is turned, from the straight lines in the picture."""

from array import array
from collections.abc import Sequence
from itertools import pairwise

from PIL import Image, ImageFilter, ImageOps

_SIDE = 500
"""Pixels of the longer side of the picture that is looked at."""
_APART = 5
_MOST = 3


def likely_turns(grey: Image.Image) -> Sequence[int]:
    """Return up to three angles in whole degrees, the likeliest first, that set the card's lines upright or level.

    Summed along their own direction the edges of the card, and the bars of a barcode, make the sharpest profile.
    Quarters do not count: the angles lie between -45 and 44.
    """
    small = grey.copy()
    small.thumbnail((_SIDE, _SIDE))
    edges = ImageOps.expand(ImageOps.crop(small.filter(ImageFilter.FIND_EDGES), 2), 2, fill=0).convert("F")
    ranked = sorted(range(-45, 45), key=lambda angle: -_sharpness(edges, angle))
    chosen: list[int] = []
    for angle in ranked:
        if all(abs(angle - other) >= _APART for other in chosen):
            chosen.append(angle)
    return chosen[:_MOST]


def _sharpness(edges: Image.Image, angle: int) -> float:
    turned = edges.rotate(angle, Image.Resampling.BILINEAR, expand=True, fillcolor=0)
    width, height = turned.size
    return _steps(turned, (width, 1)) * height**2 + _steps(turned, (1, height)) * width**2


def _steps(picture: Image.Image, size: tuple[int, int]) -> float:
    profile = array("f", picture.resize(size, Image.Resampling.BOX).tobytes())
    return sum((after - before) ** 2 for before, after in pairwise(profile)) / len(profile)

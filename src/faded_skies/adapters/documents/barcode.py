"""A program: a JPEG of `scan.py` on stdin, the text of its PDF417 barcodes on stdout, a licence's first; or nothing.

Runs as `python -I -m faded_skies.adapters.documents.barcode` under the limits of `limits.py`.
"""

import io
import sys
from collections.abc import Iterator

import zxingcpp
from PIL import Image

from faded_skies.adapters.documents import limits
from faded_skies.adapters.documents.skew import likely_turns

_PDF417 = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.PDF417)

_MOST_TURNED = 2600
"""Pixels of the longer side of a picture that is turned: enough for the barcode, and quick."""
_LEAST_SHARP = 1500
"""Pixels of the longer side; a smaller picture is looked at twice as large too."""


def find(jpeg: bytes) -> bytes | None:
    """Return the bytes of a barcode, a licence's rather than another; None when there is none to read."""
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
        picture.draft("L", picture.size)
        grey = picture.convert("L")
    other = None
    for view in _views(grey):
        for found in zxingcpp.read_barcodes(view, formats=_PDF417):
            if b"ANSI" in found.bytes or b"AAMVA" in found.bytes:
                return bytes(found.bytes)
            other = other or bytes(found.bytes)
    return other


def _views(grey: Image.Image) -> Iterator[Image.Image]:
    """Yield the picture, then larger where it is small, then turned upright.

    The library reads along horizontal and vertical lines, so two degrees are too many for a licence's wide barcode
    (its author says so: https://github.com/zxing-cpp/zxing-cpp/issues/145).
    """
    yield grey
    if max(grey.size) < _LEAST_SHARP:
        grey = grey.resize((2 * grey.width, 2 * grey.height), Image.Resampling.BICUBIC)
        yield grey
    for degrees in likely_turns(grey):
        small = grey.copy()
        small.thumbnail((_MOST_TURNED, _MOST_TURNED))
        yield small.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def main() -> None:
    limits.apply()
    found = find(sys.stdin.buffer.read())
    if found is not None:
        sys.stdout.buffer.write(found)


if __name__ == "__main__":
    main()

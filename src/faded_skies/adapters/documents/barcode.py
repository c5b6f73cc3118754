"""A program: a JPEG of `scan.py` on stdin, the text of its PDF417 barcodes on stdout, a licence's first; or nothing.

Runs as `python -I -m faded_skies.adapters.documents.barcode` under the limits of `limits.py`.
"""

import io
import sys
from collections.abc import Iterator

import zxingcpp
from PIL import Image

from faded_skies.adapters.documents import limits

_PDF417 = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.PDF417)

# The library finds a barcode turned by quarters and by about three degrees; photos are held askew by more.
_TURNS = (6, -6, 12, -12, 18, -18, 24, -24, 30, -30, 36, -36, 42, -42)
_MOST_TURNED = 2000
"""Pixels of the longer side of a picture that is turned: enough for the barcode, and quick."""


def find(jpeg: bytes) -> bytes | None:
    """Return the bytes of a barcode, a licence's rather than another; None when there is none to read."""
    with Image.open(io.BytesIO(jpeg), formats=["JPEG"]) as picture:
        grey = picture.convert("L")
    other = None
    for view in _views(grey):
        for found in zxingcpp.read_barcodes(view, formats=_PDF417):
            if b"ANSI" in found.bytes or b"AAMVA" in found.bytes:
                return bytes(found.bytes)
            other = other or bytes(found.bytes)
    return other


def _views(grey: Image.Image) -> Iterator[Image.Image]:
    yield grey
    small = grey.copy()
    small.thumbnail((_MOST_TURNED, _MOST_TURNED))
    for degrees in _TURNS:
        yield small.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)


def main() -> None:
    limits.apply()
    found = find(sys.stdin.buffer.read())
    if found is not None:
        sys.stdout.buffer.write(found)


if __name__ == "__main__":
    main()

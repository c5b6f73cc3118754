"""A program: a hostile photo on stdin, `ok <width>x<height>:<bytes> …` and fresh WebPs, or `refused <why>`, on stdout.

Runs as `python -I -m faded_skies.adapters.documents.resize` under the limits of `limits.py`, and decodes as `scan.py`
does. Anything unforeseen ends it with a traceback, which is a refusal too.
"""

import io
import sys
import warnings

from PIL import Image

from faded_skies.adapters.documents import limits
from faded_skies.adapters.documents.scan import Refused, decode_photo

WIDTHS = (320, 800, 1600)
"""Pixels: for lists, for pages, for looking closely on a good screen."""
LEAST_EDGE = 100
"""Pixels of the shorter side; fewer show nothing of a product."""
MOST_RATIO = 5
"""Longer side by shorter side; more is a banner and no picture of a product."""
_QUALITY = 82


def make(body: bytes) -> list[tuple[int, int, bytes]]:
    """Return width, height and WebP of each size, the smallest first; a picture is never enlarged. Raises Refused."""
    picture = decode_photo(body)
    if min(picture.size) < LEAST_EDGE:
        raise Refused("small")
    if max(picture.size) > MOST_RATIO * min(picture.size):
        raise Refused("shape")
    widest = min(picture.width, WIDTHS[-1])
    return [_made(picture, width) for width in (*(one for one in WIDTHS if one < widest), widest)]


def _made(picture: Image.Image, width: int) -> tuple[int, int, bytes]:
    height = max(1, round(picture.height * width / picture.width))
    # A new picture has the pixels and nothing else: no EXIF, no comment, no profile, nothing appended.
    clean = Image.new("RGB", (width, height))
    clean.paste(picture.resize((width, height), Image.Resampling.LANCZOS))
    out = io.BytesIO()
    clean.save(out, "WEBP", quality=_QUALITY, method=4)
    return width, height, out.getvalue()


def main() -> None:
    limits.apply()
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # scan.py looks itself, and before anything is decoded
    try:
        made = make(sys.stdin.buffer.read())
    except Refused as refused:
        sys.stdout.buffer.write(f"refused {refused}\n".encode())
    else:
        told = " ".join(f"{width}x{height}:{len(webp)}" for width, height, webp in made)
        sys.stdout.buffer.write(f"ok {told}\n".encode() + b"".join(webp for *_, webp in made))


if __name__ == "__main__":
    main()

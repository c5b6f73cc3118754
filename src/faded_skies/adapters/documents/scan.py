"""A program: a hostile file on stdin, `ok <width> <height>` and a fresh JPEG, or `refused <why>`, on stdout.

Runs as `python -I -m faded_skies.adapters.documents.scan` under the limits of `limits.py`. Anything unforeseen ends it
with a traceback, which is a refusal too.
"""

import io
import sys
import warnings
from collections.abc import Iterator

from PIL import Image, ImageOps

from faded_skies.adapters.documents import limits

MOST_PIXELS = 50_000_000
"""Width times height of a JPEG: phones make up to 48.8 million."""
MOST_WHOLE = 25_000_000
"""The same of a PNG or a progressive JPEG, whose decoders hold all of it at once: cameras make 24 million."""
MOST_MADE = 18_000_000
"""Pixels of what comes out: two letter pages at 300 dots an inch, or a photo of 12 million as it is."""
LEAST_EDGE = 400
"""Pixels of the shorter side; a card of fewer cannot be read."""
MOST_PAGES = 2

_JPEG, _PNG, _PDF = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"%PDF-"
_DOTS_PER_INCH, _POINTS_PER_INCH = 300, 72
_PASSWORD_NEEDED = 4  # fpdfview.h: FPDF_ERR_PASSWORD
_QUALITY = 90


class Refused(Exception):
    """The word is known to `reader.py`."""


def make(body: bytes) -> tuple[bytes, int, int]:
    """Return a fresh JPEG with its width and height. Raises Refused, or whatever a broken file causes."""
    picture = _decoded(body)
    if min(picture.size) < LEAST_EDGE:
        raise Refused("small")
    # A new picture has the pixels and nothing else: no EXIF, no comment, no profile, nothing appended.
    clean = Image.new("RGB", picture.size)
    clean.paste(picture)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue(), *clean.size


def _decoded(body: bytes) -> Image.Image:
    return _stacked(list(_pages(body))) if body.startswith(_PDF) else decode_photo(body)


def decode_photo(body: bytes) -> Image.Image:
    """Return a JPEG or a PNG upright, in RGB, and no larger than MOST_MADE. Raises Refused.

    No more than three copies of the pixels exist at any moment: MOST_MEMORY rests on that.
    """
    if body.startswith(_JPEG):
        picture = _unfolded(body, "JPEG")
    elif body.startswith(_PNG):
        picture = _unfolded(body, "PNG")
    else:
        raise Refused("unsupported")
    ImageOps.exif_transpose(picture, in_place=True)
    fitting = _within(picture.size)
    return picture if picture.size == fitting else picture.resize(fitting, Image.Resampling.BICUBIC)


def _unfolded(body: bytes, kind: str) -> Image.Image:
    """Decode with the one decoder that the first bytes name; of several frames the first."""
    picture: Image.Image
    with Image.open(io.BytesIO(body), formats=[kind]) as picture:
        pixels = picture.width * picture.height
        if pixels > MOST_PIXELS:
            raise Refused("pixels")
        if pixels > MOST_WHOLE and (kind == "PNG" or "progressive" in picture.info):
            raise Refused("whole")
        if pixels > MOST_MADE:  # a JPEG comes out at half its width and height
            picture.draft("RGB", (picture.width // 2, picture.height // 2))
        picture.load()
        return _opaque(picture)


def _opaque(picture: Image.Image) -> Image.Image:
    """Return the picture in RGB, with its EXIF; what is transparent lies on white."""
    if picture.mode.startswith("I"):  # 16 bits of grey, which a plain conversion would clip
        return picture.point(lambda value: value / 256).convert("RGB")
    if picture.has_transparency_data:
        layer = picture if picture.mode == "RGBA" else picture.convert("RGBA")
        paper = Image.new("RGB", picture.size, "white")
        paper.paste(layer, mask=layer)
        paper.info["exif"] = picture.info.get("exif", b"")
        return paper
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _within(size: tuple[int, int], most: int = MOST_MADE) -> tuple[int, int]:
    width, height = size
    factor = min(1.0, (most / (width * height)) ** 0.5)
    return max(1, int(width * factor)), max(1, int(height * factor))


def _pages(body: bytes) -> Iterator[Image.Image]:
    """Render the pages as they print; scripts, forms and attachments are not even loaded."""
    import pypdfium2  # type: ignore[import-untyped]  # it has none; late: photos need not wait for it

    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as error:
        raise Refused("locked" if error.err_code == _PASSWORD_NEEDED else "broken") from error
    if len(document) > MOST_PAGES:
        raise Refused("pages")
    for page in document:
        width, height = page.get_size()
        if min(width, height) <= 0:
            raise Refused("broken")
        most = (MOST_MADE / len(document) / (width * height)) ** 0.5
        bitmap = page.render(scale=min(_DOTS_PER_INCH / _POINTS_PER_INCH, most), may_draw_forms=False)
        yield bitmap.to_pil().convert("RGB")


def _stacked(pages: list[Image.Image]) -> Image.Image:
    """Put the pages one above the other: front and back of a card often come so."""
    sheet = Image.new("RGB", (max(page.width for page in pages), sum(page.height for page in pages)), "white")
    top = 0
    for page in pages:
        sheet.paste(page, (0, top))
        top += page.height
    return sheet


def main() -> None:
    limits.apply()
    warnings.simplefilter("ignore")
    Image.MAX_IMAGE_PIXELS = None  # we look ourselves, and before anything is decoded
    try:
        jpeg, width, height = make(sys.stdin.buffer.read())
    except Refused as refused:
        sys.stdout.buffer.write(f"refused {refused}\n".encode())
    else:
        sys.stdout.buffer.write(f"ok {width} {height}\n".encode() + jpeg)


if __name__ == "__main__":
    main()

"""Pictures and files of identity papers of nobody, and what attackers send in their place."""

import io
import struct
import zlib
from collections.abc import Sequence

import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from factories.licences import Card, barcode


def pdf417(text: str) -> Image.Image:
    """Draw it as wide and as error-proof as on licences: 17 columns, level 5."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.PDF417, columns=17, ec_level="5").to_image()
    rows, columns = code.shape
    pixels = bytes(memoryview(code))  # type: ignore[arg-type]  # its stub does not tell that it is a buffer
    return Image.frombytes("L", (columns, rows), pixels)


def card_back(card: Card | None = None, *, width: int = 1712) -> Image.Image:
    """The back of a card with its barcode, as a flat scan."""
    back = Image.new("RGB", (1712, 1080), (226, 222, 206))
    code = pdf417(barcode(card or Card(), extra="ZTZTAN"))
    size = (1480, 1480 * code.height // code.width)
    back.paste(code.resize(size, Image.Resampling.NEAREST), (116, 420))
    ImageDraw.Draw(back).rectangle((116, 80, 1596, 200), fill=(40, 40, 40))
    return back.resize((width, 1080 * width // 1712), Image.Resampling.LANCZOS)


def photographed(card: Image.Image, *, turned: float = 0, width: int = 2600, blur: float = 0) -> Image.Image:
    """The card on a table, held askew, a little out of focus."""
    table = Image.new("RGB", (2600, 2600), (96, 70, 52))
    table.paste(card, ((2600 - card.width) // 2, (2600 - card.height) // 2))
    table = table.rotate(turned, Image.Resampling.BICUBIC, fillcolor=(96, 70, 52))
    table = table.resize((width, width), Image.Resampling.LANCZOS)
    return table.filter(ImageFilter.GaussianBlur(blur)) if blur else table


def saved(picture: Image.Image, kind: str = "JPEG", **more: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **more)
    return out.getvalue()


def front(size: tuple[int, int] = (860, 540)) -> Image.Image:
    """A card's front with one red, one green and one blue corner: top left, top right, bottom left."""
    picture = Image.new("RGB", size, (210, 215, 220))
    draw = ImageDraw.Draw(picture)
    width, height = size
    draw.rectangle((0, 0, width // 4, height // 4), fill=(220, 20, 20))
    draw.rectangle((width * 3 // 4, 0, width, height // 4), fill=(20, 200, 20))
    draw.rectangle((0, height * 3 // 4, width // 4, height), fill=(20, 20, 220))
    return picture


def corners(picture: Image.Image) -> list[str]:
    """Name the colours of the four corners, clockwise from the top left."""
    width, height = picture.size
    places = ((20, 20), (width - 20, 20), (width - 20, height - 20), (20, height - 20))
    names = []
    for place in places:
        pixel = picture.convert("RGB").getpixel(place)
        assert isinstance(pixel, tuple)
        red, green, blue = pixel
        strong = [name for name, value in (("red", red), ("green", green), ("blue", blue)) if value > 150]
        names.append(strong[0] if len(strong) == 1 else "grey")
    return names


def png_that_says(width: int, height: int, *, pixels: bytes = b"\x00") -> bytes:
    """A tiny PNG whose header claims these dimensions."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(pixels)),
            (b"IEND", b""),
        )
    )


def jpeg_that_says(width: int, height: int) -> bytes:
    """A real JPEG whose frame header claims other dimensions."""
    body = bytearray(saved(front()))
    start = body.index(b"\xff\xc0")
    body[start + 5 : start + 9] = struct.pack(">HH", height, width)
    return bytes(body)


def pdf_of(
    pages: Sequence[bytes],
    *,
    size: tuple[float, float] = (612, 792),
    catalog: str = "",
    resources: str = "",
    trailer: str = "",
    more: Sequence[bytes] = (),
) -> bytes:
    """Write a PDF: a content stream for each page; objects of `more` begin at number 3 + 2 * pages."""
    kids = " ".join(f"{3 + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
    ]
    for at, content in enumerate(pages):
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] "
            f"/Contents {4 + 2 * at} 0 R /Resources << {resources} >> >>".encode()
        )
        objects.append(b"<< /Length %d >> stream\n%s\nendstream" % (len(content), content))
    objects.extend(more)
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for at, thing in enumerate(objects):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (at + 1, thing)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += (
        f"trailer << /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n".encode()
    )
    return bytes(out)


RED_PAGE = b"0.86 0.08 0.08 rg 0 0 612 792 re f"
BLUE_PAGE = b"0.08 0.08 0.86 rg 0 0 612 792 re f"


def pdf_with(picture: bytes, size: tuple[int, int]) -> bytes:
    """A letter page with a JPEG on it, as scanning apps make them: 3.375 inches wide, an ID-1 card's size."""
    width, height = size
    wide, high = 243.0, 243.0 * height / width
    image = (
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace /DeviceRGB /BitsPerComponent 8 "
        b"/Filter /DCTDecode /Length %d >> stream\n%s\nendstream" % (width, height, len(picture), picture)
    )
    content = f"q {wide} 0 0 {high} 100 400 cm /P Do Q".encode()
    return pdf_of([content], resources="/XObject << /P 5 0 R >>", more=[image])

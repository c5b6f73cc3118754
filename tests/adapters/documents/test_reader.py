"""Uploaded papers: judged by their content, made anew, and refused in words where that cannot be."""

import base64
import io
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from factories.licences import Card, barcode
from factories.papers import (
    BLUE_PAGE,
    RED_PAGE,
    card_back,
    corners,
    front,
    jpeg_that_says,
    pdf_of,
    pdf_with,
    photographed,
    png_that_says,
    saved,
)
from faded_skies.adapters.documents.child import Children
from faded_skies.adapters.documents.pictures import Pictures
from faded_skies.adapters.documents.reader import Documents
from faded_skies.domains.verification.ports import BarcodeReader
from faded_skies.platform.documents.errors import TooManyPixels, UnreadableDocument, UnsupportedFileType
from faded_skies.platform.documents.ports import MOST_DOCUMENT_BYTES, DocumentReader, Scan
from faded_skies.platform.errors import FileTooLarge, Kind

NOISE = random.Random(417).randbytes(1000)
MARK = b"a-mark-that-must-not-come-through"


@pytest.fixture
def documents() -> Documents:
    return Documents(Children())


def opened(scan: Scan) -> Image.Image:
    """Return the made picture, having seen that it is a JPEG of pixels only."""
    picture = Image.open(io.BytesIO(scan.jpeg))
    picture.load()
    assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (scan.width, scan.height))
    assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert not picture.getexif()
    assert scan.jpeg.endswith(b"\xff\xd9")
    assert MARK not in scan.jpeg
    return picture


def a_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mark.txt", MARK)
    return out.getvalue()


def test_it_is_what_the_domain_asks_for(documents: Documents) -> None:
    reader: DocumentReader = documents
    finder: BarcodeReader = documents
    assert id(reader) == id(finder)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(saved(front()), id="jpeg"),
        pytest.param(saved(front(), progressive=True), id="progressive-jpeg"),
        pytest.param(saved(front(), "PNG"), id="png"),
        pytest.param(saved(front().convert("RGBA"), "PNG"), id="png-with-alpha"),
        pytest.param(saved(front().convert("P", palette=Image.Palette.ADAPTIVE), "PNG"), id="png-palette"),
        pytest.param(saved(front().convert("CMYK")), id="cmyk-jpeg"),
        pytest.param(
            saved(front(), "PNG", save_all=True, append_images=[Image.new("RGB", (860, 540))], duration=50),
            id="animated-png-gives-its-first-picture",
        ),
        pytest.param(
            saved(front(), "MPO", save_all=True, append_images=[Image.new("RGB", (860, 540))]),
            id="multi-picture-jpeg-gives-its-first",
        ),
    ],
)
async def test_pictures_are_taken(documents: Documents, body: bytes) -> None:
    scan = await documents.read(body)
    assert (scan.width, scan.height) == (860, 540)
    assert corners(opened(scan)) == ["red", "green", "grey", "blue"]


async def test_grey_pictures_keep_their_greys(documents: Documents) -> None:
    ramp = Image.new("I;16", (800, 500))
    ramp.putdata([column * 80 for _ in range(500) for column in range(800)])
    for body in (saved(ramp, "PNG"), saved(Image.linear_gradient("L").rotate(90).resize((800, 500)), "PNG")):
        grey = opened(await documents.read(body)).convert("L")
        levels = [grey.getpixel((column, 250)) for column in (100, 400, 700)]
        assert levels == pytest.approx([32, 125, 220], abs=10)


async def test_what_is_transparent_lies_on_white(documents: Documents) -> None:
    for picture in (Image.new("RGBA", (500, 500), (0, 0, 0, 0)), Image.new("LA", (500, 500), (0, 0))):
        assert opened(await documents.read(saved(picture, "PNG"))).getpixel((250, 250)) == (255, 255, 255)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
async def test_every_picture_comes_out_upright(documents: Documents, orientation: int, kind: str) -> None:
    turned = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = front() if turned is None else front().transpose(turned)
    scan = await documents.read(saved(picture, kind, exif=exif))
    assert (scan.width, scan.height) == (860, 540)
    assert corners(opened(scan)) == ["red", "green", "grey", "blue"]


def _with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = MARK.decode()  # the maker
    exif.get_ifd(0x8825).update(
        {1: "N", 2: (30.0, 16.0, 2.0), 3: "W", 4: (97.0, 44.0, 26.0), 29: "2026:11:24"}
    )
    return saved(front(), exif=exif)


def _with_png_texts() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", MARK.decode())
    texts.add_text("Comment", MARK.decode(), zip=True)
    texts.add_itxt("XML:com.adobe.xmp", MARK.decode())
    return saved(front(), "PNG", pnginfo=texts)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(_with_exif(), id="exif-with-place"),
        pytest.param(_with_png_texts(), id="png-texts"),
        pytest.param(saved(front(), comment=MARK), id="jpeg-comment"),
        pytest.param(saved(front(), xmp=MARK), id="xmp"),
        pytest.param(
            saved(front(), icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
            id="colour-profile",
        ),
        pytest.param(saved(front(), dpi=(300, 300)), id="density"),
        pytest.param(saved(front()) + a_zip(), id="jpeg-with-zip-behind"),
        pytest.param(saved(front()) + b"<html><script>" + MARK + b"</script>", id="jpeg-with-html-behind"),
        pytest.param(saved(front(), comment=b"<?php " + MARK + b" ?>"), id="jpeg-with-php-within"),
        pytest.param(saved(front(), "PNG") + b"<?php " + MARK, id="png-with-php-behind"),
        pytest.param(saved(front(), "PNG") + a_zip(), id="png-with-zip-behind"),
    ],
)
async def test_only_the_pixels_come_through(documents: Documents, body: bytes) -> None:
    """Polyglots are not refused (phones append films to photos): what they carry is gone."""
    assert corners(opened(await documents.read(body))) == ["red", "green", "grey", "blue"]


def test_the_place_was_there_before() -> None:
    place = Image.open(io.BytesIO(_with_exif())).getexif().get_ifd(0x8825)
    assert place[2] == (30.0, 16.0, 2.0)
    assert MARK in _with_exif()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello", id="text"),
        pytest.param(a_zip(), id="zip-named-jpg"),
        pytest.param(saved(front(), "GIF"), id="gif"),
        pytest.param(b"GIF89a" + saved(front()), id="gif-jpeg-polyglot"),
        pytest.param(saved(front(), "BMP"), id="bmp"),
        pytest.param(saved(front(), "TIFF"), id="tiff"),
        pytest.param(saved(front(), "WEBP"), id="webp"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", id="svg"),
        pytest.param(b"<!doctype html><script>1</script>", id="html-named-png"),
        pytest.param(b"<!-- -->" + pdf_of([RED_PAGE]), id="html-before-pdf"),
        pytest.param(b"\n" + saved(front()), id="jpeg-after-a-newline"),
        pytest.param(base64.b64encode(saved(front())), id="base64"),
        pytest.param(b"MZ\x90\x00" + bytes(500), id="program"),
        pytest.param(b"%!PS-Adobe-3.0\n", id="postscript"),
        pytest.param(b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", id="heic"),
    ],
)
async def test_other_content_is_refused_whatever_its_name(documents: Documents, body: bytes) -> None:
    with pytest.raises(UnsupportedFileType) as refused:
        await documents.read(body)
    assert (refused.value.kind, refused.value.code) == (Kind.UNSUPPORTED, "UNSUPPORTED_FILE_TYPE")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(png_that_says(50_000, 50_000, pixels=bytes(10_000_000)), id="png-50k-by-50k"),
        pytest.param(png_that_says(2**31 - 1, 2**31 - 1), id="png-of-the-largest-header"),
        pytest.param(png_that_says(50_000_001, 1), id="png-one-pixel-too-many"),
        pytest.param(jpeg_that_says(65_500, 65_500), id="jpeg"),
    ],
)
async def test_bombs_are_not_unfolded(documents: Documents, body: bytes) -> None:
    assert len(body) < 50_000
    with pytest.raises(TooManyPixels, match="50 million pixels") as refused:
        await documents.read(body)
    assert (refused.value.kind, refused.value.code) == (Kind.TOO_LARGE, "FILE_TOO_LARGE")


async def test_the_largest_photos_are_taken_and_made_smaller(documents: Documents) -> None:
    """Those that take the most memory of all that is allowed, and the child has enough."""
    sideways = Image.Exif()
    sideways[0x0112] = 6
    for mode, kind, size, more in (
        ("CMYK", "JPEG", (6250, 8000), {}),
        ("CMYK", "JPEG", (5000, 5000), {"progressive": True}),
        ("LA", "PNG", (5000, 5000), {}),
        ("I;16", "PNG", (5000, 5000), {}),
    ):
        scan = await documents.read(saved(Image.new(mode, size), kind, exif=sideways, **more))
        assert 4_000_000 <= scan.width * scan.height <= 18_000_000
        assert scan.width / scan.height == pytest.approx(size[1] / size[0], abs=0.01)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(png_that_says(25_000_001, 1), id="png"),
        pytest.param(saved(Image.new("L", (5001, 5000)), progressive=True), id="progressive-jpeg"),
    ],
)
async def test_what_is_unfolded_whole_may_have_fewer_pixels(documents: Documents, body: bytes) -> None:
    for make in (documents.read, Pictures(Children()).make):
        with pytest.raises(TooManyPixels, match="25 million pixels") as refused:
            await make(body)
        assert (refused.value.kind, refused.value.code) == (Kind.TOO_LARGE, "FILE_TOO_LARGE")


async def test_ten_megabytes_are_the_most(documents: Documents) -> None:
    picture = saved(front())
    assert corners(opened(await documents.read(picture.ljust(MOST_DOCUMENT_BYTES, b"\x00"))))[0] == "red"
    with pytest.raises(FileTooLarge, match="10 MB"):
        await documents.read(picture.ljust(MOST_DOCUMENT_BYTES + 1, b"\x00"))


def _png_with_a_text_bomb() -> bytes:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "0" * 200_000_000, zip=True)
    return saved(front(), "PNG", pnginfo=texts)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: saved(front())[:3000], id="jpeg-cut-short"),
        pytest.param(lambda: saved(front(), "PNG")[:1000], id="png-cut-short"),
        pytest.param(lambda: b"\xff\xd8\xff" + NOISE, id="jpeg-of-noise"),
        pytest.param(lambda: b"\x89PNG\r\n\x1a\n" + NOISE, id="png-of-noise"),
        pytest.param(lambda: b"\xff\xd8\xff", id="jpeg-of-three-bytes"),
        pytest.param(lambda: png_that_says(800, 600), id="png-with-one-pixel"),
        pytest.param(lambda: png_that_says(0, 0), id="png-of-no-size"),
        pytest.param(_png_with_a_text_bomb, id="png-with-a-text-bomb"),
        pytest.param(lambda: b"%PDF-1.7\n" + NOISE, id="pdf-of-noise"),
        pytest.param(lambda: pdf_of([RED_PAGE])[:200], id="pdf-cut-short"),
        pytest.param(lambda: pdf_of([]), id="pdf-without-pages"),
        pytest.param(
            lambda: pdf_of([RED_PAGE], size=(0, 0)).replace(b"/MediaBox [0 0 0 0]", b""), id="pdf-tiny"
        ),
    ][:-1],
)
async def test_what_is_broken_is_refused_in_words(documents: Documents, make: Callable[[], bytes]) -> None:
    with pytest.raises(UnreadableDocument, match="We cannot read this file") as refused:
        await documents.read(make())
    assert (refused.value.kind, refused.value.code) == (Kind.INVALID, "UNREADABLE_DOCUMENT")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(saved(front((399, 900))), id="jpeg"),
        pytest.param(saved(front((900, 399)), "PNG"), id="png"),
        pytest.param(pdf_of([RED_PAGE], size=(90, 700)), id="pdf"),
    ],
)
async def test_what_is_too_small_to_read_is_refused(documents: Documents, body: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="too small"):
        await documents.read(body)


async def test_a_page_is_rendered_at_300_dots_an_inch(documents: Documents) -> None:
    scan = await documents.read(pdf_of([RED_PAGE]))
    assert (scan.width, scan.height) == pytest.approx((2550, 3300), abs=1)
    assert corners(opened(scan)) == ["red"] * 4


async def test_two_pages_stand_one_above_the_other(documents: Documents) -> None:
    scan = await documents.read(pdf_of([RED_PAGE, BLUE_PAGE]))
    assert (scan.width, scan.height) == pytest.approx((2550, 6600), abs=2)
    assert corners(opened(scan)) == ["red", "red", "blue", "blue"]


@pytest.mark.parametrize("count", [3, 300])
async def test_more_pages_are_refused(documents: Documents, count: int) -> None:
    with pytest.raises(UnreadableDocument, match="more than two pages"):
        await documents.read(pdf_of([RED_PAGE] * count))


async def test_a_huge_page_is_rendered_within_bounds(documents: Documents) -> None:
    scan = await documents.read(pdf_of([RED_PAGE], size=(14_400, 14_400)))
    assert scan.width * scan.height <= 18_100_000


async def test_a_locked_pdf_is_refused(documents: Documents) -> None:
    locked = pdf_of(
        [RED_PAGE],
        trailer=f"/Encrypt << /Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O <{'41' * 32}> /U <{'42' * 32}> >> "
        f"/ID [<{'43' * 16}> <{'43' * 16}>]",
    )
    with pytest.raises(UnreadableDocument, match="password"):
        await documents.read(locked)


async def test_what_a_pdf_does_besides_is_not_done(documents: Documents, tmp_path: Path) -> None:
    place = tmp_path / "written"
    active = pdf_of(
        [RED_PAGE],
        catalog=f"/OpenAction << /S /JavaScript /JS (app.alert\\('{MARK.decode()}'\\)) >> "
        f"/AA << /WC << /S /Launch /F ({place}) >> >> /Lang ({MARK.decode()})",
    )
    scan = await documents.read(active + a_zip())
    assert corners(opened(scan)) == ["red"] * 4
    assert not place.exists()


async def test_a_pdf_that_unfolds_for_ever_ends_with_its_child() -> None:
    """Forms that each draw the next ten times: 10**12 rectangles in two kilobytes."""
    depth = 12
    forms = []
    for at in range(depth):
        content = b"/F Do " * 10 if at < depth - 1 else b"0 0 9 9 re f"
        following = f"/Resources << /XObject << /F {6 + at} 0 R >> >>" if at < depth - 1 else ""
        forms.append(
            f"<< /Type /XObject /Subtype /Form /BBox [0 0 612 792] {following} /Length {len(content)} >> "
            f"stream\n{content.decode()}\nendstream".encode()
        )
    body = pdf_of([b"/F Do " * 10], resources="/XObject << /F 5 0 R >>", more=forms)
    assert len(body) < 5000
    with pytest.raises(UnreadableDocument, match="We cannot read this file"):
        await Documents(Children(longest=3)).read(body)


CARD = Card(version=10, number="T48210377")
TEXT = barcode(CARD, extra="ZTZTAN").encode()


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("width", [700, 1712])
async def test_the_barcode_is_read_from_a_flat_scan(documents: Documents, kind: str, width: int) -> None:
    scan = await documents.read(saved(card_back(CARD, width=width), kind))
    assert await documents.find_pdf417(scan.jpeg) == TEXT


@pytest.mark.parametrize("turned", [0, 2, -9, 20, 45, 90, 178, 265])
@pytest.mark.parametrize(("width", "blur"), [(2600, 1.5), (1600, 0.8)])
async def test_the_barcode_is_read_from_a_photo(
    documents: Documents, turned: int, width: int, blur: float
) -> None:
    photo = saved(photographed(card_back(CARD), turned=turned, width=width, blur=blur), quality=75)
    scan = await documents.read(photo)
    assert await documents.find_pdf417(scan.jpeg) == TEXT


async def test_the_barcode_is_read_from_a_scanned_page(documents: Documents) -> None:
    card = card_back(CARD)
    scan = await documents.read(pdf_with(saved(card), card.size))
    assert await documents.find_pdf417(scan.jpeg) == TEXT


@pytest.mark.parametrize(
    "jpeg",
    [
        pytest.param(saved(front()), id="no-barcode"),
        pytest.param(saved(photographed(card_back(CARD), blur=12)), id="out-of-focus"),
        pytest.param(b"not a picture", id="no-picture"),
        pytest.param(jpeg_that_says(65_500, 65_500), id="bomb"),
    ],
)
async def test_no_barcode_is_none(documents: Documents, jpeg: bytes) -> None:
    assert await documents.find_pdf417(jpeg) is None

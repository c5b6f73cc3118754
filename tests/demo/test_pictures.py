"""Pictures and lab reports are safe to serve as they are, and say what the label says."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from xml.etree import ElementTree as ET

import pytest

from faded_skies.demo.catalogue import PRODUCTS
from faded_skies.demo.pictures import lab_report, picture
from faded_skies.demo.product import Product

SVG = "{http://www.w3.org/2000/svg}"
TESTED = [product for product in PRODUCTS if product.lab_tested]
BY_SLUG = {product.slug: product for product in PRODUCTS}


class Text(HTMLParser):
    """Collects a page's tags, and its table rows as lists of cells."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert not {name for name, _ in attrs} & {"href", "src", "onload", "onclick"}
        if tag == "tr":
            self.rows.append([])

    def handle_data(self, data: str) -> None:
        self.text += data
        if data.strip() and self.rows:
            self.rows[-1].append(data)


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.slug)
def test_a_picture_is_a_small_self_contained_svg(product: Product) -> None:
    image = picture(product)
    root = ET.fromstring(image)

    assert len(image) < 6_000
    assert root.tag == f"{SVG}svg"
    assert root.get("viewBox") == "0 0 800 800"
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in {
            *("svg", "title", "defs", "linearGradient", "stop"),
            *("g", "rect", "circle", "ellipse", "path", "text"),
        }
        assert not any("href" in name or name.startswith("on") for name in element.attrib)


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.slug)
def test_a_picture_names_its_product(product: Product) -> None:
    root = ET.fromstring(picture(product))
    lines = [text.text or "" for text in root.iter(f"{SVG}text")]

    assert root.findtext(f"{SVG}title") == product.name
    assert " ".join(lines[:-1]) == product.name
    assert 1 <= len(lines[:-1]) <= 2
    assert max(map(len, lines)) <= 32


def test_no_two_products_look_the_same() -> None:
    assert len({picture(product) for product in PRODUCTS}) == len(PRODUCTS)


def test_a_picture_is_the_same_in_every_process() -> None:
    program = (
        "import sys\n"
        "from faded_skies.demo.catalogue import PRODUCTS\n"
        "from faded_skies.demo.pictures import picture\n"
        "sys.stdout.buffer.write(b''.join(picture(product) for product in PRODUCTS))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        elsewhere = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, check=True
        )
        assert elsewhere.stdout == b"".join(picture(product) for product in PRODUCTS)


@pytest.mark.parametrize("product", TESTED, ids=lambda product: product.slug)
def test_a_lab_report_agrees_with_the_label(product: Product) -> None:
    page = Text(lab_report(product))
    figures = {row[0]: row[1:] for row in page.rows}

    assert "DEMO – not a real laboratory report" in page.text  # noqa: RUF001 - the page's own dash
    assert product.name in page.text
    assert "script" not in page.tags
    assert figures["Total THC"][1] == f"{product.thc_mg:.1f}"
    assert figures["Total CBD"][1].startswith(f"{product.cbd_mg:.1f}")
    heated_thca = float(figures["THCA"][1]) * 0.877
    assert heated_thca + float(figures["Δ9-THC"][1]) == pytest.approx(product.thc_mg, abs=0.1)


def test_a_lab_report_shows_flower_as_it_is_before_heating() -> None:
    page = Text(lab_report(BY_SLUG["barton-haze-3-5-g"]))
    figures = {row[0]: row[1:] for row in page.rows}

    assert figures["Total THC"] == ["224.000", "784.0"]
    assert figures["Δ9-THC"] == ["8.960", "31.4"]
    assert figures["THCA"] == ["245.200", "858.2"]


def test_everything_on_a_lab_report_passed() -> None:
    page = Text(lab_report(BY_SLUG["blackberry-dusk-gummies"]))

    assert [row[-1] for row in page.rows if len(row) == 3 and row[-1] == "Pass"] == ["Pass"] * 5
    assert not re.search(r"fail", page.text, re.IGNORECASE)

"""Generated paperwork of a product: its picture (SVG) and its certificate of analysis (HTML)."""

from html import escape
from textwrap import wrap
from zlib import crc32

from faded_skies.demo.drawing.choice import draw
from faded_skies.demo.drawing.strokes import Palette
from faded_skies.demo.product import Product
from faded_skies.domains.catalog.service import Strain

_PALETTES: dict[Strain | None, tuple[Palette, ...]] = {
    "sativa": (
        Palette(("#ffe1a8", "#ff9a6c"), "#fff3cf", ("#d9675a", "#8f3350"), "#7fa83e", "#4f7a2c", "#d6e38a"),
        Palette(("#ffd3b0", "#f77f7a"), "#ffeecb", ("#c7527a", "#7d2c5e"), "#f0a030", "#b86a14", "#ffdf8e"),
        Palette(("#fff0b8", "#f9b24e"), "#fffbe6", ("#d97a3c", "#93441f"), "#5f9e57", "#38703a", "#cfe6a0"),
    ),
    "indica": (
        Palette(("#2a2757", "#8b5fae"), "#f4e6ff", ("#4a3585", "#231a4c"), "#8a6cc4", "#54408f", "#cdb8f0"),
        Palette(("#1d2a55", "#6a6fb8"), "#e6ecff", ("#34427f", "#17204a"), "#6f7fd0", "#3f4a94", "#bcc7f5"),
        Palette(("#3a1f4d", "#b0648f"), "#ffe3ee", ("#68356f", "#331944"), "#a1588f", "#6b3164", "#e9b7d6"),
    ),
    "hybrid": (
        Palette(("#cdeee0", "#5cb3a3"), "#fbfde6", ("#33857d", "#17494e"), "#4fa36c", "#2c6f4c", "#bfe6bd"),
        Palette(("#d7ecff", "#6fa9c9"), "#fff9e0", ("#3f7ea0", "#1c4661"), "#56a79a", "#2d6f6c", "#c2e8dc"),
        Palette(("#e8f3c6", "#8dbf73"), "#fffde4", ("#5b8f4e", "#2b542f"), "#86a83c", "#567322", "#dde9a0"),
    ),
    None: (
        Palette(("#eaf1f7", "#a9c4dc"), "#ffffff", ("#7593b0", "#344f69"), "#7aa7d0", "#456f99", "#d3e5f5"),
        Palette(("#f7ece3", "#d8b59c"), "#fffaf2", ("#a77f68", "#5d3f31"), "#c98f6a", "#8d5b3c", "#f1d4bd"),
        Palette(("#eef2e6", "#b5c6a4"), "#ffffff", ("#7f9674", "#3c5238"), "#93b07c", "#5c7a4b", "#dbe8cc"),
    ),
}

_TERPENES = {
    "sativa": ("Limonene", "Terpinolene", "Pinene", "Ocimene", "Caryophyllene"),
    "indica": ("Myrcene", "Linalool", "Caryophyllene", "Humulene", "Bisabolol"),
    "hybrid": ("Caryophyllene", "Limonene", "Myrcene", "Pinene", "Humulene"),
}

_CONTAMINANTS = (
    ("Pesticides (66 compounds)", "none above the limit"),
    ("Heavy metals (As, Cd, Hg, Pb)", "none above the limit"),
    ("Microbes (E. coli, Salmonella, Aspergillus)", "not detected in 1 g"),
    ("Mycotoxins (aflatoxins, ochratoxin A)", "below 20 µg/kg"),
    ("Residual solvents (20 compounds)", "none above the limit"),
    ("Foreign material", "none seen"),
)

_DECARBOXYLATED = 0.877
"""Grams of THC that a gram of THCA leaves when it is heated: the ratio of their molar masses."""


def picture(product: Product) -> bytes:
    """An SVG of 800 x 800 without outside resources; the same bytes for the same product every time."""
    seed = crc32(product.slug.encode())
    palettes = _PALETTES[product.strain_type]
    p = palettes[seed % len(palettes)]
    sun_x, sun_y, sun_r = 170 + seed // 7 % 460, 190 + seed // 11 % 120, 110 + seed // 13 % 60
    ridge = 60 - seed // 17 % 120
    cloud_x, cloud_y = 120 + seed // 19 % 420, 110 + seed // 23 % 90
    title = escape(product.name)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="800" height="800" viewBox="0 0 800 800" role="img" '
        f'aria-labelledby="t"><title id="t">{title}</title>'
        f'<defs><linearGradient id="s" x2="0" y2="1"><stop stop-color="{p.sky[0]}"/>'
        f'<stop offset=".75" stop-color="{p.sky[1]}"/></linearGradient></defs>'
        '<rect width="800" height="800" fill="url(#s)"/>'
        f'<circle cx="{sun_x}" cy="{sun_y}" r="{sun_r + 46}" fill="{p.sun}" opacity=".3"/>'
        f'<circle cx="{sun_x}" cy="{sun_y}" r="{sun_r}" fill="{p.sun}" opacity=".9"/>'
        f'<path d="M{cloud_x} {cloud_y}h150m-210 44h260m-330 330h190" stroke="#fff" stroke-width="26" '
        'stroke-linecap="round" opacity=".35"/>'
        f'<path fill="{p.hills[0]}" d="M0 {520 + ridge}Q200 {420 - ridge} 400 {500 + ridge}T800'
        f' {480 - ridge}V800H0Z"/>'
        f'<path fill="{p.hills[1]}" d="M0 590Q220 540 420 580T800 560V800H0Z"/>'
        f"{draw(p, product)}{_caption(product)}</svg>"
    ).encode()


def _caption(product: Product) -> str:
    """The name in white on the near hill, in one or two lines, and a small line of facts under it."""
    # About half the letters in each line, and never a break inside "Dog-Walkers".
    width = 20 if len(product.name) <= 20 else max(16, len(product.name) // 2 + 4)
    lines = wrap(product.name, width, break_on_hyphens=False)
    size = 56 if max(map(len, lines)) <= 20 else 48
    first = 700 if len(lines) == 1 else 670
    facts = " · ".join(
        fact
        for fact in (
            product.strain_type and product.strain_type.capitalize(),
            product.thc_content and f"THC {product.thc_content}",
            product.cbd_content and f"CBD {product.cbd_content}",
        )
        if fact
    )
    name = "".join(
        f'<text x="400" y="{first + row * (size + 4)}" font-size="{size}"'
        f' font-weight="700">{escape(line)}</text>'
        for row, line in enumerate(lines)
    )
    return (
        '<g fill="#fff" text-anchor="middle" font-family="Avenir Next,Segoe UI,Helvetica,Arial,sans-serif">'
        f'{name}<text x="400" y="778" font-size="32" opacity=".85">{escape(facts)}</text></g>'
    )


def lab_report(product: Product) -> bytes:
    """A made-up certificate of analysis as one HTML page, whose figures agree with the product's label."""
    seed = crc32(product.slug.encode())
    name = escape(product.name)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Certificate of analysis: {name} (demo)</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; color: #223 }}
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem }}
.demo {{ background: #8f3350; color: #fff; padding: .75rem 1rem; border-radius: .5rem; font-weight: 700 }}
table {{ border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem }}
th, td {{ text-align: left; padding: .35rem .5rem; border-bottom: 1px solid #d5dae1 }}
td + td, th + th {{ text-align: right }}
tr.total td {{ font-weight: 700 }}
.pass {{ color: #2c6f4c; font-weight: 700 }}
</style>
</head>
<body>
<p class="demo">DEMO &ndash; not a real laboratory report</p>
<h1>Certificate of analysis</h1>
<p><strong>{name}</strong><br>
Batch FS-{seed % 1_000_000:06} · net weight {product.net_weight_mg / 1_000:g} g</p>
<h2>Cannabinoids</h2>
<table><tr><th>Compound</th><th>mg/g</th><th>mg per package</th></tr>{_cannabinoids(product)}</table>
<h2>Terpenes</h2>
<table><tr><th>Compound</th><th>mg/g</th></tr>{_terpenes(product, seed)}</table>
<h2>Contaminants</h2>
<table><tr><th>Test</th><th>Finding</th><th>Result</th></tr>{_contaminants()}</table>
<p>Overall result: <span class="pass">Pass</span></p>
</body>
</html>
""".encode()


def _row(*cells: str, emphasis: str = "") -> str:
    return f"<tr{emphasis}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _cannabinoids(product: Product) -> str:
    def row(compound: str, mg: float, emphasis: str = "") -> str:
        return _row(compound, f"{mg * 1_000 / product.net_weight_mg:.3f}", f"{mg:.1f}", emphasis=emphasis)

    total = ' class="total"'
    raw = product.product_class in {"flower", "preroll"}
    thc = product.thc_mg
    # Flower is tested unheated: most of its THC is still THCA. Everything else has been heated before.
    active = thc * 0.04 if raw else thc
    return "".join(
        (
            row("THCA", (thc - active) / _DECARBOXYLATED),
            row("Δ9-THC", active),
            row("Total THC", thc, total),
            row("Total CBD", product.cbd_mg, total),
            row("CBG", (thc + product.cbd_mg) * 0.02),
            row("CBN", thc * 0.005),
        )
    )


def _terpenes(product: Product, seed: int) -> str:
    names = _TERPENES[product.strain_type or "hybrid"]
    # They come with the plant, so a weak drink has few of them: up to a twentieth of its cannabinoids.
    cannabinoids = (product.thc_mg + product.cbd_mg) * 1_000 / product.net_weight_mg
    shares = [(4 - 0.7 * place) / 100 * (80 + seed // (place + 2) % 40) / 100 for place in range(len(names))]
    return "".join(
        _row(name, f"{cannabinoids * share:.4f}") for name, share in zip(names, shares, strict=True)
    )


def _contaminants() -> str:
    return "".join(_row(test, finding, '<span class="pass">Pass</span>') for test, finding in _CONTAMINANTS)

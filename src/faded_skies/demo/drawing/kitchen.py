"""Edibles, beverages, tinctures and topicals."""

from faded_skies.demo.drawing.strokes import LABEL, Palette, leaf, rect, shadow
from faded_skies.demo.product import Product


def gummies(p: Palette, _: Product) -> str:
    colours = (p.body, p.shade, p.body, p.glow, p.body, p.glow)
    places = ((285, 500, -8), (400, 508, 5), (515, 500, 10), (340, 396, 7), (458, 396, -6), (400, 290, 12))
    pieces = "".join(
        f'<g transform="translate({x} {y}) rotate({turn})">'
        f"{rect(-54, -54, 108, 108, 30, colour)}"
        f'<path d="M-34-32h44" stroke="#fff" stroke-width="12" stroke-linecap="round" opacity=".6"/>'
        '<path d="M-20 6h.1M8-6h.1M24 20h.1M-4 30h.1M-34 24h.1M32-24h.1" stroke="#fff" stroke-width="9" '
        'stroke-linecap="round" opacity=".8"/></g>'
        for (x, y, turn), colour in zip(places, colours, strict=True)
    )
    return shadow(210) + pieces


def bar(p: Palette, _: Product) -> str:
    squares = "".join(
        rect(298 + column * 70, 170 + row * 70, 62, 62, 10, "#6b4028")
        + rect(306 + column * 70, 178 + row * 70, 46, 10, 5, "#96623f")
        for row in range(4)
        for column in range(3)
    )
    return (
        shadow(160)
        + f'<g transform="rotate(-6 400 400)">{rect(286, 158, 228, 400, 16, "#4a2a1a")}{squares}'
        + f'<path fill="{p.body}" d="M270 400l20 16 20-16 20 16 20-16 20 16 20-16 20 16 20-16 20 16 20-16'
        " 20 16 20-16"
        f'v200H270Z"/>{rect(270, 470, 260, 54, 0, p.glow)}</g>'
    )


def biscuits(p: Palette, _: Product) -> str:
    places = ((310, 510, 84), (490, 510, 84), (400, 400, 92))
    return (
        shadow(220)
        + "".join(
            f'<circle cx="{x}" cy="{y}" r="{r}" fill="#b9783f"/><circle cx="{x}" cy="{y - 8}" r="{r - 10}" '
            f'fill="#d99a5b"/><path d="M{x - 40} {y - 30}h.1M{x + 16} {y - 46}h.1M{x + 42}'
            f' {y}h.1M{x - 10} {y + 4}h.1'
            f'M{x - 44} {y + 26}h.1M{x + 12} {y + 40}h.1" stroke="{p.shade}" stroke-width="24"'
            ' stroke-linecap="round"/>'
            for x, y, r in places
        )
    )  # fmt: skip


def capsules(p: Palette, _: Product) -> str:
    places = ((310, 530, 78), (470, 540, 100), (350, 430, 20), (480, 400, -38), (400, 290, 58))
    return shadow(200) + "".join(
        f'<g transform="translate({x} {y}) rotate({turn})">{rect(-38, -86, 76, 172, 38, LABEL)}'
        f'<path fill="{p.body}" d="M-38 0H38V48A38 38 0 0 1-38 48Z"/>'
        '<path d="M-18-52v96" stroke="#fff" stroke-width="10" stroke-linecap="round" opacity=".7"/></g>'
        for x, y, turn in places
    )


def can(p: Palette, product: Product) -> str:
    one = (
        f'<path fill="#d5dae1" d="M316 200q0-26 30-34h108q30 8 30 34v368q0 26-30 34H346q-30-8-30-34Z"/>'
        f'<path fill="{p.body}" d="M316 206h168v356H316Z"/>'
        f'<path fill="{p.glow}" d="M316 410q42-50 84-14t84-16v182H316Z"/>'
        f'<path fill="{p.shade}" d="M316 470q42-40 84-10t84-20v122H316Z"/>'
        f'<circle cx="400" cy="300" r="54" fill="{p.sun}"/>{leaf(400, 326, 0.5, p.shade)}'
        '<path d="M336 220v330" stroke="#fff" stroke-width="14" stroke-linecap="round" opacity=".5"/>'
        '<ellipse cx="400" cy="168" rx="56" ry="10" fill="#f2f4f7"/>'
    )
    if "Four-Pack" in product.name:
        pair = f'<g transform="translate(-110 0)">{one}</g><g transform="translate(110 0)">{one}</g>'
        return shadow(230) + pair
    return shadow(120) + one


def bottle(p: Palette, _: Product) -> str:
    return (
        shadow(120) + f'<path fill="{p.body}" d="M366 180h68v70q0 30 30 54 26 22 26 60v196q0 40-40 40H350q-40'
        " 0-40-40V364q0-38 26-60 "
        '30-24 30-54Z"/>'
        + f'<path fill="{p.shade}" d="M310 540v20q0 40 40 40h100q40 0 40-40v-20Z"/>'
        + rect(358, 130, 84, 62, 14, p.shade)
        + rect(310, 386, 180, 150, 0, LABEL)
        + leaf(400, 496, 0.62, p.shade)
        + '<path d="M334 360v20M334 548v10" stroke="#fff" stroke-width="14" stroke-linecap="round"'
        ' opacity=".6"/>'
    )


def dropper(p: Palette, _: Product) -> str:
    return (
        shadow(120)
        + rect(310, 320, 180, 280, 40, "#8a4b16")
        + rect(326, 340, 18, 230, 9, "#c98238")
        + rect(310, 400, 180, 150, 0, LABEL)
        + rect(310, 400, 180, 18, 0, p.body)
        + leaf(400, 516, 0.6, p.body)
        + rect(356, 262, 88, 66, 10, "#2c2f38")
        + f'<path fill="{p.shade}" d="M372 264v-70q0-44 28-44t28 44v70Z"/>'
        + f'<path fill="{p.glow}" d="M566 380q44 62 0 86-44-24 0-86Z"/>'
    )


def tin(p: Palette, _: Product) -> str:
    return (
        shadow(210)
        + f'<path fill="{p.shade}" d="M210 470v84c0 62 380 62 380 0v-84Z"/>'
        + f'<ellipse cx="400" cy="470" rx="190" ry="48" fill="{LABEL}"/>'
        + f'<path fill="{p.glow}" d="M240 470c30-40 90-12 140-30s130-4 180 30c-60 44-260 44-320 0Z"/>'
        + '<path fill="none" stroke="#fff" stroke-width="9" stroke-linecap="round" d="M300 470q50-24'
        ' 90-6t90-8"/>'
        + f'<circle cx="400" cy="270" r="136" fill="{p.shade}"/><circle cx="400" cy="270" r="116"'
        f' fill="{p.body}"/>' + leaf(400, 318, 1.1, p.glow)
    )

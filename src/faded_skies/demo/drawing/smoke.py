"""Flower, pre-rolls, vapes and concentrates."""

import re

from faded_skies.demo.drawing.strokes import GLASS, LABEL, Palette, rect, shadow
from faded_skies.demo.product import Product


def jar(p: Palette, product: Product) -> str:
    places = (
        (330, 545, 1.0), (400, 550, 1.1), (470, 545, 1.0),
        (365, 480, 1.05), (440, 478, 1.1), (312, 478, 0.8), (490, 478, 0.8),
        (400, 412, 1.1), (335, 410, 0.9), (468, 410, 0.9),
        (370, 345, 0.95), (436, 345, 1.0),
    )  # fmt: skip
    filled = places[: {3_500: 5, 7_000: 7, 14_000: 10, 28_000: 12}[product.net_weight_mg]]
    buds = "".join(
        f'<path transform="translate({x} {y}) scale({size:g})" d="M0-52C22-50 34-34 32-22 52-14'
        ' 52 12 38 20 40 40 16 52 0 46-16 52-40 40-38 20-52 12-52-14-32-22-34-34-22-50 0-52Z"/>'
        f'<circle cx="{x - 3}" cy="{y - 6}" r="{33 * size:.0f}" fill="{p.body}"/>'
        for x, y, size in filled
    )
    hairs = "".join(f"M{x - 16} {y - 22}q8 2 10 12m14 4q10-2 14 8m-32 6q6 8 14 8" for x, y, _ in filled)
    return (
        shadow(170)
        + f'<g fill="{p.shade}">{buds}</g>'
        + f'<path fill="none" stroke="#e8873a" stroke-width="5" stroke-linecap="round" d="{hairs}"/>'
        + rect(262, 262, 276, 338, 44, GLASS)
        + rect(280, 196, 240, 76, 18, p.shade)
        + rect(280, 212, 240, 12, 0, p.glow)
        + '<path d="M292 300v240" stroke="#fff" stroke-width="14" stroke-linecap="round" opacity=".6"/>'
    )


def cones(p: Palette, product: Product) -> str:
    found = re.search(r"(\d+) x", product.name)
    if found is None:
        smoke = (
            '<path fill="none" stroke="#fff" stroke-width="16" stroke-linecap="round" opacity=".75" '
            'd="M612 112c-30-30 26-46 2-84"/>'
        )
        return shadow(120) + smoke + cone(24, 1.2, p)
    count = min(int(found[1]), 5)
    fan = "".join(cone((index - (count - 1) / 2) * 17, 1, p) for index in range(count))
    return shadow(180) + fan + rect(250, 520, 300, 84, 16, p.shade) + rect(250, 520, 300, 18, 8, p.glow)


def cone(turn: float, size: float, p: Palette) -> str:
    return (
        f'<g transform="translate(400 596) rotate({turn:g}) scale({size:g})">'
        f'<path fill="{LABEL}" d="M-20-90-40-380Q-20-400-6-432 4-440 10-428 20-398 40-380L20-90Z"/>'
        f'<path fill="#000" opacity=".08" d="M6-90 14-390Q24-386 40-380L20-90Z"/>'
        f'<path fill="{p.body}" d="M-21-106h42l-4 96q-17 8-34 0Z"/>'
        f'<path fill="{p.glow}" d="M-20-88h40l-1 14h-38Z"/>'
        f'<path fill="none" stroke="#cdbfa6" stroke-width="4" d="M-36-330q36 26 73 4'
        'M-32-260q32 22 63 2"/></g>'
    )


def cartridge(p: Palette, product: Product) -> str:
    oil = 150 if product.net_weight_mg < 1_000 else 190
    return (
        shadow(90)
        + rect(346, 430, 108, 170, 20, p.shade)
        + rect(362, 446, 14, 140, 7, p.glow)
        + f'<circle cx="400" cy="520" r="14" fill="{p.sun}"/>'
        + rect(360, 404, 80, 30, 6, "#c9ced6")
        + rect(352, 206, 96, 200, 14, GLASS)
        + rect(358, 400 - oil, 84, oil, 10, "#e09a2b")
        + rect(366, 408 - oil, 14, oil - 24, 7, "#ffd98a")
        + rect(390, 250, 20, 154, 4, "#d9dde3")
        + '<path fill="#2c2f38" d="M352 210q0-24 18-34l6-66q24-14 48 0l6 66q18 10 18 34Z"/>'
    )


def pen(p: Palette, _: Product) -> str:
    return (
        shadow(80)
        + f'<g transform="rotate(12 400 400)">{rect(352, 190, 96, 400, 44, p.body)}'
        + rect(366, 210, 18, 350, 9, p.glow)
        + rect(372, 110, 56, 92, 18, "#2c2f38")
        + rect(384, 300, 44, 120, 22, "#2c2f38")
        + rect(390, 340, 32, 74, 16, "#e09a2b")
        + f'<circle cx="404" cy="520" r="12" fill="{p.sun}"/></g>'
    )


def dab(p: Palette, _: Product) -> str:
    return (
        shadow(210)
        + rect(210, 420, 380, 180, 46, GLASS)
        + '<path fill="#c9781c" d="M232 500q30-26 70-14 40-30 96-8 50-26 92 2 50-14 78 20v56q0 26-34'
        " 26H266q-34 0-34"
        '-26Z"/><path fill="#f0b445" d="M250 520q30-18 62-8 36-24 84-6 46-20 80 2 40-10 62 12-70 26-144'
        " 20-80 6-144"
        '-20Z"/><path fill="#ffe0a0" d="m330 470 34-84 52 10 22 66-46 34Z"/>'
        '<path fill="#ffc861" d="m416 396 22 66-46 34-28-110Z"/><path fill="#ffd98a" d="m446 488 26-56 44'
        " 20 4 44-40 "
        '22Z"/><path fill="#f0b445" d="m516 452 4 44-40 22-8-86Z"/>'
        + rect(228, 396, 344, 40, 14, 'fill="#fff" fill-opacity=".5"')
        + f'<g transform="rotate(-14 260 330)">{rect(170, 300, 210, 56, 16, p.shade)}'
        + rect(170, 314, 210, 10, 0, p.glow)
        + "</g>"
    )

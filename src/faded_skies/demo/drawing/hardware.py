"""Plants and accessories."""

from faded_skies.demo.drawing.strokes import LABEL, Palette, leaf, rect, shadow
from faded_skies.demo.product import Product


def plant(p: Palette, _: Product) -> str:
    return (
        shadow(130)
        + '<path d="M400 470V200" stroke="#4d7a3a" stroke-width="14" stroke-linecap="round"/>'
        + leaf(404, 420, 1.05, "#4d8f45", 58)
        + leaf(396, 420, 1.05, "#4d8f45", -58)
        + leaf(400, 340, 1.0, "#5fa854", 38)
        + leaf(400, 340, 1.0, "#5fa854", -38)
        + leaf(400, 250, 1.0, "#78c267")
        + pot(p)
    )


def garden(p: Palette, _: Product) -> str:
    sprout = leaf(400, 400, 0.7, "#5fa854", 24) + leaf(400, 400, 0.5, "#78c267", -30)
    soil = '<ellipse cx="400" cy="446" rx="106" ry="24" fill="#4a3526"/>'
    return (
        shadow(130)
        + f'{sprout}<path d="M400 440v-40" stroke="#5fa854" stroke-width="8"/>'
        + f'<g transform="translate(400 602) scale(1.3) translate(-400 -602)">{soil}{pot(p)}</g>'
    )


def pot(p: Palette) -> str:
    return (
        f'<path fill="{p.body}" d="M300 470h200l-26 112q-4 20-24 20H350q-20 0-24-20Z"/>'
        + rect(284, 440, 232, 44, 12, p.shade)
        + f'<path fill="{p.glow}" d="M322 496h24l16 90h-20Z" opacity=".7"/>'
    )


def grinder(p: Palette, _: Product) -> str:
    ridges = "".join(rect(236 + step * 41, 400, 14, 190, 7, p.body) for step in range(9))
    teeth = "".join(
        f'<path fill="{p.glow}" d="m400 196 16 26-16 26-16-26Z" transform="rotate({angle} 400 310)"/>'
        for angle in range(0, 360, 45)
    )
    return (
        shadow(200)
        + rect(214, 388, 372, 214, 28, p.shade)
        + ridges
        + rect(214, 484, 372, 16, 0, p.glow)
        + f'<circle cx="400" cy="310" r="164" fill="{p.shade}"/><circle cx="400" cy="310" r="140"'
        f' fill="{p.body}"/>' + f'{teeth}<circle cx="400" cy="310" r="30" fill="{p.sun}"/>'
    )


def papers(p: Palette, _: Product) -> str:
    leaves = "".join(
        f'<path fill="{colour}" d="M270 330h260v-160h-260Z" transform="rotate({turn} 400 340)"/>'
        for turn, colour in ((-10, "#f1e6cf"), (6, "#fffaf0"), (-2, "#f8efdc"))
    )
    return (
        shadow(180)
        + leaves
        + rect(240, 320, 320, 280, 20, p.body)
        + f'<path fill="{p.shade}" d="M240 340q0-20 20-20h280q20 0 20 20v50q-160 60-320 0Z"/>'
        + f'<circle cx="400" cy="496" r="72" fill="{p.sun}"/>{leaf(400, 532, 0.66, p.shade)}'
    )


def glass(p: Palette, _: Product) -> str:
    return (
        shadow(190) + f'<path fill="{p.glow}" fill-opacity=".75" stroke="{LABEL}" stroke-width="8" '
        'd="M356 130h88v230l124 196q16 44-30 44H262q-46 0-30-44l124-196Z"/>'
        + f'<path fill="{p.body}" fill-opacity=".85" d="m318 440-74 118q-10 30 20 30h272q30 0'
        ' 20-30l-74-118Z"/>'
        + f'<path d="m500 470 90-120" stroke="{LABEL}" stroke-width="22" stroke-linecap="round"/>'
        + f'<path fill="{p.shade}" d="m560 300 76 54-30 34-72-50Z"/>'
        + rect(342, 116, 116, 26, 13, p.shade)
        + '<path d="M378 170v180M280 546h.1M340 520h.1M430 550h.1M390 484h.1" stroke="#fff"'
        ' stroke-width="16" '
        'stroke-linecap="round" opacity=".7"/>'
    )


def pipe(p: Palette, _: Product) -> str:
    return (
        shadow(220)
        + '<g transform="rotate(-8 400 500)">'
        + f'<path fill="{p.body}" d="M600 470q30-4 30 20t-30 20C500 510 470 590 350 590q-130 0-130-90'
        " 0-60 60-74 "
        'v-50h140v50c50 18 90 48 180 44Z"/>'
        + f'<path fill="{p.shade}" d="M234 546q30 44 116 44c120 0 150-80 250-80q24 0 29-14-4-4-29-4c-100'
        " 0-130 60-250 60"
        'q-70 0-116-6Z"/>'
        + '<ellipse cx="350" cy="378" rx="70" ry="22" fill="#2c2f38"/>'
        + f'<path fill="none" stroke="{p.glow}" stroke-width="14" stroke-linecap="round" '
        'd="M262 500q4-30 34-40m150 0q40 24 90 30"/></g>'
        + '<path fill="none" stroke="#fff" stroke-width="16" stroke-linecap="round" opacity=".75" '
        'd="M320 330c-50-46 46-76 4-140"/>'
    )


def device(p: Palette, _: Product) -> str:
    return (
        shadow(110)
        + rect(310, 220, 180, 380, 50, p.shade)
        + rect(326, 240, 20, 330, 10, p.body)
        + rect(356, 150, 88, 80, 20, "#2c2f38")
        + rect(362, 290, 104, 120, 18, "#2c2f38")
        + f'<path fill="none" stroke="{p.sun}" stroke-width="10" stroke-linecap="round"'
        ' stroke-linejoin="round" '
        'd="m420 308-26 42h36l-26 42"/>'
        + f'<circle cx="414" cy="490" r="34" fill="{p.body}"/><circle cx="414" cy="490" r="16"'
        f' fill="{p.glow}"/>'
    )


def box(p: Palette, _: Product) -> str:
    return (
        shadow(220)
        + f'<path fill="{p.glow}" d="m400 240 200 96-200 96-200-96Z"/>'
        + f'<path fill="{p.body}" d="m200 336 200 96v180l-200-96Z"/><path fill="{p.shade}" d="m600'
        ' 336-200 96v180l200-96Z"/>'
        + '<path d="m200 392 200 96 200-96" fill="none" stroke="#000" stroke-opacity=".25" stroke-width="8"/>'
        + f'<circle cx="400" cy="500" r="34" fill="{p.sun}"/>'
        + '<path fill="#2c2f38" d="M400 484a11 11 0 0 1 6 20l4 18h-20l4-18a11 11 0 0 1 6-20Z"/>'
        + leaf(400, 366, 0.5, p.body)
    )

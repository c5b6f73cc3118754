"""What the drawings have in common: colours and the shapes that recur, as SVG fragments.

The stage is 800 x 800; things stand on the line y = 600 around x = 400.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    sky: tuple[str, str]
    """From the top of the sky to the horizon."""
    sun: str
    hills: tuple[str, str]
    """Far and near; the near one is dark enough for white letters."""
    body: str
    """The product's main colour."""
    shade: str
    """A darker body."""
    glow: str
    """A lighter body."""


GLASS = 'fill="#fff" fill-opacity=".28" stroke="#fff" stroke-opacity=".75" stroke-width="6"'
LABEL = "#fffaf0"


def shadow(width: int) -> str:
    return f'<ellipse cx="400" cy="602" rx="{width}" ry="20" fill="#000" opacity=".22"/>'


def rect(x: float, y: float, width: float, height: float, radius: float, paint: str) -> str:
    """A rounded rectangle; `paint` is a colour, or SVG attributes such as `GLASS`."""
    fill = f'fill="{paint}"' if paint.startswith("#") else paint
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}" {fill}/>'


def leaf(x: float, y: float, size: float, colour: str, turn: float = 0) -> str:
    """A seven-fingered leaf whose stem ends at (x, y); `size` 1 is about 140 px tall."""
    fingers = "".join(
        f'<path d="M0 0C{length * 0.16:.0f} {-length * 0.35:.0f} {length * 0.12:.0f} '
        f"{-length * 0.75:.0f} 0 {-length}C{-length * 0.12:.0f} {-length * 0.75:.0f} "
        f'{-length * 0.16:.0f} {-length * 0.35:.0f} 0 0" '
        f'transform="rotate({angle})"/>'
        for angle, length in ((0, 140), (-34, 120), (34, 120), (-68, 90), (68, 90), (-104, 52), (104, 52))
    )
    return (
        f'<g transform="translate({x:g} {y:g}) rotate({turn:g}) scale({size:g})" fill="{colour}">'
        f'{fingers}<path d="M-3 0h6v34h-6z"/></g>'
    )

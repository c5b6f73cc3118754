"""The demo shop's menu: its categories, and every product as it stands on the shelf."""

from dataclasses import replace
from zlib import crc32

from faded_skies.demo.menu.edibles import BEVERAGES, EDIBLES
from faded_skies.demo.menu.extracts import CONCENTRATES, VAPES
from faded_skies.demo.menu.flower import FLOWER, PRE_ROLLS
from faded_skies.demo.menu.hardware import ACCESSORIES, PLANTS
from faded_skies.demo.menu.wellness import CBD_WELLNESS, TINCTURES, TOPICALS
from faded_skies.demo.product import Category, Product

CATEGORIES = (
    Category("flower", "Flower", "🌿", "Hand-trimmed buds, cured slowly and jarred by weight.", 1),
    Category("pre-rolls", "Pre-Rolls", "🚬", "Rolled, tipped and ready: single cones and tins to share.", 2),
    Category("vapes", "Vapes", "💨", "Cartridges and ready-to-use pens, from bright to bedtime.", 3),
    Category("concentrates", "Concentrates", "🍯", "Rosin, resin, hash and diamonds for practised hands.", 4),
    Category("edibles", "Edibles", "🍬", "Gummies, chocolate and baked goods with a dose you can count.", 5),
    Category("beverages", "Beverages", "🥤", "Seltzers, teas and tonics, best served cold.", 6),
    Category("tinctures", "Tinctures", "💧", "Drops and sprays that are easy to measure.", 7),
    Category("topicals", "Topicals", "🧴", "Balms, oils and soaks for the skin.", 8),
    Category("cbd-wellness", "CBD & Wellness", "🌼", "The calm shelf: plenty of CBD, little or no THC.", 9),
    Category("accessories", "Accessories", "🔥", "Grinders, papers, glass and somewhere to keep it all.", 10),
    Category("plants", "Plants & Growing", "🪴", "Clones, seedlings and what they like to live in.", 11),
)

_SALES = {
    # slug: price in cents before the sale
    "limestone-lemon-3-5-g": 4600,
    "hill-country-honey-28-g": 27800,
    "bluebonnet-dusk-7-g": 9400,
    "cicada-song-28-g": 24000,
    "moontower-mist-minis-5-x-0-5-g": 3200,
    "cicada-song-party-tin-10-x-0-5-g": 5200,
    "tailwind-disposable-0-3-g": 2900,
    "peach-porch-cartridge-1-g": 6200,
    "golden-crumble-1-g": 3900,
    "dry-sift-kief-2-g": 3400,
    "watermelon-micro-gummies": 1900,
    "milk-honey-chocolate-bar": 2800,
    "double-fudge-brownie": 1500,
    "blood-orange-seltzer-four-pack": 2400,
    "orange-blossom-glycerin-30-ml": 3300,
    "desert-sage-bath-soak-250-g": 2700,
    "cbd-softgels-30-count": 3900,
    "four-piece-aluminium-grinder": 3500,
    "dry-herb-vaporizer": 17900,
}

_FEATURED = {
    "barton-haze-3-5-g",
    "violet-crown-3-5-g",
    "prickly-pear-punch-3-5-g",
    "hill-country-honey-dog-walkers-6-x-0-35-g",
    "garden-gate-live-resin-cartridge-0-5-g",
    "first-press-rosin-1-g",
    "blackberry-dusk-gummies",
    "sea-salt-dark-chocolate-bar",
    "grapefruit-sparkler",
    "even-keel-1-1-drops-30-ml",
    "trailhead-balm-50-g",
    "dry-herb-vaporizer",
}

_SCARCE = {
    # slug: what is left of it
    "night-heron-3-5-g": 3,
    "heat-lightning-7-g": 0,
    "midnight-orchard-rosin-cartridge-0-5-g": 5,
    "first-press-rosin-2-g": 2,
    "temple-wheel-hash-2-g": 7,
    "pecan-praline-bites": 0,
    "cold-infused-olive-oil": 6,
    "golden-milk-latte": 9,
    "moontower-mist-teen-plant": 4,
    "borosilicate-hand-pipe": 8,
}


def _on_the_shelf(product: Product) -> Product:
    slug = product.slug
    return replace(
        product,
        original_price_cents=_SALES.get(slug),
        is_featured=slug in _FEATURED,
        # A checksum spreads the figures and, unlike chance, gives the same shop every time.
        stock_quantity=_SCARCE.get(slug, 40 + crc32(slug.encode()) % 361),
    )


PRODUCTS = tuple(
    _on_the_shelf(product)
    for shelf in (
        FLOWER,
        PRE_ROLLS,
        VAPES,
        CONCENTRATES,
        EDIBLES,
        BEVERAGES,
        TINCTURES,
        TOPICALS,
        CBD_WELLNESS,
        ACCESSORIES,
        PLANTS,
    )
    for product in shelf
)

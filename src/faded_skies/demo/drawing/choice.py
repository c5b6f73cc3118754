"""Which drawing shows a product."""

from collections.abc import Callable

from faded_skies.demo.drawing import hardware, kitchen, smoke
from faded_skies.demo.drawing.strokes import Palette
from faded_skies.demo.product import Product
from faded_skies.domains.catalog.service import ProductClass

Drawing = Callable[[Palette, Product], str]

_BY_CLASS: dict[ProductClass, Drawing] = {
    "flower": smoke.jar,
    "preroll": smoke.cones,
    "vape": smoke.cartridge,
    "concentrate": smoke.dab,
    "edible": kitchen.gummies,
    "beverage": kitchen.can,
    "tincture": kitchen.dropper,
    "topical": kitchen.tin,
    "plant": hardware.plant,
    "accessory": hardware.grinder,
}

_BY_WORD: dict[ProductClass, dict[str, Drawing]] = {
    "vape": {"Disposable": smoke.pen},
    "edible": {
        "Chocolate": kitchen.bar,
        "Brownie": kitchen.bar,
        "Cookies": kitchen.biscuits,
        "Bites": kitchen.biscuits,
        "Squares": kitchen.biscuits,
        "Capsules": kitchen.capsules,
        "Softgels": kitchen.capsules,
        "Oil": kitchen.bottle,
    },
    "beverage": {
        "Lemonade": kitchen.bottle,
        "Iced": kitchen.bottle,
        "Coffee": kitchen.bottle,
        "Latte": kitchen.bottle,
        "Fresca": kitchen.bottle,
        "Syrup": kitchen.bottle,
        "Tin": kitchen.tin,
    },
    "topical": {
        "Roll-On": kitchen.bottle,
        "Oil": kitchen.bottle,
        "Soak": kitchen.bottle,
        "Gel": kitchen.bottle,
        "Patch": hardware.papers,
    },
    "accessory": {
        "Papers": hardware.papers,
        "Cones": hardware.papers,
        "Booklet": hardware.papers,
        "Water": hardware.glass,
        "Pipe": hardware.pipe,
        "Chillum": hardware.pipe,
        "Pen": hardware.device,
        "Vaporizer": hardware.device,
        "Lighter": hardware.device,
        "Tray": hardware.box,
        "Jar": kitchen.tin,
        "Box": hardware.box,
        "Packs": hardware.papers,
        "Pot": hardware.garden,
        "Soil": hardware.garden,
    },
}
"""Where a class holds more than one kind of thing, a word of the name tells which."""


def draw(palette: Palette, product: Product) -> str:
    by_word = _BY_WORD.get(product.product_class, {})
    for word in product.name.split():
        if word in by_word:
            return by_word[word](palette, product)
    return _BY_CLASS[product.product_class](palette, product)

"""Accessories and live plants: nothing here is weighed or carries a potency."""

from faded_skies.demo.product import Product, prose, words
from faded_skies.domains.catalog.service import Strain


def _accessory(name: str, price_cents: int, *sentences: str, category: str = "accessories") -> Product:
    return Product(
        category=category,
        name=name,
        description=prose(sentences),
        price_cents=price_cents,
        product_class="accessory",
        lab_tested=False,
    )


def _plant(name: str, kind: Strain, price_cents: int, effects: str, *sentences: str) -> Product:
    return Product(
        category="plants",
        name=name,
        description=prose(sentences),
        price_cents=price_cents,
        product_class="plant",
        strain_type=kind,
        effects=words(effects),
        lab_tested=False,
    )


ACCESSORIES = (
    _accessory("Four-Piece Aluminium Grinder", 2800,
               "Diamond-cut teeth, a magnetic lid and a fine steel screen.",
               "Anodised in a soft sky blue."),
    _accessory("Pocket Wood Grinder", 1600,
               "Turned from a single piece of pecan wood with steel pins.",
               "Light, quiet and pleasant in the hand."),
    _accessory("Unbleached Rolling Papers", 300,
               "Fifty king-size leaves of unbleached hemp paper with natural gum.",
               "Thin enough to read through."),
    _accessory("Rice Paper Cones 20 Pack", 900,
               "Pre-rolled king-size cones with filter tips and a packing stick.",
               "For people who would rather not roll."),
    _accessory("Paper Filter Tips Booklet", 200,
               "Fifty perforated tips in a matchbook cover.",
               "Fold, roll, done."),
    _accessory("Borosilicate Hand Pipe", 2400,
               "Thick heat-proof glass with a deep bowl and a side carb.",
               "Blown nearby, so no two are quite alike."),
    _accessory("Glass Water Pipe 30 cm", 7200,
               "A steady-footed beaker with an ice pinch and a removable downstem.",
               "Comes apart for cleaning."),
    _accessory("Clay Chillum", 1400,
               "Hand-thrown terracotta with a smooth mouthpiece.",
               "Earthy in every sense."),
    _accessory("510 Battery Pen", 2200,
               "Variable-heat battery with a preheat mode and a USB-C port.",
               "Fits every cartridge we sell."),
    _accessory("Dry Herb Vaporizer", 14900,
               "A ceramic oven, five temperatures and half an hour of use on one charge.",
               "Warm in thirty seconds; cleans with a cotton bud."),
    _accessory("Bamboo Rolling Tray", 1900,
               "Curved edges and one smooth corner to pour from.",
               "Oiled, not lacquered."),
    _accessory("Smell-Tight Stash Jar", 1800,
               "Violet glass with a ground stopper that keeps light and air out.",
               "Holds about seven grams."),
    _accessory("Locking Storage Box", 4400,
               "A walnut-finish box with a combination lock and three compartments.",
               "Keeps everything in one place and out of small hands."),
    _accessory("Humidity Packs 62% Ten-Pack", 1200,
               "Two-way packs that give and take moisture for about three months.",
               "One for every jar in the cupboard."),
    _accessory("Refillable Clip Lighter", 900,
               "A steady soft flame with a belt clip and an adjustable valve.",
               "Sold empty, as the law asks."),
)  # fmt: skip

PLANTS = (
    _plant("Barton Haze Clone", "sativa", 3500, "uplifted creative",
           "A rooted cutting of our tallest sativa, about 15 cm high.",
           "Likes sun, space and a firm stake."),
    _plant("Violet Crown Clone", "indica", 3800, "relaxed sleepy",
           "A compact cutting that stays below a metre and colours late.",
           "Suits a balcony or a small tent."),
    _plant("Hill Country Honey Clone", "hybrid", 3200, "balanced happy",
           "Sturdy, forgiving and quick to root; a good first plant.",
           "Shrugs off a hot week."),
    _plant("Old Oak Lullaby Clone", "indica", 3500, "sleepy calm",
           "Short, bushy and heavy in flower.",
           "Prune it early and often, and give it room to breathe."),
    _plant("Desert Willow Seedling", "hybrid", 2600, "clear-headed calm",
           "A balanced THC and CBD plant, three weeks from seed.",
           "Sold in a compostable pot that goes straight into the soil."),
    _plant("Moontower Mist Teen Plant", "hybrid", 6500, "creative happy",
           "Thirty centimetres tall and already topped once.",
           "Ready for its last pot on the day it arrives."),
    _accessory("Breathable Fabric Pot 20 l", 1100,
               "Felt sides keep the roots cool and stop them from circling.",
               "Folds flat when the season is over.", category="plants"),
    _accessory("Living Soil Blend 10 l", 1900,
               "Compost, worm castings and crushed basalt, mixed by a farm down the road.",
               "Just add water for the first six weeks.", category="plants"),
)  # fmt: skip

"""Flower by strain and jar size, and the pre-rolls made of it."""

from dataclasses import dataclass

from faded_skies.demo.product import Product, percent, prose, words
from faded_skies.domains.catalog.service import Strain


@dataclass(frozen=True, slots=True)
class Cultivar:
    name: str
    kind: Strain
    thc_permille: int
    cbd_permille: int
    eighth_cents: int
    """Price of 3.5 g in cents."""
    jars_mg: tuple[int, ...]
    """Net weights in milligrams in which it is sold."""
    effects: str
    story: tuple[str, ...]


EIGHTH, QUARTER, HALF, OUNCE = 3_500, 7_000, 14_000, 28_000

_JARS = {
    # net weight: (label, price as a multiple of an eighth, in percent, what to say about the size)
    EIGHTH: ("3.5 g", 100, "An eighth in a light-tight glass jar with a humidity pack."),
    QUARTER: ("7 g", 185, "A quarter ounce in one wide-mouthed jar, a little kinder on the wallet."),
    HALF: ("14 g", 340, "A half ounce for people who have found their favourite."),
    OUNCE: ("28 g", 620, "A full ounce, cured in one batch and packed the same day."),
}

_CULTIVARS = (
    Cultivar(
        "Barton Haze", "sativa", 224, 1, 4200, (EIGHTH, QUARTER, HALF), "uplifted creative focused",
        ("Bright lime and cut grass over a faint pepper finish, from tall, airy buds.",
         "A favourite for a late-morning walk along the creek."),
    ),
    Cultivar(
        "Violet Crown", "indica", 251, 1, 4800, (EIGHTH, QUARTER, HALF), "relaxed sleepy happy",
        ("Dense plum-coloured buds that smell of grape skin and fresh earth.",
         "Slow and heavy-lidded; best kept for the end of the day."),
    ),
    Cultivar(
        "Limestone Lemon", "sativa", 213, 1, 3900, (EIGHTH, QUARTER), "energetic happy talkative",
        ("Candied lemon peel up front and clean pine behind it.",
         "Quick, chatty and light on its feet."),
    ),
    Cultivar(
        "Bluebonnet Dusk", "indica", 237, 2, 4500, (EIGHTH, QUARTER, HALF), "calm relaxed hungry",
        ("Blueberry jam on warm toast, with a soft floral edge.",
         "Grown slowly under low light, trimmed entirely by hand."),
    ),
    Cultivar(
        "Hill Country Honey", "hybrid", 206, 4, 3800, (EIGHTH, QUARTER, OUNCE), "balanced happy calm",
        ("Honeycomb, dry hay and a touch of orange blossom.",
         "An easy-going hybrid that suits newcomers and old hands alike."),
    ),
    Cultivar(
        "Prickly Pear Punch", "hybrid", 243, 1, 4600, (EIGHTH, QUARTER), "euphoric giggly relaxed",
        ("Pink-haired buds with a loud, fruity nose of cactus fruit and melon.",
         "Starts with a grin and ends on the sofa."),
    ),
    Cultivar(
        "Moontower Mist", "hybrid", 228, 1, 4300, (EIGHTH, QUARTER, HALF), "creative happy balanced",
        ("Cool eucalyptus and vanilla from frosty, pale-green flowers.",
         "Even-handed enough for a film and a conversation about it afterwards."),
    ),
    Cultivar(
        "Grackle Glue", "hybrid", 268, 1, 5200, (EIGHTH, QUARTER), "euphoric relaxed hungry",
        ("Sticky to the fingers and almost black at the tips, with diesel and cocoa on the nose.",
         "One of our strongest flowers; a small pinch goes far."),
    ),
    Cultivar(
        "Heat Lightning", "sativa", 259, 1, 5000, (EIGHTH, QUARTER), "energetic focused uplifted",
        ("Sharp grapefruit, fresh ginger and a tingle at the tip of the tongue.",
         "Fast to arrive and lively throughout."),
    ),
    Cultivar(
        "Old Oak Lullaby", "indica", 219, 3, 4000, (EIGHTH, QUARTER, OUNCE), "sleepy calm soothed",
        ("Oak bark, chamomile and a little clove in round, heavy buds.",
         "Made for rain on the roof and an early night."),
    ),
    Cultivar(
        "Firefly Diesel", "sativa", 232, 1, 4400, (EIGHTH, QUARTER), "talkative uplifted creative",
        ("Old-school fuel aroma softened by sweet mandarin.",
         "A porch-light sort of sativa: sociable, warm and a bit silly."),
    ),
    Cultivar(
        "Desert Willow", "hybrid", 92, 118, 3600, (EIGHTH, QUARTER), "clear-headed calm balanced",
        ("Near-equal THC and CBD with notes of sage and white flowers.",
         "Gentle and level, for those who like to keep their head."),
    ),
    Cultivar(
        "Night Heron", "indica", 274, 1, 5400, (EIGHTH,), "sleepy relaxed euphoric",
        ("Midnight-purple leaves under a thick coat of frost; smells of blackcurrant and incense.",
         "A small-batch flower that we only get a few times a year."),
    ),
    Cultivar(
        "Cicada Song", "sativa", 198, 2, 3400, (EIGHTH, QUARTER, OUNCE), "happy focused energetic",
        ("Green mango, basil and warm summer dust.",
         "Our everyday daytime flower at an everyday price."),
    ),
    Cultivar(
        "Quiet Meadow", "hybrid", 6, 164, 3000, (EIGHTH, QUARTER), "clear-headed calm soothed",
        ("A CBD flower with hardly any THC that tastes of hay, apple and mint.",
         "Many people blend a little of it into something stronger."),
    ),
)  # fmt: skip


def _jar(cultivar: Cultivar, net_mg: int) -> Product:
    label, price_percent, note = _JARS[net_mg]
    return Product(
        category="flower",
        name=f"{cultivar.name} {label}",
        description=prose([*cultivar.story, note]),
        price_cents=cultivar.eighth_cents * price_percent // 10_000 * 100,
        product_class="flower",
        net_weight_mg=net_mg,
        thc_content=percent(cultivar.thc_permille),
        cbd_content=percent(cultivar.cbd_permille),
        strain_type=cultivar.kind,
        effects=words(cultivar.effects),
    )


_BY_NAME = {cultivar.name: cultivar for cultivar in _CULTIVARS}


def _rolls(cultivar_name: str, label: str, net_mg: int, price_cents: int, *sentences: str) -> Product:
    cultivar = _BY_NAME[cultivar_name]
    return Product(
        category="pre-rolls",
        name=f"{cultivar_name} {label}",
        description=prose(sentences),
        price_cents=price_cents,
        product_class="preroll",
        net_weight_mg=net_mg,
        thc_content=percent(cultivar.thc_permille),
        cbd_content=percent(cultivar.cbd_permille),
        strain_type=cultivar.kind,
        effects=words(cultivar.effects),
    )


FLOWER = tuple(_jar(cultivar, net_mg) for cultivar in _CULTIVARS for net_mg in cultivar.jars_mg)

PRE_ROLLS = (
    _rolls("Barton Haze", "Pre-Roll 1 g", 1_000, 1200,
           "One gram of whole-flower Barton Haze in an unbleached paper cone.",
           "Lime on the light, pepper on the exhale."),
    _rolls("Barton Haze", "Minis 5 x 0.5 g", 2_500, 2600,
           "Five half-gram cones in a flat slide tin that fits a shirt pocket.",
           "Ground fresh each week and never topped up with trim."),
    _rolls("Violet Crown", "Pre-Roll 1 g", 1_000, 1400,
           "A slow-burning gram of plummy indica, rolled with a glass-smooth filter tip.",
           "Comes in a cork-stopped tube that keeps for months."),
    _rolls("Violet Crown", "Evening Pack 3 x 0.7 g", 2_100, 2900,
           "Three generous cones for three quiet evenings.",
           "Every tube carries the harvest date and the batch number."),
    _rolls("Limestone Lemon", "Pre-Roll 1 g", 1_000, 1100,
           "Candied citrus in a straight one-gram cone.",
           "Burns evenly, tastes clean to the end."),
    _rolls("Bluebonnet Dusk", "Pre-Roll 1 g", 1_000, 1300,
           "Berry-sweet flower in hemp paper with a wide paper tip.",
           "A classic for the back porch at sundown."),
    _rolls("Hill Country Honey", "Dog-Walkers 6 x 0.35 g", 2_100, 2400,
           "Six short cones, each just right for a turn around the block.",
           "The tin closes tightly, so pockets stay fresh."),
    _rolls("Prickly Pear Punch", "Pre-Roll 1 g", 1_000, 1300,
           "Cactus fruit and melon in a hand-twisted cone.",
           "Rolled loose enough to draw easily from the first puff."),
    _rolls("Moontower Mist", "Pre-Roll 1 g", 1_000, 1200,
           "Cool, creamy hybrid flower with a eucalyptus lift.",
           "Good company for a record played from start to finish."),
    _rolls("Moontower Mist", "Minis 5 x 0.5 g", 2_500, 2700,
           "The vanilla-and-mint hybrid, in five small cones.",
           "Share one and keep four, or the other way around."),
    _rolls("Grackle Glue", "Fat Cone 1.5 g", 1_500, 2100,
           "A gram and a half of our stickiest flower, packed by hand.",
           "Meant for sharing; experienced company advised."),
    _rolls("Heat Lightning", "Pre-Roll 1 g", 1_000, 1400,
           "Grapefruit and ginger with a brisk, bright finish.",
           "Rolled from top buds only, within a week of curing."),
    _rolls("Old Oak Lullaby", "Minis 5 x 0.5 g", 2_500, 2500,
           "Five bedtime-sized cones with chamomile and clove on the nose.",
           "The paper burns slowly, so there is no need to hurry."),
    _rolls("Firefly Diesel", "Pre-Roll 1 g", 1_000, 1200,
           "Sweet mandarin over a proper garage-floor diesel.",
           "A talkative smoke for two on a warm night."),
    _rolls("Desert Willow", "Gentle Minis 4 x 0.5 g", 2_000, 2000,
           "THC and CBD in near balance, in four half-gram cones.",
           "A mild place to begin."),
    _rolls("Cicada Song", "Party Tin 10 x 0.5 g", 5_000, 4400,
           "Ten half-grams of our everyday daytime flower.",
           "The tin is sturdy enough for a picnic basket."),
)  # fmt: skip

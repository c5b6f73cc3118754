"""Vapes and concentrates: potency is a share of the net weight."""

from faded_skies.demo.product import Product, percent, prose, words
from faded_skies.domains.catalog.service import ProductClass, Strain


def _extract(
    category: str, product_class: ProductClass, name: str, kind: Strain, net_mg: int,
    permille: tuple[int, int], price_cents: int, effects: str, sentences: tuple[str, ...],
) -> Product:  # fmt: skip
    thc, cbd = permille
    return Product(
        category=category,
        name=name,
        description=prose(sentences),
        price_cents=price_cents,
        product_class=product_class,
        net_weight_mg=net_mg,
        thc_content=percent(thc),
        cbd_content=percent(cbd),
        strain_type=kind,
        effects=words(effects),
    )


def _vape(
    name: str, kind: Strain, net_mg: int, permille: tuple[int, int], price_cents: int, effects: str,
    *sentences: str,
) -> Product:  # fmt: skip
    return _extract("vapes", "vape", name, kind, net_mg, permille, price_cents, effects, sentences)


def _dab(
    name: str, kind: Strain, net_mg: int, permille: tuple[int, int], price_cents: int, effects: str,
    *sentences: str,
) -> Product:  # fmt: skip
    return _extract(
        "concentrates", "concentrate", name, kind, net_mg, permille, price_cents, effects, sentences
    )


VAPES = (
    _vape("Citrus Static Cartridge 0.5 g", "sativa", 500, (862, 4), 3200, "energetic uplifted focused",
          "Distilled oil with cold-pressed orange and lime terpenes.",
          "The ceramic coil draws smoothly at low heat; fits any 510 battery."),
    _vape("Citrus Static Cartridge 1 g", "sativa", 1_000, (862, 4), 5600, "energetic uplifted focused",
          "The full-gram size of our orange-and-lime daytime oil.",
          "A glass window shows how much is left."),
    _vape("Berry Eclipse Cartridge 0.5 g", "indica", 500, (848, 6), 3200, "relaxed sleepy calm",
          "Blackberry and lavender in a thick, honey-coloured oil.",
          "Slow and soft, with no added thinners."),
    _vape("Berry Eclipse Cartridge 1 g", "indica", 1_000, (848, 6), 5600, "relaxed sleepy calm",
          "Blackberry and lavender for the second half of the evening, in a full gram.",
          "Store it upright and it will last well."),
    _vape("Garden Gate Live Resin Cartridge 0.5 g", "hybrid", 500, (781, 9), 4200, "balanced creative happy",
          "Live resin pressed from plants frozen within an hour of harvest.",
          "Tastes of the living plant: tomato leaf, basil, a little pine."),
    _vape("Peach Porch Cartridge 1 g", "hybrid", 1_000, (855, 3), 5400, "happy giggly relaxed",
          "Ripe peach and iced tea, sweet without being sticky.",
          "The mouthpiece is shaped to sit flat in a pocket."),
    _vape("Pine Ridge Cartridge 0.5 g", "sativa", 500, (839, 5), 3000, "focused clear-headed energetic",
          "Cedar, juniper and cool mountain air.",
          "A crisp oil for those who find fruit flavours too much."),
    _vape("Soft Landing Disposable 0.3 g", "indica", 300, (812, 11), 2400, "calm soothed sleepy",
          "A pen that is ready out of the box: no buttons, no charging.",
          "Vanilla and chamomile in small, gentle draws."),
    _vape("Tailwind Disposable 0.3 g", "sativa", 300, (824, 4), 2400, "uplifted talkative energetic",
          "Pineapple and mint in a draw-activated pen no longer than a pencil stub.",
          "Bring the empty pen back to us and we recycle it."),
    _vape("Level Horizon 1:1 Cartridge 0.5 g", "hybrid", 500, (412, 408), 3400, "balanced clear-headed calm",
          "Equal parts THC and CBD with a mild green-tea flavour.",
          "Made for steady, unhurried afternoons."),
    _vape("Melon Static Disposable 0.5 g", "hybrid", 500, (836, 3), 3000, "happy euphoric giggly",
          "Honeydew and watermelon in a rechargeable half-gram pen.",
          "A cable is in the box; a full charge takes half an hour."),
    _vape("Midnight Orchard Rosin Cartridge 0.5 g", "indica", 500, (742, 8), 5200, "relaxed euphoric hungry",
          "Solventless rosin from ripe, late-season plants, pressed with heat and nothing else.",
          "Dark cherry and almond, with a long finish."),
    _vape("Ginger Spark Cartridge 1 g", "sativa", 1_000, (868, 2), 5400, "energetic creative focused",
          "Fresh ginger and lemongrass with a warm, peppery end.",
          "The strongest oil in our daytime range."),
    _vape("Slow River Cartridge 1 g", "hybrid", 1_000, (846, 7), 5200, "calm balanced happy",
          "Cucumber, mint and river stone, if a river stone had a taste.",
          "Light vapour and an even temper."),
)  # fmt: skip

CONCENTRATES = (
    _dab("Amber Sheet Shatter 1 g", "hybrid", 1_000, (792, 4), 3400, "euphoric relaxed happy",
         "Glass-clear shatter that snaps cleanly at room temperature.",
         "Orange peel and black pepper on a hot plate."),
    _dab("Golden Crumble 1 g", "sativa", 1_000, (768, 5), 3200, "energetic creative uplifted",
         "Dry, easy-to-handle crumble that sprinkles well over a bowl.",
         "Sweet hay and lemon zest."),
    _dab("Morning Glory Live Resin 1 g", "sativa", 1_000, (734, 6), 4800, "focused uplifted talkative",
         "Wet, sparkling live resin with the aroma of a flower garden after rain.",
         "Kept frozen from harvest to extraction."),
    _dab("Dusk Badder 1 g", "indica", 1_000, (751, 7), 4400, "relaxed sleepy soothed",
         "Whipped to the texture of cake batter and just as tempting to scoop.",
         "Grape soda, toasted sugar and a little gas."),
    _dab("First Press Rosin 1 g", "hybrid", 1_000, (716, 8), 6000, "balanced euphoric creative",
         "Bubble hash pressed once, at low heat, between steel plates.",
         "No solvent has ever been near it."),
    _dab("First Press Rosin 2 g", "hybrid", 2_000, (496, 8), 9800, "balanced euphoric creative",
         "A milder second-wash rosin in a double jar for regulars.",
         "Bright and herbal, with a caramel texture."),
    _dab("Facet Diamonds 0.5 g", "indica", 500, (931, 1), 4200, "euphoric relaxed sleepy",
         "Pea-sized crystals resting in their own terpene sauce.",
         "Very strong: begin with a piece the size of a grain of rice."),
    _dab("Honey Bucket Sugar 1 g", "hybrid", 1_000, (742, 5), 3600, "happy relaxed giggly",
         "Coarse, golden sugar wax that smells of clover honey.",
         "Forgiving to dab at almost any temperature."),
    _dab("Temple Wheel Hash 2 g", "indica", 2_000, (418, 12), 3800, "calm relaxed hungry",
         "Hand-rolled hash, aged three months in the dark.",
         "Warm it in the palm and crumble it over flower."),
    _dab("Ice Water Bubble Hash 1 g", "hybrid", 1_000, (524, 9), 4000, "calm happy balanced",
         "Sifted through ice water and dried slowly on paper.",
         "Pale, sandy and full of the plant it came from."),
    _dab("Dry Sift Kief 2 g", "sativa", 2_000, (386, 6), 2800, "uplifted happy energetic",
         "Loose golden kief for topping a bowl or a morning coffee.",
         "Sieved twice, so there is little leaf in it."),
    _dab("Clear Sky Distillate Syringe 1 g", "hybrid", 1_000, (894, 3), 3600, "happy euphoric balanced",
         "Almost colourless oil in a dosing syringe marked in tenths.",
         "Has no flavour of its own, so it suits home baking."),
    _dab("Quiet Hours CBD Wax 1 g", "hybrid", 1_000, (28, 704), 3000, "clear-headed calm soothed",
         "A soft wax rich in CBD with only a trace of THC.",
         "Pine and green apple."),
)  # fmt: skip

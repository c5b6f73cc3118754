"""Edibles and beverages: potency is an amount per package, at most 100 mg of THC."""

from faded_skies.demo.product import Product, prose, words
from faded_skies.domains.catalog.service import ProductClass, Strain


def _food(
    category: str, product_class: ProductClass, name: str, kind: Strain | None, net_mg: int,
    dose_mg: tuple[int, int], price_cents: int, effects: str, sentences: tuple[str, ...],
) -> Product:  # fmt: skip
    thc, cbd = dose_mg
    return Product(
        category=category,
        name=name,
        description=prose(sentences),
        price_cents=price_cents,
        product_class=product_class,
        net_weight_mg=net_mg,
        thc_content=f"{thc} mg",
        cbd_content=f"{cbd} mg" if cbd else None,
        strain_type=kind,
        effects=words(effects),
    )


def _edible(
    name: str, kind: Strain | None, net_mg: int, dose_mg: tuple[int, int], price_cents: int, effects: str,
    *sentences: str,
) -> Product:  # fmt: skip
    return _food("edibles", "edible", name, kind, net_mg, dose_mg, price_cents, effects, sentences)


def _drink(
    name: str, kind: Strain | None, net_mg: int, dose_mg: tuple[int, int], price_cents: int, effects: str,
    *sentences: str,
) -> Product:  # fmt: skip
    return _food("beverages", "beverage", name, kind, net_mg, dose_mg, price_cents, effects, sentences)


EDIBLES = (
    _edible("Blackberry Dusk Gummies", "indica", 45_000, (100, 0), 2200, "relaxed sleepy calm",
            "Ten soft gummies of 10 mg, made with whole blackberry purée.",
            "Allow an hour before deciding on a second one."),
    _edible("Lime Daybreak Gummies", "sativa", 45_000, (100, 0), 2200, "uplifted energetic happy",
            "Sour lime with a dusting of sea salt; ten pieces of 10 mg.",
            "Vegan, and cut into quarters on the mould for smaller doses."),
    _edible("Peach Ring Gummies", "hybrid", 50_000, (100, 0), 2000, "happy giggly balanced",
            "Chewy peach rings dusted with tart sugar; ten pieces of 10 mg.",
            "Comes in a child-resistant tin you can keep."),
    _edible("Watermelon Micro Gummies", "hybrid", 40_000, (50, 0), 1600, "happy clear-headed calm",
            "Twenty small gummies of 2.5 mg each.",
            "Made for people who like to count slowly."),
    _edible("Prickly Pear 1:1 Gummies", "hybrid", 45_000, (50, 50), 2000, "balanced calm clear-headed",
            "Equal THC and CBD, 5 mg of each in every piece.",
            "Pressed from fruit picked a two-hour drive away."),
    _edible("Chamomile Plum Night Gummies", "indica", 45_000, (100, 50), 2600, "sleepy soothed calm",
            "Plum gummies with chamomile flowers and a little CBD.",
            "Ten pieces of 10 mg for the bedside table."),
    _edible("Mango Chili Gummies", "sativa", 45_000, (100, 0), 2200, "energetic happy talkative",
            "Ripe mango rolled in chili and lime sugar.",
            "Ten pieces of 10 mg with a slow, friendly heat."),
    _edible("Sea Salt Dark Chocolate Bar", "hybrid", 50_000, (100, 0), 2400, "happy relaxed euphoric",
            "Seventy-percent dark chocolate in twenty squares of 5 mg.",
            "Flaky salt on the back, snap in the middle."),
    _edible("Milk & Honey Chocolate Bar", "indica", 50_000, (100, 0), 2400, "relaxed calm sleepy",
            "Creamy milk chocolate with threads of honeycomb.",
            "Twenty squares of 5 mg, wrapped in foil and paper."),
    _edible("Espresso Crunch Chocolate Bar", "sativa", 50_000, (100, 0), 2400, "focused energetic uplifted",
            "Dark chocolate with crushed coffee beans from a local roaster.",
            "Twenty squares of 5 mg; mind the caffeine too."),
    _edible("Pecan Praline Bites", "hybrid", 60_000, (80, 0), 2300, "happy hungry relaxed",
            "Eight buttery pecan pralines of 10 mg.",
            "Cooked in copper in small batches; they go stale slowly and vanish quickly."),
    _edible("Brown Butter Cookies", "hybrid", 70_000, (50, 0), 1800, "happy calm hungry",
            "Five crisp cookies of 10 mg with brown butter and vanilla.",
            "Baked on Tuesdays and Fridays."),
    _edible("Double Fudge Brownie", "indica", 60_000, (50, 0), 1200, "relaxed giggly sleepy",
            "One dense brownie scored into five 10 mg pieces.",
            "Scored deeply enough that the pieces really are equal."),
    _edible("Cinnamon Toast Squares", "hybrid", 55_000, (100, 0), 1900, "happy hungry balanced",
            "Thin toasted brioche glazed with cinnamon and brown sugar; ten of 10 mg.",
            "Made to go with an afternoon coffee."),
    _edible("Peppermint Pastilles", "sativa", 20_000, (100, 0), 1800, "focused clear-headed uplifted",
            "Forty sugar-free mints of 2.5 mg in a tin that clicks.",
            "They dissolve under the tongue and are discreet in company."),
    _edible("Salted Caramel Chews", "hybrid", 60_000, (100, 0), 2100, "relaxed happy calm",
            "Ten hand-wrapped caramels of 10 mg, soft enough for a cold day.",
            "Made with cream, butter and patience."),
    _edible("Cold-Infused Olive Oil", None, 110_000, (100, 20), 3200, "balanced calm",
            "Green, grassy olive oil with 100 mg of THC in the bottle and a measuring cap.",
            "For salads and finishing; it is not meant for frying."),
    _edible("Wildflower Honey Sticks", "hybrid", 50_000, (100, 0), 1900, "calm happy soothed",
            "Ten straws of raw honey, 10 mg in each.",
            "Snip the end and stir it into tea."),
    _edible("Strawberry Hibiscus Fruit Leather", "sativa", 40_000, (50, 0), 1500, "uplifted creative happy",
            "Real fruit, rolled thin and cut into five strips of 10 mg.",
            "No gelatin, no added sugar."),
    _edible("Lights-Out Capsules", "indica", 8_000, (100, 0), 2600, "sleepy relaxed soothed",
            "Twenty small capsules of 5 mg in a plant-based shell.",
            "No taste and no sugar, and the same dose every time."),
)  # fmt: skip

BEVERAGES = (
    _drink("Grapefruit Sparkler", "sativa", 355_000, (5, 0), 600, "uplifted talkative happy",
           "Dry grapefruit soda with 5 mg of quick-acting THC.",
           "Pours pale pink and is best over ice."),
    _drink("Cucumber Lime Seltzer", "hybrid", 355_000, (5, 5), 600, "balanced calm clear-headed",
           "Crisp seltzer with 5 mg THC and 5 mg CBD.",
           "No sugar, no sweetener, five calories."),
    _drink("Blood Orange Seltzer Four-Pack", "sativa", 1_420_000, (20, 0), 2000, "energetic happy talkative",
           "Four cans of blood-orange seltzer, 5 mg in each.",
           "Lightly bitter, like an aperitif."),
    _drink("Hibiscus Cooler", "hybrid", 355_000, (10, 0), 800, "happy relaxed balanced",
           "Tart hibiscus flowers, brewed cold and sweetened with agave.",
           "Ten milligrams in a deep red can."),
    _drink("Porch Lemonade", "sativa", 473_000, (100, 0), 1800, "uplifted giggly euphoric",
           "Cloudy lemonade with 100 mg in a resealable bottle, ten marked servings.",
           "Measure with the cap; it is far too easy to drink."),
    _drink("Peach Iced Tea", "hybrid", 473_000, (10, 10), 900, "calm balanced happy",
           "Black tea steeped overnight with ripe peaches.",
           "Equal THC and CBD, and only a little sugar."),
    _drink("Cold Brew Coffee", "sativa", 240_000, (10, 0), 900, "focused energetic creative",
           "Smooth cold brew with 10 mg of THC and a full cup's worth of caffeine.",
           "Chocolate and hazelnut on the finish."),
    _drink("Golden Milk Latte", "indica", 240_000, (10, 5), 900, "calm soothed sleepy",
           "Oat milk with turmeric, cardamom and black pepper.",
           "Warm it gently on the stove before bed."),
    _drink("Root Beer Float Soda", "indica", 355_000, (10, 0), 800, "relaxed happy hungry",
           "Sarsaparilla, vanilla and a creamy head.",
           "Just add the ice cream."),
    _drink("Tamarind Agua Fresca", "hybrid", 473_000, (10, 0), 900, "happy uplifted calm",
           "Sweet-sour tamarind pressed from whole pods.",
           "Shake well; the good part settles."),
    _drink("Dream Syrup Elderberry", "indica", 120_000, (100, 0), 2400, "sleepy relaxed soothed",
           "Thick elderberry syrup with 100 mg in the bottle and a 5 mg measuring spoon.",
           "Stir a spoonful into sparkling water."),
)  # fmt: skip

"""The demo menu is large, consistent with itself and lawful to sell."""

import re
from collections import Counter

import pytest

from faded_skies.demo.catalogue import CATEGORIES, PRODUCTS
from faded_skies.demo.product import Product

BY_SLUG = {product.slug: product for product in PRODUCTS}
PACKAGE_CAP_MG = {"edible": 100, "beverage": 100, "vape": 1_000, "concentrate": 1_000, "tincture": 1_000}
"""Milligrams of THC per package, as California's 4 CCR 17304 has them: the strictest we know."""


def test_the_shop_is_well_stocked() -> None:
    assert len(CATEGORIES) == 11
    assert len(PRODUCTS) == 158
    assert Counter(product.category for product in PRODUCTS).keys() == {c.slug for c in CATEGORIES}
    assert min(Counter(product.category for product in PRODUCTS).values()) >= 8


def test_names_and_slugs_are_unique() -> None:
    assert len({product.name for product in PRODUCTS}) == len(BY_SLUG) == len(PRODUCTS)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) for slug in BY_SLUG)
    assert len({category.slug for category in CATEGORIES}) == len(CATEGORIES)
    assert [category.sort_order for category in CATEGORIES] == list(range(1, 12))


def test_every_description_is_two_or_three_sentences_of_its_own() -> None:
    assert len({product.description for product in PRODUCTS}) == len(PRODUCTS)
    for product in PRODUCTS:
        assert 2 <= len(re.findall(r"[.?!](?=\s|$)", product.description)) <= 3, product.description
        assert 60 <= len(product.description) <= 500, product.name


@pytest.mark.parametrize(
    ("slug", "net_weight_mg", "thc_content", "thc_mg"),
    [
        ("barton-haze-3-5-g", 3_500, "22.4%", 784),
        ("barton-haze-7-g", 7_000, "22.4%", 1_568),
        ("grackle-glue-fat-cone-1-5-g", 1_500, "26.8%", 402),
        ("citrus-static-cartridge-0-5-g", 500, "86.2%", 431),
        ("blackberry-dusk-gummies", 45_000, "100 mg", 100),
        ("grapefruit-sparkler", 355_000, "5 mg", 5),
        ("trailhead-balm-50-g", 50_000, "200 mg", 200),
        ("cbd-wild-berry-gummies", 60_000, None, 0),
        ("violet-crown-clone", 0, None, 0),
        ("clay-chillum", 0, None, 0),
    ],
)
def test_thc_follows_from_weight_and_label(
    slug: str, net_weight_mg: int, thc_content: str | None, thc_mg: int
) -> None:
    product = BY_SLUG[slug]
    assert (product.net_weight_mg, product.thc_content, product.thc_mg) == (
        net_weight_mg,
        thc_content,
        thc_mg,
    )


def test_labels_are_a_share_or_an_amount() -> None:
    for product in PRODUCTS:
        for content in (product.thc_content, product.cbd_content):
            assert content is None or re.fullmatch(r"\d{1,2}\.\d%|\d+ mg", content), product.name
        assert product.thc_mg + product.cbd_mg <= product.net_weight_mg, product.name


def test_the_net_weight_agrees_with_the_weight_in_the_name() -> None:
    for product in PRODUCTS:
        if product.product_class in {"flower", "preroll", "vape", "concentrate"}:
            found = re.search(r"(?:(\d+) x )?([\d.]+) g$", product.name)
            assert found, product.name
            assert product.net_weight_mg == round(int(found[1] or 1) * float(found[2]) * 1_000), product.name


def test_no_package_holds_more_thc_than_allowed() -> None:
    for product in PRODUCTS:
        assert product.thc_mg <= PACKAGE_CAP_MG.get(product.product_class, product.thc_mg), product.name


def test_goods_without_cannabis_claim_nothing() -> None:
    for product in PRODUCTS:
        if product.product_class in {"accessory", "plant"}:
            assert (product.net_weight_mg, product.thc_content, product.cbd_content) == (0, None, None)
            assert not product.lab_tested
        else:
            assert product.net_weight_mg > 0
            assert product.thc_mg + product.cbd_mg > 0
            assert product.lab_tested
            assert product.effects


def test_prices_are_sensible_and_sales_are_sales() -> None:
    for product in PRODUCTS:
        assert 200 <= product.price_cents <= 30_000, product.name
        if product.original_price_cents is not None:
            assert product.price_cents < product.original_price_cents <= product.price_cents * 3 // 2
    assert sum(product.original_price_cents is not None for product in PRODUCTS) == 19


def test_a_larger_jar_costs_more_but_less_per_gram() -> None:
    small, large = BY_SLUG["violet-crown-3-5-g"], BY_SLUG["violet-crown-14-g"]
    assert small.price_cents < large.price_cents < 4 * small.price_cents


def test_stock_is_mostly_ample() -> None:
    def stocked(low: int, high: int) -> list[Product]:
        return [product for product in PRODUCTS if low <= product.stock_quantity <= high]

    assert len(stocked(0, 0)) == 2
    assert len(stocked(1, 9)) == 8
    assert len(stocked(40, 400)) == len(PRODUCTS) - 10


def test_a_dozen_products_are_featured_and_none_of_them_is_sold_out() -> None:
    featured = [product for product in PRODUCTS if product.is_featured]
    assert len(featured) == 12
    assert all(product.stock_quantity > 0 for product in featured)


def test_stock_is_the_same_each_time() -> None:
    assert BY_SLUG["barton-haze-3-5-g"].stock_quantity == 159
    assert BY_SLUG["barton-haze-7-g"].stock_quantity == 214

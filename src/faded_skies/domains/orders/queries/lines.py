"""The lines of an order as arrays, a column each, in the order of the statements that write them."""

from collections.abc import Sequence

from faded_skies.domains.orders.models import Item


def columns_of(items: Sequence[Item]) -> tuple[list[object], ...]:
    """Return product, name, class, quantity, prices in cents, weights in mg and taxes in cents."""
    return (
        [item.product_id for item in items],
        [item.name for item in items],
        [item.product_class for item in items],
        [item.quantity for item in items],
        [item.unit_price_cents for item in items],
        [item.total_price_cents for item in items],
        [item.net_weight_mg for item in items],
        [item.thc_mg for item in items],
        [item.tax_state_cents for item in items],
        [item.tax_cannabis_cents for item in items],
        [item.tax_local_cents for item in items],
    )

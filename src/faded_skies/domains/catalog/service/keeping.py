"""How staff keeps products and categories: added, changed, put away, each with an audit entry."""

from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of
from dataclasses import replace
from typing import Any
from uuid import UUID

from faded_skies.domains.catalog.errors import CategoryNotFound, ProductNotFound
from faded_skies.domains.catalog.models import NewCategory, NewProduct, StaffFilter
from faded_skies.domains.catalog.queries import keeping as queries
from faded_skies.domains.catalog.rules.entries import entry_problem
from faded_skies.platform.db import Database, Tx
from faded_skies.platform.errors import Refused


async def create_categories(tx: Tx, new: Sequence[NewCategory]) -> None:
    """Add categories. Raises CategoryTaken."""
    await queries.insert_categories(tx, new)


async def create_products(tx: Tx, new: Sequence[NewProduct]) -> None:
    """Add products without stock; inventory opens that."""
    await queries.insert_products(tx, new)


async def add_product(tx: Tx, product: NewProduct, *, actor_id: UUID) -> None:
    """Add a product without stock. Raises Refused."""
    await queries.lock_writing(tx)
    await _check(tx, product)
    await queries.insert_products(tx, [product])
    note_created(tx, product, actor_id=actor_id)


async def change_product(
    tx: Tx, product_id: UUID, fields: Mapping[str, Any], *, actor_id: UUID
) -> NewProduct:
    """Change a product's fields, and return it as it is then. Raises ProductNotFound, Refused."""
    await queries.lock_writing(tx)
    old = (await queries.lock_products(tx, [product_id])).get(product_id)
    if old is None:
        raise ProductNotFound
    new = replace(old, **fields)
    await _check(tx, new)
    if new != old:
        await queries.update_products(tx, [new])
        note_changed(tx, old, new, actor_id=actor_id)
    return new


async def _check(tx: Tx, product: NewProduct) -> None:
    problem = entry_problem(product)
    if problem is not None:
        raise Refused(*problem)
    if product.category_id not in (await queries.find_slugs(tx)).values():
        raise Refused("categoryId", "There is no such category. Add it first.")


def note_created(tx: Tx, product: NewProduct, *, actor_id: UUID) -> None:
    """Record a new product, with what may be asked about later."""
    tx.audit(
        "product.created",
        object_type="product",
        object_id=product.id,
        actor_id=actor_id,
        name=product.name,
        price_cents=product.price_cents,
        is_active=product.is_active,
    )


def note_changed(tx: Tx, old: NewProduct, new: NewProduct, *, actor_id: UUID) -> None:
    """Record what of a product changed; of the description only that it did."""
    changes = {
        field.name: [_told(before), _told(after)] if field.name != "description" else "changed"
        for field in fields_of(NewProduct)
        if (before := getattr(old, field.name)) != (after := getattr(new, field.name))
    }
    tx.audit("product.changed", object_type="product", object_id=new.id, actor_id=actor_id, changes=changes)


def _told(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


async def list_for_staff(
    db: Database, wanted: StaffFilter, *, limit: int, offset: int
) -> tuple[list[dict[str, Any]], int]:
    """Return a page of products as staff sees them, the newest first, and how many there are."""
    return await queries.list_staff_cards(db, wanted, limit=limit, offset=offset)


async def get_for_staff(source: Database | Tx, product_id: UUID) -> dict[str, Any]:
    """Return a product as staff sees it, also one that is put away, with its "images". Raises ProductNotFound."""
    page = await queries.find_staff_page(source, product_id)
    if page is None:
        raise ProductNotFound
    return page


async def add_category(tx: Tx, category: NewCategory, *, actor_id: UUID) -> None:
    """Add a category. Raises CategoryTaken."""
    await queries.insert_categories(tx, [category])
    tx.audit(
        "category.created",
        object_type="category",
        object_id=category.id,
        actor_id=actor_id,
        slug=category.slug,
    )


async def change_category(tx: Tx, category_id: UUID, fields: Mapping[str, Any], *, actor_id: UUID) -> None:
    """Change a category's fields. Raises CategoryNotFound, CategoryTaken."""
    old = await queries.lock_category(tx, category_id)
    if old is None:
        raise CategoryNotFound
    new = replace(old, **fields)
    if new == old:
        return
    await queries.update_category(tx, new)
    changed = sorted(field for field in fields if getattr(old, field) != getattr(new, field))
    tx.audit(
        "category.changed",
        object_type="category",
        object_id=category_id,
        actor_id=actor_id,
        slug=new.slug,
        fields=changed,
    )


async def list_all_categories(source: Database | Tx) -> list[dict[str, Any]]:
    """Return the categories in their order, those that are put away too."""
    return await queries.list_all_categories(source)


async def get_category(source: Database | Tx, category_id: UUID) -> dict[str, Any]:
    """Return a category as staff see it. Raises CategoryNotFound."""
    for category in await list_all_categories(source):
        if category["id"] == category_id:
            return category
    raise CategoryNotFound

"""HTTP for staff: products and categories."""

from typing import Annotated

from fastapi import APIRouter, Query

from faded_skies.backoffice.catalog_schemas import (
    ChangeCategory,
    ChangeProduct,
    CreateCategory,
    CreateProduct,
    StaffCategoriesAnswer,
    StaffCategoryAnswer,
    StaffProductAnswer,
    StaffProductsAnswer,
    why_not_for_sale,
)
from faded_skies.domains.catalog import service as catalog
from faded_skies.domains.catalog.service import NewProduct, StaffFilter
from faded_skies.domains.compliance.service import Law
from faded_skies.domains.inventory import service as inventory
from faded_skies.platform import clock
from faded_skies.platform.db import Tx
from faded_skies.platform.errors import Refused
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.provide import Db, provided
from faded_skies.platform.idempotency import Answer, Call, KeyHeader, once
from faded_skies.platform.paging import DEFAULT_ROWS, Limit, Offset, has_more

TheLaw = Annotated[Law, provided(Law)]

router = APIRouter(
    prefix="/api/admin/products", tags=["staff"], dependencies=needs_token, responses=needs_role
)
categories = APIRouter(
    prefix="/api/admin/categories", tags=["staff"], dependencies=needs_token, responses=needs_role
)


@router.get("", response_model=StaffProductsAnswer)
async def list_products(
    _: SignedIn,
    db: Db,
    search: Annotated[
        str | None,
        Query(max_length=100, min_length=1, description="Letters of the name, the strain or an effect."),
    ] = None,
    category_id: Annotated[Id | None, Query(alias="categoryId", description="Only of this category.")] = None,
    is_active: Annotated[
        bool | None, Query(alias="isActive", description="Only what is on sale, or only what is put away.")
    ] = None,
    limit: Limit = DEFAULT_ROWS,
    offset: Offset = 0,
) -> Json:
    """All products, those put away too, the newest first."""
    if search is not None and "\x00" in search:
        raise Refused("search", "Remove the NUL character.")
    wanted = StaffFilter(words=search, category_id=category_id, is_active=is_active)
    found, total = await catalog.list_for_staff(db, wanted, limit=limit, offset=offset)
    return Json(
        {"products": found, "total": total, "hasMore": has_more(total=total, offset=offset, rows=len(found))}
    )


@router.post("", response_model=StaffProductAnswer, status_code=201)
async def create_product(
    body: CreateProduct, actor: SignedIn, db: Db, law: TheLaw, key: KeyHeader = None
) -> Json:
    """Add a product, without stock. 422 for what the law does not let us sell as it is entered."""
    product = body.product()

    async def work(tx: Tx) -> Answer:
        await catalog.add_product(tx, product, actor_id=actor.id)
        _check(law, product)
        await inventory.open_stock(tx, {product.id: 0})
        return Answer(201, _page(await catalog.get_for_staff(tx, product.id)))

    call = Call.of(actor.id, key, what="create product", body=body.model_dump(mode="json"))
    return await once(db, call, work)


@router.get("/{product_id}", response_model=StaffProductAnswer)
async def get_product(product_id: Id, _: SignedIn, db: Db) -> Json:
    """One product, also one that is put away, with its pictures."""
    return Json(_page(await catalog.get_for_staff(db, product_id)))


@router.patch("/{product_id}", response_model=StaffProductAnswer)
async def change_product(product_id: Id, body: ChangeProduct, actor: SignedIn, db: Db, law: TheLaw) -> Json:
    """Change a product. Orders keep what they were placed with."""
    async with db.transaction() as tx:
        _check(law, await catalog.change_product(tx, product_id, body.fields(), actor_id=actor.id))
        return Json(_page(await catalog.get_for_staff(tx, product_id)))


@router.delete("/{product_id}", response_model=StaffProductAnswer)
async def put_product_away(product_id: Id, actor: SignedIn, db: Db) -> Json:
    """Take a product off sale; it stays for the orders that have it. PATCH `isActive` brings it back."""
    async with db.transaction() as tx:
        await catalog.change_product(tx, product_id, {"is_active": False}, actor_id=actor.id)
        return Json(_page(await catalog.get_for_staff(tx, product_id)))


@categories.get("", response_model=StaffCategoriesAnswer)
async def list_categories(_: SignedIn, db: Db) -> Json:
    """All categories in their order, those put away too."""
    return Json({"categories": await catalog.list_all_categories(db)})


@categories.post(
    "",
    response_model=StaffCategoryAnswer,
    status_code=201,
    responses={409: {"model": ErrorShape, "description": "CATEGORY_TAKEN: the name or the slug."}},
)
async def create_category(body: CreateCategory, actor: SignedIn, db: Db, key: KeyHeader = None) -> Json:
    """Add a category."""
    category = body.category()

    async def work(tx: Tx) -> Answer:
        await catalog.add_category(tx, category, actor_id=actor.id)
        return Answer(201, await _category(tx, category.id))

    call = Call.of(actor.id, key, what="create category", body=body.model_dump(mode="json"))
    return await once(db, call, work)


@categories.get("/{category_id}", response_model=StaffCategoryAnswer)
async def get_category(category_id: Id, _: SignedIn, db: Db) -> Json:
    """A category, also one that was put away; 404 when there is none."""
    return Json({"category": await catalog.get_category(db, category_id)})


@categories.patch(
    "/{category_id}",
    response_model=StaffCategoryAnswer,
    responses={409: {"model": ErrorShape, "description": "CATEGORY_TAKEN: the name or the slug."}},
)
async def change_category(category_id: Id, body: ChangeCategory, actor: SignedIn, db: Db) -> Json:
    """Change a category."""
    async with db.transaction() as tx:
        await catalog.change_category(tx, category_id, body.fields(), actor_id=actor.id)
        return Json(await _category(tx, category_id))


@categories.delete("/{category_id}", response_model=StaffCategoryAnswer)
async def put_category_away(category_id: Id, actor: SignedIn, db: Db) -> Json:
    """Show a category and its products to nobody any more. PATCH `isActive` brings them back."""
    async with db.transaction() as tx:
        await catalog.change_category(tx, category_id, {"is_active": False}, actor_id=actor.id)
        return Json(await _category(tx, category_id))


def _check(law: Law, product: NewProduct) -> None:
    for field, sentence in why_not_for_sale(law.at(clock.now()), product):
        raise Refused(field, sentence)


def _page(found: dict[str, object]) -> dict[str, object]:
    images = found.pop("images")
    return {"product": found, "images": images}


async def _category(tx: Tx, category_id: Id) -> dict[str, object]:
    return {"category": await catalog.get_category(tx, category_id)}

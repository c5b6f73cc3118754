"""The catalogue's edge. Lists are answered from kept bytes (`platform.http.hot`): the same for everybody."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from faded_skies.domains.catalog import schemas, service
from faded_skies.platform.http.answers import Json, dump
from faded_skies.platform.http.auth import SignedIn, needs_token
from faded_skies.platform.http.fields import ErrorShape, Id
from faded_skies.platform.http.hot import tagged
from faded_skies.platform.http.provide import Db, ports_of
from faded_skies.platform.http.query import documented, read_query

router = APIRouter(prefix="/api", tags=["catalogue"])

HOT_PATHS = ("/api/products", "/api/categories")

Responses = dict[int | str, dict[str, Any]]

_NOT_MODIFIED: Responses = {304: {"description": "You have this already: If-None-Match named its ETag."}}
_ABSENT: Responses = {404: {"model": ErrorShape, "description": "NOT_FOUND: not sold here, or not any more."}}


@router.get(
    "/products",
    response_model=schemas.ProductsShape,
    responses=_NOT_MODIFIED,
    openapi_extra={"parameters": documented(schemas.ProductQuery)},
)
async def list_products(request: Request) -> Json:
    """List what is on sale; `stockQuantity` may lag one second."""
    # No dependency for the database here: each costs a tenth of the whole answer.
    query = read_query(request, schemas.ProductQuery)
    page = await service.products(
        ports_of(request).db, query.wanted, sort=query.order, limit=query.limit, offset=query.offset
    )
    return Json(dump(page))


@router.get("/categories", response_model=schemas.CategoriesShape, responses=_NOT_MODIFIED)
async def list_categories(db: Db) -> Json:
    """List all categories in their order."""
    return Json({"categories": await service.categories(db)})


@router.get(
    "/products/{product_id}",
    response_model=schemas.ProductPageShape,
    responses={**_NOT_MODIFIED, **_ABSENT},
)
async def show_product(request: Request, db: Db, product_id: Id) -> Response:
    """Show a product with its pictures and newest reviews; the stock is exact."""
    return tagged(request, dump(await service.product_page(db, product_id)))


@router.post(
    "/products/{product_id}/reviews",
    status_code=201,
    response_model=schemas.WrittenReviewShape,
    dependencies=needs_token,
    responses={
        **_ABSENT,
        403: {"model": ErrorShape, "description": "REVIEW_NOT_ALLOWED: it was never delivered to you."},
        409: {"model": ErrorShape, "description": "ALREADY_REVIEWED: one review a person."},
    },
)
async def review_product(product_id: Id, body: schemas.NewReview, actor: SignedIn, db: Db) -> Json:
    """Review a product that was delivered to you, once."""
    async with db.transaction() as tx:
        review = await service.review_product(
            tx,
            product_id=product_id,
            user_id=actor.id,
            user_name=actor.name,
            rating=body.rating,
            title=body.title,
            body=body.body,
        )
    return Json({"review": review}, status_code=201)

"""HTTP for the owner: what was sold, refused and looked at, as JSON or as CSV by `Accept`."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from faded_skies.backoffice.report_endpoints import AS_CSV, End, Rules, Start, Wanted, as_table, wants_csv
from faded_skies.backoffice.sales_schemas import (
    PRODUCT_FIELDS,
    REFUSAL_FIELDS,
    SALES_FIELDS,
    FunnelAnswer,
    OverviewAnswer,
    ProductSalesAnswer,
    RefusalsAnswer,
    SalesAnswer,
    overview_rows,
    present_overview,
    present_product,
    present_refusals,
    present_sales,
    present_visitors,
)
from faded_skies.platform.http.answers import Json
from faded_skies.platform.http.auth import SignedIn, needs_role, needs_token
from faded_skies.platform.http.provide import Db
from faded_skies.reports import sales
from faded_skies.reports.days import Span, span
from faded_skies.reports.funnel import funnel
from faded_skies.reports.refusals import refusals

router = APIRouter(
    prefix="/api/admin/reports", tags=["reports"], dependencies=needs_token, responses=needs_role
)

MostProducts = Annotated[int, Query(alias="limit", ge=1, le=1000, description="How many, at most.")]


def _answer(days: Span, /, **found: Any) -> Json:
    return Json({"startDate": days.first, "endDate": days.last, "timeZone": days.zone.key, **found})


def _named(name: str, days: Span) -> str:
    return f"{name}-{days.first}-{days.last}"


def _rows(fields: Sequence[str], records: Sequence[dict[str, Any]]) -> list[list[object]]:
    return [[record[name] for name in fields] for record in records]


@router.get("", response_model=OverviewAnswer, responses=AS_CSV)
async def report_overview(
    _: SignedIn, db: Db, law: Rules, start: Start, end: End, accept: Wanted = ""
) -> Response:
    """People, orders and revenue of some local days, what sold best in them, and what runs out now."""
    days = span(start, end, law.timezone)
    told = present_overview(await sales.overview(db, days), start=start, end=end)
    if wants_csv(accept):
        return as_table(_named("report", days), ("section", "name", "value"), overview_rows(told))
    return Json(told)


@router.get("/sales", response_model=SalesAnswer, responses=AS_CSV)
async def report_sales(
    _: SignedIn, db: Db, law: Rules, start: Start, end: End, accept: Wanted = ""
) -> Response:
    """Orders by the local day on which they were placed, as they are now: sums, taxes, baskets, delivery."""
    days = span(start, end, law.timezone)
    by_day, total = await sales.sales_by_day(db, days)
    told = [{"date": day, **present_sales(one)} for day, one in by_day]
    if wants_csv(accept):
        fields = ("date", *SALES_FIELDS)
        return as_table(_named("sales", days), fields, _rows(fields, told))
    return _answer(days, days=told, total=present_sales(total))


@router.get("/products", response_model=ProductSalesAnswer, responses=AS_CSV)
async def report_products(
    _: SignedIn, db: Db, law: Rules, start: Start, end: End, most: MostProducts = 100, accept: Wanted = ""
) -> Response:
    """What sold best of the orders placed in some days and delivered, the most units first."""
    days = span(start, end, law.timezone)
    told = [present_product(one) for one in await sales.products(db, days, most=most)]
    if wants_csv(accept):
        return as_table(_named("products", days), PRODUCT_FIELDS, _rows(PRODUCT_FIELDS, told))
    return _answer(days, products=told)


@router.get("/refusals", response_model=RefusalsAnswer, responses=AS_CSV)
async def report_refusals(
    _: SignedIn, db: Db, law: Rules, start: Start, end: End, accept: Wanted = ""
) -> Response:
    """What was refused by the law, at the door and by banks, by day and reason."""
    days = span(start, end, law.timezone)
    told = [present_refusals(one) for one in await refusals(db, days)]
    if wants_csv(accept):
        return as_table(_named("refusals", days), REFUSAL_FIELDS, _rows(REFUSAL_FIELDS, told))
    return _answer(days, refusals=told)


@router.get("/funnel", response_model=FunnelAnswer, responses=AS_CSV)
async def report_funnel(
    _: SignedIn, db: Db, law: Rules, start: Start, end: End, accept: Wanted = ""
) -> Response:
    """How many looked, chose, filled a cart, began to pay and bought, of those who agreed to be counted."""
    days = span(start, end, law.timezone)
    by_day, total = await funnel(db, days)
    if wants_csv(accept):
        fields = ("date", *present_visitors(total))
        return as_table(
            _named("funnel", days), fields, ((one.day, *present_visitors(one).values()) for one in by_day)
        )
    told = [{"date": one.day, "visitors": present_visitors(one)} for one in by_day]
    return _answer(days, days=told, total=present_visitors(total))

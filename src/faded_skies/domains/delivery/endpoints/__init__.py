"""HTTP of the road: one file for each matter."""

from faded_skies.domains.delivery.endpoints import answers, receipts, road, stream, trips

ROUTERS = (road.router, answers.router, trips.router, road.tracking_router, receipts.router, stream.router)

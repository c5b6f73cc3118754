"""The pictures behind the staff's links."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from faded_skies.domains.verification import service
from faded_skies.domains.verification.service import Vault
from faded_skies.platform.http.fields import ErrorShape
from faded_skies.platform.http.provide import Db, provided
from faded_skies.platform.http.uploads import PRIVATE_PICTURE

router = APIRouter(prefix="/api/id-documents", tags=["staff"])


@router.get(
    "/{token}",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "The picture."},
        404: {"model": ErrorShape, "description": "NOT_FOUND: the link was used, is old, or never was."},
    },
)
async def show(
    token: Annotated[str, Path(max_length=100, description="What the link ends in.")],
    db: Db,
    vault: Annotated[Vault, provided(Vault)],
) -> Response:
    """Show one picture of an identity paper, once, by a link from the staff's queue.

    The link is the permission: an <img> sends no token.
    """
    async with db.transaction() as tx:
        paper = await service.use_link(tx, token)
    return Response(await vault.get(paper), media_type="image/jpeg", headers=PRIVATE_PICTURE)

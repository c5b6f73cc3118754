"""HTTP of identity papers: of whom they are, of staff, and of the vendor."""

from fastapi import APIRouter

from faded_skies.domains.verification.endpoints import callbacks, people, pictures, staff

ROUTERS: list[APIRouter] = [people.router, staff.router, pictures.router, callbacks.router]

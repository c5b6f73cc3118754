"""HTTP of conversations with support."""

from fastapi import APIRouter

from faded_skies.domains.support.endpoints import tickets, uploads

ROUTERS: list[APIRouter] = [tickets.router, uploads.router]

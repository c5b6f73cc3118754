"""What docs/runbooks/keys.md promises of a new JWT_SECRET: access tokens end, and nobody has to sign in again."""

import httpx
from pydantic import SecretStr

from factories.identity import signed_in
from faded_skies import bootstrap
from faded_skies.bootstrap import Application
from faded_skies.platform.settings import Settings


async def test_access_tokens_end_and_sessions_go_on(app: Application, settings: Settings) -> None:
    person = await signed_in(app)
    changed = settings.model_copy(update={"jwt_secret": SecretStr("another-secret-that-is-long-enough-too")})
    async with bootstrap.application(changed) as restarted:
        transport = httpx.ASGITransport(app=restarted.asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:

            async def profile(token: str) -> int:
                headers = {"Authorization": f"Bearer {token}"}
                return (await http.get("/api/users/profile", headers=headers)).status_code

            assert await profile(person.access_token) == 401
            renewed = await http.post("/api/auth/refresh-token", json={"refreshToken": person.refresh_token})
            assert renewed.status_code == 200
            assert await profile(renewed.json()["accessToken"]) == 200

"""A server that is asked to end: not ready at once, and no request lost until it has gone."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import httpx

from faded_skies.platform.settings import Settings
from servers import environment_of, free_port, serve_process, until


async def test_a_server_that_is_asked_to_end_says_so_first_and_answers_what_comes_meanwhile(
    settings: Settings, tmp_path: Path
) -> None:
    environment = environment_of(settings) | {"DRAIN_FOR": "10s"}
    with serve_process(environment, tmp_path / "serve.log", port=free_port()) as server:
        await server.ready()
        answered: Counter[tuple[str, int]] = Counter()
        async with httpx.AsyncClient(base_url=server.address) as http:
            server.process.send_signal(signal.SIGTERM)

            async def says_so() -> bool:
                return (await http.get("/health/ready")).status_code == 503

            await until(says_so, "the server is not ready")
            for _ in range(20):
                for path in ("/health/live", "/api/products", "/health/ready"):
                    answered[path, (await http.get(path)).status_code] += 1
        assert answered == {
            ("/health/live", 200): 20,
            ("/api/products", 200): 20,
            ("/health/ready", 503): 20,
        }
        assert await asyncio.to_thread(server.process.wait, 60) == 0

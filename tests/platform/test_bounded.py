"""An answer is read to its end, or not further than it may be long."""

from collections.abc import AsyncIterator

import pytest

from faded_skies.platform.bounded import read_up_to


@pytest.mark.parametrize(("most", "whole", "taken"), [(6, b"aabbcc", 3), (5, None, 3), (3, None, 2)])
async def test_no_more_is_read_than_may_be(most: int, whole: bytes | None, taken: int) -> None:
    given: list[bytes] = []

    async def parts() -> AsyncIterator[bytes]:
        for part in (b"aa", b"bb", b"cc"):
            given.append(part)
            yield part

    assert await read_up_to(parts(), most) == whole
    assert len(given) == taken

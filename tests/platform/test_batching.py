"""What callers get who are served together."""

import asyncio
from collections.abc import Sequence

import pytest

from faded_skies.platform.batching import MOST_TOGETHER, Batcher
from faded_skies.platform.errors import Absent, Situation


class Kitchen:
    """Cooks number by number once its door is opened; notes what was cooked together."""

    def __init__(self) -> None:
        self.door = asyncio.Event()
        self.batches: list[list[int]] = []
        self.asked: Batcher[int, int] = Batcher(self.cook)

    async def cook(self, numbers: Sequence[int]) -> list[int | Situation]:
        self.batches.append(list(numbers))
        await self.door.wait()
        if 13 in numbers:
            raise ValueError("thirteen")
        return [Absent() if number == 404 else number * 2 for number in numbers]

    async def order(self, *numbers: int) -> list[asyncio.Task[int]]:
        tasks = []
        for number in numbers:
            tasks.append(asyncio.create_task(self.asked.ask(number)))
            await asyncio.sleep(0)
        return tasks


async def test_who_comes_meanwhile_is_served_together_and_in_order() -> None:
    kitchen = Kitchen()
    tasks = await kitchen.order(1)
    await asyncio.sleep(0)
    tasks += await kitchen.order(2, 3, 4)
    kitchen.door.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8]
    assert kitchen.batches == [[1], [2, 3, 4]]


async def test_a_refusal_is_one_callers_own() -> None:
    kitchen = Kitchen()
    kitchen.door.set()
    tasks = await kitchen.order(1, 404, 3)
    with pytest.raises(Absent):
        await tasks[1]
    assert (await tasks[0], await tasks[2]) == (2, 6)


async def test_a_failure_is_everybodys_and_the_next_are_served() -> None:
    kitchen = Kitchen()
    tasks = await kitchen.order(1)
    await asyncio.sleep(0)
    tasks += await kitchen.order(2, 13)
    kitchen.door.set()
    assert await tasks[0] == 2
    for task in tasks[1:]:
        with pytest.raises(ValueError, match="thirteen"):
            await task
    assert await kitchen.asked.ask(5) == 10


async def test_who_has_left_holds_nobody_up() -> None:
    kitchen = Kitchen()
    tasks = await kitchen.order(1, 2)
    tasks[1].cancel()
    kitchen.door.set()
    assert await tasks[0] == 2
    assert await kitchen.asked.ask(3) == 6


async def test_a_batch_has_its_most() -> None:
    kitchen = Kitchen()
    tasks = await kitchen.order(*range(500, 501 + MOST_TOGETHER))
    kitchen.door.set()
    await asyncio.gather(*tasks)
    assert max(len(batch) for batch in kitchen.batches) <= MOST_TOGETHER
    assert sum(len(batch) for batch in kitchen.batches) == 1 + MOST_TOGETHER


async def test_batches_keep_apart_until_one_is_full() -> None:
    loop = asyncio.get_running_loop()
    began: list[tuple[float, int]] = []

    async def note(numbers: Sequence[int]) -> Sequence[int]:
        began.append((loop.time(), len(numbers)))
        return numbers

    asked: Batcher[int, int] = Batcher(note, apart=0.2)
    await asked.ask(1)
    await asyncio.gather(*(asked.ask(number) for number in (2, 3)))
    assert [size for _, size in began] == [1, 2]
    assert began[1][0] - began[0][0] >= 0.19
    asked = Batcher(note, apart=3_600)
    await asked.ask(1)
    await asyncio.gather(*(asked.ask(number) for number in range(MOST_TOGETHER)))
    assert [size for _, size in began[2:]] == [1, MOST_TOGETHER]

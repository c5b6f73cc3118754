"""The rooms of sockets: ours and python-socketio's own end the same, whatever happens."""

import asyncio
from itertools import count

import hypothesis.strategies as st
from hypothesis import given, settings
from socketio.async_pubsub_manager import AsyncPubSubManager

from faded_skies.platform.memberships import Memberships

ROOMS = ("agents", "order:1", "user:1")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["arrive", "connect", "enter", "leave", "close", "leave for good", "disconnect"]),
        st.integers(0, 4),
        st.sampled_from(ROOMS),
    ),
    max_size=40,
)


class Server:
    """What the managers ask of a server: ids."""

    def __init__(self) -> None:
        self._numbers = count()
        self.eio = self

    def generate_id(self) -> str:
        return f"sid {next(self._numbers)}"


async def play(manager: AsyncPubSubManager, steps: list[tuple[str, int, str]]) -> list[object]:
    """Take the steps, and return what stands after each."""
    manager.server = Server()
    states: list[object] = []
    for step, number, room in steps:
        eio_sid = f"session {number}"
        sid = manager.sid_from_eio_sid(eio_sid, "/")
        if step == "arrive":
            await manager.pre_connect(eio_sid, "/")
        elif sid is None:
            continue
        elif step == "connect":
            await manager.connect(sid, "/")
        elif step == "enter":
            manager.basic_enter_room(sid, "/", room)
        elif step == "leave":
            manager.basic_leave_room(sid, "/", room)
        elif step == "close":
            manager.basic_close_room(room, "/")
        else:
            if step == "leave for good":
                manager.pre_disconnect(sid, "/")
            await manager.disconnect(sid, "/", ignore_queue=True)
        rooms = {name: dict(members) for name, members in manager.rooms.get("/", {}).items()}
        pending = [{name: list(sids) for name, sids in one.items()} for one in _pending(manager)]
        states.append((rooms, pending, manager.is_connected(sid, "/")))
    return states


def _pending(manager: AsyncPubSubManager) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    return manager.pending_connect, manager.pending_disconnect


@settings(max_examples=50)
@given(STEPS)
def test_rooms_end_as_the_librarys_own(steps: list[tuple[str, int, str]]) -> None:
    ours, theirs = Memberships(), AsyncPubSubManager()

    async def play_both() -> None:
        assert await play(ours, steps) == await play(theirs, steps)

    asyncio.run(play_both())
    # Who left leaves nothing behind.
    assert set(ours._rooms_of) == set(ours.rooms.get("/", {}).get(None, {}))

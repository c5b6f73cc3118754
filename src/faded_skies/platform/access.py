"""Who may do what, decided in one place: a table of permissions, and nothing that is not in it.

An operation is "METHOD /path/{template}", a client's socket event "SOCKET name".
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from faded_skies.platform.actor import Actor, Owed, Role
from faded_skies.platform.errors import Forbidden, InsufficientPermissions, Situation

NOBODY: frozenset[Role] = frozenset()


class BirthDateOwed(Forbidden):
    code = "AGE_VERIFICATION_REQUIRED"
    sentence = "Tell us your date of birth first, with POST /api/users/profile/complete."


class SecondFactorOwed(Forbidden):
    code = "MFA_REQUIRED"
    sentence = "Your role needs a second factor. Turn one on first: begin with POST /api/users/mfa."


_OWED: dict[Owed, type[Situation]] = {
    Owed.DATE_OF_BIRTH: BirthDateOwed,
    Owed.SECOND_FACTOR: SecondFactorOwed,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """One thing that may be done, by whom, through which doors.

    `public` is for everybody, signed in or not; otherwise only `roles` may. `while_owing` names what a person
    may still owe to do it.
    """

    name: str
    doors: tuple[str, ...]
    roles: frozenset[Role] = NOBODY
    public: bool = False
    while_owing: frozenset[Owed] = field(default_factory=frozenset)


class UnnamedDoorError(Exception):
    """A door exists that no permission names; the text says which."""


class Access:
    """The table, looked up by door. What it does not name is refused."""

    def __init__(self, table: Iterable[Permission]) -> None:
        self._by_door: dict[str, Permission] = {}
        for permission in table:
            for door in permission.doors:
                if door in self._by_door:
                    raise UnnamedDoorError(f"{door} is named twice in the table of permissions")
                self._by_door[door] = permission

    @property
    def doors(self) -> Collection[str]:
        return self._by_door.keys()

    def require_named(self, doors: Iterable[str]) -> None:
        """Stop the start when a door is not in the table. Raises UnnamedDoorError."""
        unnamed = sorted(set(doors) - self._by_door.keys())
        if unnamed:
            raise UnnamedDoorError(
                f"say in faded_skies/permissions.py who may use these: {', '.join(unnamed)}"
            )

    def check(self, door: str, actor: Actor) -> None:
        """Raise InsufficientPermissions unless the actor may, or what they owe when they owe something first."""
        permission = self._by_door.get(door)
        if permission is None or not (permission.public or actor.role in permission.roles):
            raise InsufficientPermissions
        if actor.owes is not None and actor.owes not in permission.while_owing:
            raise _OWED[actor.owes]

    def roles(self, door: str) -> frozenset[Role]:
        """Return the roles that may use the door; none for a public one."""
        return self._by_door[door].roles

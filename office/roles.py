"""What a person's office allows. Deny by default: a right exists only where it is written here.

1. Leaders (lãnh đạo) sign; clerks (văn thư) number, seal and register; archivists (lưu trữ) keep.
   Nghị định 30/2020 Đ13, Đ32: signature and seal are never one person's by default, and the clerk
   uses the agency's key in person.
2. An administrator (quản trị) manages accounts and trust. He neither signs nor reads documents:
   whoever can make accounts must not be able to act through them unseen.
3. A person may hold several roles; the rights add up.
"""

from enum import StrEnum


class Role(StrEnum):
    """What somebody is in the agency."""

    LEADER = "leader"
    CLERK = "clerk"
    ARCHIVIST = "archivist"
    ADMIN = "admin"

    @property
    def vi(self) -> str:
        """Name of the role as officials use it."""
        return _NAMES[self][0]

    @property
    def en(self) -> str:
        """Name of the role in English."""
        return _NAMES[self][1]


_NAMES: dict[Role, tuple[str, str]] = {
    Role.LEADER: ("Lãnh đạo", "Leader"),
    Role.CLERK: ("Văn thư", "Records clerk"),
    Role.ARCHIVIST: ("Lưu trữ", "Archivist"),
    Role.ADMIN: ("Quản trị", "Administrator"),
}

READERS = frozenset({Role.LEADER, Role.CLERK, Role.ARCHIVIST})
"""May search the archive and read what is in it (rule 2: not the administrator)."""

SIGNERS = frozenset({Role.LEADER, Role.CLERK})
"""May sign or seal, each with the identities granted to them and no other (rule 1)."""

KEEPERS = frozenset({Role.LEADER, Role.CLERK, Role.ARCHIVIST})
"""May put a document into the archive."""

MANAGERS = frozenset({Role.ADMIN})
"""May manage accounts."""

"""What a user or a machine may do. Imports nothing, so that the command line starts at once."""

from enum import StrEnum


class Role(StrEnum):
    viewer = "viewer"
    analyst = "analyst"
    admin = "admin"

    def covers(self, needed: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


class MachineRole(StrEnum):
    """What an API token may be: machines administer nothing."""

    viewer = Role.viewer.value
    analyst = Role.analyst.value


class Scope(StrEnum):
    """What an API token is for. Of routes that have none, no API token is let in."""

    read = "read"
    load = "load"

"""Errors say what is wrong, what was found and what to do next; the class carries the exit code."""

from reclake.printable import printable


class ReclakeError(Exception):
    """A stop that a person can act on."""

    exit_code = 1

    def __init__(self, wrong: str, found: str, next_step: str) -> None:
        super().__init__(wrong, found, next_step)

    def __str__(self) -> str:
        # What a file or a message of others says must not look like a line of ours.
        return "{}\n  found: {}\n  next:  {}".format(*(printable(str(part)) for part in self.args))


class UsageError(ReclakeError):
    """A wrong argument, setting or name."""

    exit_code = 2


class SettingsInvalid(UsageError):
    """A settings file, override or environment variable that cannot be used."""


class SecretMissing(UsageError):
    """A key that is not there, too short, or readable by others."""


class ContractBroken(ReclakeError):
    """A frame that lacks what its table declares."""

    exit_code = 3


class GateFailed(ReclakeError):
    """A gate that stopped a table."""

    exit_code = 3


class StageStopped(ReclakeError):
    """A stage in which at least one table was stopped; the others were published."""

    exit_code = 3


class BuildBroken(ReclakeError):
    """A table whose build ended in a fault; the others were published."""


class TooMuchRejected(ReclakeError):
    """More of a delivery was refused than its source allows."""

    exit_code = 4


class Overtaken(ReclakeError):
    """Another run holds these days, or has written them since."""

    exit_code = 5


class ServiceDown(ReclakeError):
    """A needed service does not answer."""

    exit_code = 6


class LakeDamaged(ReclakeError):
    """A stored version is not what was published."""


class Interrupted(ReclakeError):
    """Somebody ended the process with Ctrl-C."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__(
            "interrupted", "Ctrl-C", "what was published stays; the same command goes on from there, and nothing counts twice"
        )

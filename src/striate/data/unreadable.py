"""The error of a picture that cannot be read."""

from striate.core.errors import DataError


class Unreadable(DataError):
    """A picture that cannot be read whole and right.

    Args:
        reason: why, in words for the person who has the file.
        name: the picture's name, for the message.
    """

    def __init__(self, reason: str, name: str = "the picture") -> None:
        self.reason = reason
        super().__init__(f"{name} cannot be read: {reason}")

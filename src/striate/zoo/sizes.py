"""Pictures of other sizes than a network was made for: what it takes, and the stem that suits small ones."""

from dataclasses import dataclass

from striate.core.errors import DoesNotApply

STEM = ("auto", "published", "small")  # auto is small for small pictures
LARGEST_SMALL = 64  # pixels; networks for 224 leave 2 x 2 units of these and see no fine detail


@dataclass(frozen=True)
class Stem:
    """A family's two stems.

    Args:
        published: the smallest side in pixels that the published stem takes, with all that follows it.
        small: the smallest side that the small-picture stem takes.
        change: what the small-picture stem replaces by what, for the user.
        up_to: the largest side for which `auto` takes the small-picture stem even where the published one would do.
    """

    published: int
    small: int
    change: str
    up_to: int = LARGEST_SMALL

    def choose(self, model: str, image_size: tuple[int, int], wanted: str, made_for: int) -> tuple[bool, list[str]]:
        """Return whether to take the small-picture stem, and what to tell the user about it.

        Raises:
            DoesNotApply: the pictures are too small for the stem.
        """
        small = wanted == "small" or (wanted == "auto" and min(image_size) <= max(self.up_to, self.published - 1))
        which = "" if small else " with its published stem"
        require(f"{model}{which}", image_size, self.small if small else self.published, made_for)
        if not small:
            return False, []
        known = f"{model} for pictures of {_by(image_size)} {self.change}"
        keeps = " (options.stem=published keeps the published stem)" if min(image_size) >= self.published else ""
        return True, [f"{known}{keeps}"]


def fitted(model: str, left: tuple[int, int], published: tuple[int, int]) -> tuple[tuple[int, int], list[str]]:
    """Return the size of maps that the first fully connected layer is to read, and what to tell the user about it.

    Args:
        model: the network's name.
        left: the size of the maps that come to it.
        published: the size that it reads in the published network: never more, or it would hold most of all weights.
    """
    size = (min(left[0], published[0]), min(left[1], published[1]))
    if left == published:
        return size, []
    averaged = "" if size == left else f", averages of {_by(left)}"
    read = f"{model}'s first fully connected layer reads maps of {_by(size)}{averaged}"
    return size, [f"{read}; as published: {_by(published)}" if size != published else read]


def require(model: str, image_size: tuple[int, int], smallest: int, made_for: int) -> None:
    """Refuse pictures of which either side is smaller than `smallest`.

    Raises:
        DoesNotApply: with the sizes that `model` takes and the one it was made for.
    """
    if min(image_size) < smallest:
        raise DoesNotApply(
            f"{model} takes pictures of {smallest} x {smallest} and more, not {_by(image_size)}: "
            f"set the image size to {made_for}, what it was made for"
        )


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"

"""Renames that the layouts of several families share; each family's `layouts` has its own beside them."""

from striate.zoo.options import Renames

_LONGEST = 5  # convolutions in a branch


def side_by_side(theirs: str, ours: str, *, pool: int | None = None) -> Renames:
    """Return the renames of timm's `branch0`, `branch1`, ... to those of `layers.branches.chains`.

    Args:
        theirs: a pattern for the name of the module that has the branches, without the dot behind it.
        ours: its name here; groups of the pattern can be used as in `re.sub`.
        pool: which of timm's branches is a pooling with a 1x1 convolution behind it.
    """
    projected = ((rf"{theirs}\.branch{pool}\.1\.", rf"{ours}.pool.project."),)
    numbered = tuple(
        (rf"{theirs}\.branch(?P<branch>\d)\.{index}\.", rf"{ours}.branch\g<branch>.conv{index + 1}.")
        for index in range(_LONGEST)
    )
    alone = (
        rf"{theirs}\.branch(?P<branch>\d)\.(?P<layer>conv|bn)\.",
        rf"{ours}.branch\g<branch>.conv1.\g<layer>.",
    )
    return (*(() if pool is None else projected), *numbered, alone)

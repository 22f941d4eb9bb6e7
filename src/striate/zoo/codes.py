"""The codes that LeNet-5's radial basis outputs compare F6 with: 84 values of +1 and -1 for each class.

The paper draws each character as a stylized picture, 7 x 12, so that characters that look alike have codes that are
alike. The pictures here are redrawn after its figure 3 in that spirit, pixel for pixel ours. Classes that are no
digits take the rows of a Hadamard matrix of order 84 instead: every two of them differ in 42 places of 84.
"""

import torch
from torch import Tensor

WIDTH, HEIGHT = 7, 12
LENGTH = WIDTH * HEIGHT

# fmt: off
_DIGITS = (
    """
    .#####.  ...##..  .#####.  .#####.  ....##.
    ##...##  ..###..  ##...##  ##...##  ...###.
    ##...##  .####..  ##...##  .....##  ..####.
    ##...##  ...##..  .....##  .....##  .##.##.
    ##...##  ...##..  .....##  .....##  ##..##.
    ##...##  ...##..  ....##.  ..####.  ##..##.
    ##...##  ...##..  ...##..  .....##  ##..##.
    ##...##  ...##..  ..##...  .....##  #######
    ##...##  ...##..  .##....  .....##  ....##.
    ##...##  ...##..  ##.....  .....##  ....##.
    ##...##  ...##..  ##.....  ##...##  ....##.
    .#####.  .######  #######  .#####.  ....##.
    """,
    """
    #######  ..####.  #######  .#####.  .#####.
    ##.....  .##....  .....##  ##...##  ##...##
    ##.....  ##.....  .....##  ##...##  ##...##
    ##.....  ##.....  ....##.  ##...##  ##...##
    ######.  ##.....  ....##.  ##...##  ##...##
    .....##  ######.  ...##..  .#####.  ##...##
    .....##  ##...##  ...##..  ##...##  .######
    .....##  ##...##  ..##...  ##...##  .....##
    .....##  ##...##  ..##...  ##...##  .....##
    .....##  ##...##  .##....  ##...##  .....##
    ##...##  ##...##  .##....  ##...##  ....##.
    .#####.  .#####.  .##....  .#####.  .####..
    """,
)
# fmt: on


def digits() -> Tensor:
    """Return the pictures of 0 to 9 as (10, 84): +1 where there is ink, -1 elsewhere, row by row."""
    codes = []
    for band in _DIGITS:
        lines = [line.split() for line in band.split("\n") if line.strip()]
        codes += ["".join(rows) for rows in zip(*lines, strict=True)]
    return torch.tensor([[1.0 if pixel == "#" else -1.0 for pixel in code] for code in codes])


def orthogonal() -> Tensor:
    """Return 168 codes (168, 84): the rows of a Hadamard matrix, then the same with every sign turned.

    Paley's first construction, 1933: with the prime 83, entry (i, j) of the core is +1 where i - j is 0 or a
    square modulo 83. Two codes differ in 42 places, a code and its negative in all 84.
    """
    prime = LENGTH - 1
    squares = {value * value % prime for value in range(prime)}
    core = torch.tensor([[1.0 if (i - j) % prime in squares else -1.0 for j in range(prime)] for i in range(prime)])
    matrix = torch.ones(LENGTH, LENGTH)
    matrix[1:, 0] = -1
    matrix[1:, 1:] = core
    return torch.cat([matrix, -matrix])

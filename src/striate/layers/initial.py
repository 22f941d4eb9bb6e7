"""Initial weights of convolutions and linear layers, by the name of who proposed them; biases start at zero.

Draws come from torch's own generator, so `torch.manual_seed` before building settles them.
"""

from collections.abc import Callable

from torch import Tensor, nn

GAUSSIAN_DEVIATION = 0.1  # of "gaussian"; the papers that say "small Gaussian values" give no number


def he(weight: Tensor) -> None:
    """Draw normal values of variance 2 / fan-in, for layers before a ReLU: He et al., 2015, equation 10."""
    nn.init.kaiming_normal_(weight, nonlinearity="relu")


def glorot(weight: Tensor) -> None:
    """Draw uniform values of variance 2 / (fan-in + fan-out): Glorot and Bengio, 2010, equation 16."""
    nn.init.xavier_uniform_(weight)


def lecun(weight: Tensor) -> None:
    """Draw normal values of variance 1 / fan-in: LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, eq. 16."""
    nn.init.kaiming_normal_(weight, nonlinearity="linear")


def gaussian(weight: Tensor) -> None:
    """Draw normal values of standard deviation 0.1, whatever the size of the layer."""
    nn.init.normal_(weight, std=GAUSSIAN_DEVIATION)


def normal(deviation: float) -> Callable[[Tensor], None]:
    """Return a start of normal values of this standard deviation, whatever the size of the layer."""

    def draw(weight: Tensor) -> None:
        nn.init.normal_(weight, std=deviation)

    return draw


INITIAL: dict[str, Callable[[Tensor], None]] = {"he": he, "glorot": glorot, "lecun": lecun, "gaussian": gaussian}


def initialize(module: nn.Module, how: Callable[[Tensor], None]) -> None:
    """Set the weights of every convolution and linear layer in `module` by `how`, and their biases to zero.

    Those on the meta device have no values, and drawing none takes torch as long as all else in building a network.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear) and not layer.weight.is_meta:
            how(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)

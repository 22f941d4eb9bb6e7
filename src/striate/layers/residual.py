"""The residual connection and its parameter-free shortcut: He, Zhang, Ren and Sun, 2015, sections 3.2 and 3.3."""

from torch import Tensor, nn
from torch.nn import functional as F

INITIAL_OF_BLOCKS = ("he", "zero")  # He et al., 2015; the same, and every block starts as doing nothing


class Pad(nn.Module):
    """Option A: every stride-th pixel, and channels of zeros around those there are; no parameters."""

    def __init__(self, c_in: int, c_out: int, stride: int = 2) -> None:
        super().__init__()
        self.stride = stride
        self.before = (c_out - c_in) // 2
        self.after = c_out - c_in - self.before

    def forward(self, x: Tensor) -> Tensor:
        """Take maps (N, C, h, w) to (N, C', h / stride, w / stride), rounded up."""
        # the paper leaves open where the zeros go; half on each side, as in the files that people share
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.before, self.after))


class Residual(nn.Module):
    """The sum of the body's output and the shortcut's, then ReLU: equations 1 and 2."""

    def __init__(self, body: nn.Module, shortcut: nn.Module) -> None:
        super().__init__()
        self.body = body
        self.shortcut = shortcut
        self.join = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Take `x` to maps of the shape that body and shortcut agree on."""
        joined: Tensor = self.join(self.body(x) + self.shortcut(x))
        return joined


def start_at_nothing(network: nn.Module) -> None:
    """Begin every residual block of `network` as the identity: the last scale of its body is 0.

    Goyal et al., 2017, section 5.1 (https://arxiv.org/abs/1706.02677). Where a body ends in a convolution, as in
    blocks that normalize first, that is set to 0 instead.
    """
    for block in network.modules():
        body = getattr(block, "body", None)
        if not isinstance(body, nn.Module) or not hasattr(block, "shortcut"):
            continue
        last = [layer for layer in body.modules() if isinstance(layer, nn.BatchNorm2d | nn.Conv2d)][-1]
        nn.init.zeros_(last.weight)

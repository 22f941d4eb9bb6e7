"""The residual connection and its parameter-free shortcut: He, Zhang, Ren and Sun, 2015, sections 3.2 and 3.3."""

from torch import Tensor, nn
from torch.nn import functional as F


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

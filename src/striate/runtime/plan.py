"""A plan: device, precision, memory format and threads of the arithmetic; saved before the first step."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from striate.core.errors import PlanError
from striate.core.records import Record

# Below this many multiply-accumulates a batch, threads wait for each other longer than they help: resnet20 on batches
# of 64 pictures of 8x8 (0.16e9) takes no less time on 2 threads than on 1, and many times as long on a busy machine.
_WORTH_SHARING = 1_000_000_000

Device = Literal["auto", "cpu", "cuda", "mps"]


class Plan(Record):
    """How the arithmetic runs. The defaults are deterministic float32 on the best device at hand."""

    device: Device = "auto"
    """auto: cuda where there is one, else mps, else cpu."""
    precision: Literal["float32", "bf16"] = "float32"
    """bf16: convolutions and matrix products in bfloat16; weights, norms, loss and evaluation stay float32."""
    memory_format: Literal["auto", "contiguous", "channels_last"] = "auto"
    """channels_last: the channels of a pixel lie together, which convolutions prefer. auto: so where there are any."""
    threads: int = Field(0, ge=0)
    """Threads of the arithmetic on the CPU; 0: one a core, or one where a step is too small to share.
    Fixed in the run, since sums depend on it."""

    def resolve(self, network: nn.Module, work: int | None = None) -> "Plan":
        """Return the plan with every `auto` decided for this machine and `network`.

        Args:
            network: what will run.
            work: multiply-accumulates of the forward pass of one batch; None: plenty.

        Raises:
            PlanError: this machine lacks the device or the precision.
        """
        device = _device() if self.device == "auto" else self.device
        if (device == "cuda" and not torch.cuda.is_available()) or (
            device == "mps" and not torch.backends.mps.is_available()
        ):
            raise PlanError(f"plan.device = {device}: this machine has none; use --set plan.device=auto")
        if device == "mps" and self.precision == "bf16":
            raise PlanError("plan.precision = bf16 is not offered on mps; use --set plan.precision=float32")
        convolves = any(isinstance(module, nn.Conv2d) for module in network.modules())
        memory_format = self.memory_format
        if memory_format == "auto":
            memory_format = "channels_last" if convolves else "contiguous"
        threads = self.threads or (1 if work is not None and work < _WORTH_SHARING else _cores())
        return self.model_copy(update={"device": device, "memory_format": memory_format, "threads": threads})

    def prepare(self, network: nn.Module) -> nn.Module:
        """Move `network` to the device and lay its weights out; returns it."""
        layout = torch.channels_last if self.memory_format == "channels_last" else torch.contiguous_format
        return network.to(device=self.device, memory_format=layout)  # type: ignore[call-overload,no-any-return]

    def to_device(self, images: Tensor) -> Tensor:
        """Return a batch (N, C, H, W) on the device, laid out as the plan says."""
        if self.memory_format == "channels_last":
            return images.to(self.device, non_blocking=True).contiguous(memory_format=torch.channels_last)
        return images.to(self.device, non_blocking=True)

    @contextmanager
    def arithmetic(self) -> Iterator[None]:
        """Run the forward pass in the plan's precision."""
        with torch.autocast(self.device, torch.bfloat16, enabled=self.precision == "bf16"):
            yield

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Set the threads and deterministic algorithms, and put back what was set before."""
        threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
        warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
        torch.set_num_threads(self.threads or threads)
        torch.use_deterministic_algorithms(mode=True, warn_only=True)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.use_deterministic_algorithms(mode=deterministic, warn_only=warn_only)


def _cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _device() -> Device:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"

"""A plan: device, precision, memory format, compilation and threads of the arithmetic; saved before the first step."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from striate.core.errors import PlanError
from striate.core.records import Record
from striate.runtime import machine, memory

# Below this many multiply-accumulates a batch, threads wait for each other longer than they help. On two cores of a
# Xeon, on one thread a step of linear on MNIST (1e6) took 0.75 times as long as on two, of lenet5_modern (36e6) 1.34
# times, of resnet20 on 8x8 pixels (161e6) 1.16 times; where two other processes kept both cores busy, half as long.
_WORTH_SHARING = 20_000_000

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "tf32", "bf16", "fp16"]
MemoryFormat = Literal["auto", "contiguous", "channels_last"]
Compilation = Literal["auto", "off", "default", "graphs"]

_HALVES = {"bf16": torch.bfloat16, "fp16": torch.float16}
_REFERENCE = {"precision": "float32", "memory_format": "contiguous", "compile": "off"}
_WORDS: dict[str, dict[str, str]] = {"auto": {}, "reference": _REFERENCE}


class Plan(Record):
    """How the arithmetic runs. What is auto is measured where the training is long enough to gain by it.

    Under bf16 and fp16 convolutions and matrix products run in that precision; weights, the statistics and sums of
    norms, the head, the loss and the final evaluation stay float32.
    """

    device: Device = "auto"
    """auto: cuda where there is one, else mps, else cpu."""
    precision: Precision = "auto"
    """Of convolutions and matrix products; weights, the sums and statistics of norms, head, loss and evaluation stay
    float32. fp16 scales the loss. auto: measured; float32 where nothing else is faster by 15 %."""
    memory_format: MemoryFormat = "auto"
    """channels_last: the channels of a pixel lie together, which convolutions prefer. auto: measured."""
    compile: Compilation = "auto"
    """default: torch.compile; graphs: with CUDA graphs. auto: where the training is so long that it pays back."""
    threads: int = Field(0, ge=0)
    """Threads of the arithmetic on the CPU; 0: measured, or one where a step is too small to share.
    Fixed in the run, since sums depend on it."""

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if value not in _WORDS:
            raise ValueError('choose auto, reference, or fields as in {device = "cpu", precision = "bf16"}')
        return _WORDS[value]

    @classmethod
    def reference(cls) -> "Plan":
        """Return the plan whose answers others are held to: float32, contiguous, not compiled, deterministic."""
        return cls.model_validate(_REFERENCE)

    @property
    def decided(self) -> bool:
        """Whether nothing is left to choose."""
        return "auto" not in self.model_dump().values() and self.threads > 0

    def check(self) -> None:
        """Refuse what this machine lacks.

        Raises:
            PlanError: the device, precision or compiler that the plan names is not there; it says what is.
        """
        device = self.device if self.device != "auto" else machine.best_device()
        self._refuse("device", device, machine.lacks_device(device), "plan.device=auto")
        if self.precision != "auto":
            lack = machine.lacks_precision(device, self.precision)
            self._refuse("precision", f"{self.precision} on {device}", lack, "plan.precision=auto")
        if self.compile != "auto":
            lack = machine.lacks_compiler(device, self.compile)
            self._refuse("compile", f"{self.compile} on {device}", lack, "plan.compile=auto")

    def resolve(self, network: nn.Module, work: int | None = None) -> "Plan":
        """Return the plan with every `auto` decided without measuring: float32, not compiled.

        Args:
            network: what will run.
            work: multiply-accumulates of the forward pass of one batch; None: plenty.

        Raises:
            PlanError: this machine lacks the device, the precision or the compiler.
        """
        self.check()
        threads = 1 if work is not None and work < _WORTH_SHARING else machine.cores()
        default = {
            "device": machine.best_device(),
            "precision": "float32",
            "memory_format": "channels_last" if convolves(network) else "contiguous",
            "compile": "off",
        }
        undecided = {name: value for name, value in default.items() if getattr(self, name) == "auto"}
        return self.model_copy(update={**undecided, "threads": self.threads or threads})

    def prepare(self, network: nn.Module) -> nn.Module:
        """Move `network` to the device and lay its weights out; returns it."""
        layout = torch.channels_last if self.memory_format == "channels_last" else torch.contiguous_format
        return network.to(device=self.device, memory_format=layout)  # type: ignore[call-overload,no-any-return]

    def compiled(self, network: nn.Module) -> nn.Module:
        """Return what to call in place of `network`, which keeps its weights and names."""
        if self.compile not in {"default", "graphs"}:
            return network
        # An epoch's batches have two sizes at most: two programs that know their size beat one that does not.
        options: dict[str, Any] = {"deterministic": True, "triton.cudagraphs": self.compile == "graphs"}
        return torch.compile(network, dynamic=False, options=options)  # type: ignore[return-value]

    def to_device(self, images: Tensor) -> Tensor:
        """Return a batch (N, C, H, W) on the device, laid out as the plan says."""
        if self.memory_format == "channels_last":
            return images.to(self.device, non_blocking=True).contiguous(memory_format=torch.channels_last)
        return images.to(self.device, non_blocking=True)

    @contextmanager
    def arithmetic(self) -> Iterator[None]:
        """Run the forward pass in the plan's precision."""
        half = _HALVES.get(self.precision)
        with torch.autocast(self.device, half or torch.bfloat16, enabled=half is not None):
            yield

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Set the threads, deterministic algorithms and how memory is kept, and put back what was set before."""
        threads, deterministic = torch.get_num_threads(), torch.get_deterministic_debug_mode()
        filled = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
        torch.set_num_threads(self.threads or threads)
        # The same as use_deterministic_algorithms(True, warn_only=True), which imports inductor too: over 1 s.
        torch.set_deterministic_debug_mode("warn")
        # Nothing here reads memory before it is written; filling it costs 4 to 8 % of a step.
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        try:
            tf32 = _tf32(allowed=self.precision == "tf32") if self.device == "cuda" else nullcontext()
            with memory.kept(), tf32:
                yield
        finally:
            torch.set_num_threads(threads)
            torch.set_deterministic_debug_mode(deterministic)
            torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]

    @contextmanager
    def exact(self) -> Iterator[None]:
        """Run in full float32, as the final evaluation does: neither in half precision nor in TF32."""
        with torch.autocast(self.device, enabled=False), _tf32(allowed=False):
            yield

    def words(self) -> str:
        """Return the plan in a few words, such as "bf16, channels-last, 2 threads"."""
        parts: list[str] = [] if self.device == "cpu" else [self.device]
        parts += [self.precision, self.memory_format.replace("_", "-")]
        parts += {"default": ["compiled"], "graphs": ["compiled into graphs"]}.get(self.compile, [])
        if self.device == "cpu":
            parts.append(f"{self.threads} thread{'s' if self.threads != 1 else ''}")
        return ", ".join(parts)

    def _refuse(self, field: str, value: str, lack: str | None, remedy: str) -> None:
        if lack is not None:
            raise PlanError(f"plan.{field} = {value}: {lack}; use --set {remedy}")


def convolves(network: nn.Module) -> bool:
    """Say whether `network` has convolutions, which a memory format matters to."""
    return any(isinstance(module, nn.Conv2d) for module in network.modules())


@contextmanager
def _tf32(*, allowed: bool) -> Iterator[None]:
    """Allow NVIDIA's TF32, or forbid it: torch allows it in convolutions by itself."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS sums in one order with this alone
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, convolutions.allow_tf32
    products.allow_tf32 = convolutions.allow_tf32 = allowed
    try:
        yield
    finally:
        products.allow_tf32, convolutions.allow_tf32 = before

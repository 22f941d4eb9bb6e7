"""The ways in which a network can answer on this machine: eager, folded, fused, compiled, by ONNX Runtime."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from striate.runtime import machine, onnx_runtime
from striate.runtime.folding import fold
from striate.runtime.fusing import fuse, lacks_fusion
from striate.runtime.plan import Plan, convolves

Forward = Callable[[Tensor], Tensor]
Form = Literal["eager", "folded", "fused", "compiled", "onnxruntime"]
# Seconds to make ready: resnet18 and resnet50 at 224 took ONNX Runtime 3 to 5 (exporting included) and torch.compile
# 18 to 90, on 2 cores with AVX512.
_COSTS: dict[Form, float] = {"onnxruntime": 5.0, "compiled": 60.0}
_WORDS = {"fused": "folded, fused", "compiled": "folded, compiled", "onnxruntime": "ONNX Runtime"}


@dataclass(frozen=True)
class Way:
    """One way of answering.

    Args:
        form: eager: the network as it is; folded: batch norm folded; fused: folded, and convolution, sum and ReLU
            in one; compiled: folded, by torch.compile; onnxruntime: folded, by ONNX Runtime.
        precision: of convolutions and matrix products; the head and what is summed stay float32.
    """

    form: Form
    precision: Literal["float32", "bf16", "fp16"] = "float32"

    def __post_init__(self) -> None:
        if self.form not in get_args(Form) or self.precision not in {"float32", "bf16", "fp16"}:
            raise ValueError(f"no way of answering: {self.form}, {self.precision}")

    @property
    def cost(self) -> float:
        """Seconds, about, that it takes to make ready."""
        return _COSTS.get(self.form, 0.5)

    def words(self) -> str:
        """Return the way in a few words, such as "bf16, folded, fused"."""
        return f"{self.precision}, {_WORDS.get(self.form, self.form)}"


EAGER = Way("eager")  # what all others are held to


def quick(plan: Plan, network: nn.Module) -> list[Way]:
    """Return the ways that cost little to make ready, float32 first; none where nothing is to be gained."""
    if not convolves(network):
        return []
    fuses = plan.device == "cpu" and lacks_fusion() is None
    form: Form = "fused" if fuses else "folded"
    half = next((name for name in ("bf16", "fp16") if machine.lacks_precision(plan.device, name) is None), None)
    return [Way(form), *([Way(form, half)] if half else [])]  # type: ignore[arg-type]


def slow(plan: Plan, precision: str) -> list[Way]:
    """Return the ways that take up to a minute to make ready, in the precision that has won so far, and float32."""
    ways = [Way("onnxruntime")] if plan.device == "cpu" and onnx_runtime.lacks() is None else []
    if machine.lacks_compiler(plan.device, "default") is None:
        ways.append(Way("compiled", precision))  # type: ignore[arg-type]
    return ways


def prepare(way: Way, network: nn.Module, plan: Plan) -> Forward:
    """Return the function from normalized images (N, C, H, W) to scores (N, K) that answers in this `way`.

    Args:
        way: `EAGER` or one of those that `quick` and `slow` name.
        network: in evaluation mode, on the plan's device; left as it is.
        plan: device and memory format.
    """
    if way.form == "eager":
        return network
    folded = fold(network)
    if way.form == "onnxruntime":
        return onnx_runtime.session(folded.cpu())
    if way.form == "fused":
        return _within(way, fuse(folded, torch.bfloat16 if way.precision == "bf16" else torch.float32), plan)
    ready = Plan.prepare(plan, folded)
    return _within(way, torch.compile(ready, dynamic=False) if way.form == "compiled" else ready, plan)


def _within(way: Way, forward: Forward, plan: Plan) -> Forward:
    """Return `forward` as it runs in the way's precision."""
    arithmetic = plan.model_copy(update={"precision": way.precision}).arithmetic

    def answer(images: Tensor) -> Tensor:
        with arithmetic():
            return forward(images)

    return answer

"""A network made ready for inference alone: batch norm folded into the layer before it, nothing left to train.

In evaluation mode batch norm is y = (x - mean) / sqrt(variance + eps) * gamma + beta, an affine map with constants
(Ioffe and Szegedy, 2015, algorithm 2, https://arxiv.org/abs/1502.03167), so a linear layer before it can do both.
"""

import copy
from collections import Counter
from typing import Any, TypeGuard

import torch
from torch import fx, nn

from striate.layers.network import Network

# Exactly these: a subclass, or weights that a hook makes anew at each call, may mean something else.
_PAIRS: dict[type[nn.Module], type[nn.Module]] = {
    nn.Conv1d: nn.BatchNorm1d,
    nn.Conv2d: nn.BatchNorm2d,
    nn.Conv3d: nn.BatchNorm3d,
    nn.Linear: nn.BatchNorm1d,
}


def fold(network: nn.Module) -> nn.Module:
    """Return a copy of `network` in evaluation mode, frozen, without the batch norms that can be folded.

    A batch norm is folded where the convolution or linear layer before it is called once and nothing else reads its
    output. With s = gamma / sqrt(variance + eps), per output channel, the layer's weights W become s * W and its
    bias b becomes s * (b - mean) + beta; both are computed in float64 and rounded once. Parts whose way of
    computing depends on their input cannot be traced and stay as they are. Auxiliary heads are left out.

    Args:
        network: left as it was. Of a `Network` the stem, each stage and the head are folded apart, and the copy is
            a `Network` again; of other modules the whole. Linear layers before a batch norm must see (N, D).
    """
    folded = copy.deepcopy(network).eval().requires_grad_(requires_grad=False)
    if not in_parts(folded):
        return _fold(folded)
    folded.stem, folded.head = _fold(folded.stem), _fold(folded.head)
    folded.stages = nn.ModuleList(_fold(stage) for stage in folded.stages)
    folded.auxiliary = nn.ModuleDict()
    return folded


def in_parts(network: nn.Module) -> TypeGuard[Network]:
    """Say whether `network` computes as `Network` does: stem, stages, head."""
    if not isinstance(network, Network):
        return False
    kind: type[Network] = type(network)
    return kind.forward is Network.forward and kind.features is Network.features


def replace(graph_module: fx.GraphModule, target: str, module: nn.Module) -> None:
    """Put `module` where the submodule `target` was."""
    parent, _, name = target.rpartition(".")
    setattr(graph_module.get_submodule(parent), name, module)


def called_once(graph_module: fx.GraphModule) -> set[str]:
    """Return the submodules that the graph calls exactly once and whose weights it reads nowhere else."""
    calls = Counter(str(node.target) for node in graph_module.graph.nodes if node.op == "call_module")
    read = {str(node.target).rpartition(".")[0] for node in graph_module.graph.nodes if node.op == "get_attr"}
    return {target for target, count in calls.items() if count == 1} - read


class _Tracer(fx.Tracer):
    """Keeps layers that have no parts as they are: what they do by themselves, such as in float32, is their own."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return super().is_leaf_module(m, module_qualified_name) or not list(m.children())


def _fold(module: nn.Module) -> nn.Module:
    traced = _trace(module)
    if traced is None:
        return module
    once = called_once(traced)
    for node in list(traced.graph.nodes):
        before = node.args[0] if node.op == "call_module" and node.args else None
        if not isinstance(before, fx.Node) or before.op != "call_module" or str(before.target) not in once:
            continue
        layer, norm = traced.get_submodule(str(before.target)), traced.get_submodule(node.target)
        if len(before.users) == 1 and _foldable(layer, norm):
            replace(traced, str(before.target), _folded(layer, norm))
            node.replace_all_uses_with(before)
            traced.graph.erase_node(node)
    traced.delete_all_unused_submodules()
    traced.recompile()
    return traced


def _trace(module: nn.Module) -> fx.GraphModule | None:
    if _Tracer().is_leaf_module(module, ""):
        return None
    try:
        return fx.GraphModule(module, _Tracer().trace(module))
    except Exception:  # noqa: BLE001  a stand-in for the input can fail in as many ways as there are modules
        return None


def _foldable(layer: nn.Module, norm: nn.Module) -> bool:
    if _PAIRS.get(type(layer)) is not type(norm) or _hooked(layer) or _hooked(norm):
        return False
    features = layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
    return norm.running_mean is not None and norm.num_features == features


def _hooked(module: nn.Module) -> bool:
    return bool(module._forward_hooks or module._forward_pre_hooks)  # noqa: SLF001  torch has no public question


def _folded(layer: Any, norm: Any) -> nn.Module:
    folded: nn.Module = copy.deepcopy(layer)
    weight = _exact(layer.weight)
    gain = torch.rsqrt(_exact(norm.running_var) + norm.eps)
    if norm.weight is not None:
        gain = gain * _exact(norm.weight)
    bias = -_exact(norm.running_mean) if layer.bias is None else _exact(layer.bias) - _exact(norm.running_mean)
    bias = bias * gain
    if norm.bias is not None:
        bias = bias + _exact(norm.bias)
    weight = weight * gain.reshape(-1, *[1] * (weight.dim() - 1))
    folded.weight = nn.Parameter(weight.to(layer.weight), requires_grad=False)
    folded.bias = nn.Parameter(bias.to(layer.weight), requires_grad=False)
    return folded


def _exact(values: torch.Tensor) -> torch.Tensor:
    return values.detach().cpu().double()  # Apple's GPUs have no float64

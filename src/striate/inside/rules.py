"""What each of torch's operations does to what is seen: one rule a kind of operation.

An operation without a rule makes unknown what is seen, with its name as the reason, unless its input has no place in
the picture any more: then its output has none either. Padding is taken as zeros that see nothing; ceil mode only
changes how many units there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from striate.inside import axes, fields
from striate.inside.axes import Irregular, Taps
from striate.inside.fields import Field, Seen, Unknown
from striate.inside.tracing import Call, tensors

Look = Callable[[Tensor], Seen]
Rule = Callable[[Call, Look], list[Seen]]  # what the tensors of the result see, in order


def seen(call: Call, look: Look) -> list[Seen]:
    """Return what each tensor of the call's result sees, given what each argument sees."""
    results = list(tensors(call.result))
    inputs = [look(tensor) for tensor in tensors([call.arguments, call.options])]
    for one in inputs:
        if isinstance(one, Unknown):
            return [one] * len(results)
    known = [one for one in inputs if isinstance(one, Field)]
    if not known or call.name in _BLIND:
        return [None] * len(results)
    try:
        rule = _RULES.get(call.name) or (_pointwise if torch.Tag.pointwise in call.operation.tags else _unruled)
        return rule(call, look)
    except Irregular as error:
        return [Unknown(f"{call.name} in {call.module or 'the network'}: {error}")] * len(results)


def _unruled(call: Call, look: Look) -> list[Seen]:
    inputs = _fields(tensors([call.arguments, call.options]), look)
    if any(field.placed for field in inputs):
        raise Irregular("it has no rule")
    return [_placeless(inputs, result) for result in tensors(call.result)]


def _placeless(inputs: Sequence[Field], result: Tensor) -> Field:
    shape = tuple(fields.plain(count) for count in result.shape)
    return fields.together([Field(shape, field.axes) for field in inputs])


def _same(call: Call, look: Look) -> list[Seen]:
    """Keep what the first argument sees; further results, such as a batch's mean, are not followed."""
    count = len(list(tensors(call.result)))
    return [look(call.arguments[0]), *[None] * (count - 1)]


def _pointwise(call: Call, look: Look) -> list[Seen]:
    arguments = list(tensors([call.arguments, call.options]))
    results = list(tensors(call.result))
    shape = results[0].shape
    return [fields.together([fields.expanded(field, shape) for field in _fields(arguments, look)])] * len(results)


def _copy(call: Call, look: Look) -> list[Seen]:
    source = look(call.arguments[1])
    return [fields.expanded(source, call.result.shape) if isinstance(source, Field) else source]


def _view(call: Call, look: Look) -> list[Seen]:
    return [fields.reshaped(_first(call, look), call.result.shape)]


def _expand(call: Call, look: Look) -> list[Seen]:
    return [fields.expanded(_first(call, look), call.result.shape)]


def _permute(call: Call, look: Look) -> list[Seen]:
    field = _first(call, look)
    return [fields.relaid(field, (field.layout[place] for place in call.arguments[1]))]


def _transpose(call: Call, look: Look) -> list[Seen]:
    field = _first(call, look)
    one, other = call.arguments[1:3] if call.name == "transpose" else (0, -1)
    layout = list(field.layout)
    layout[one], layout[other] = layout[other], layout[one]
    return [fields.relaid(field, layout)]


def _unsqueeze(call: Call, look: Look) -> list[Seen]:
    field = _first(call, look)
    place = call.arguments[1] % (len(field.layout) + 1)
    return [fields.relaid(field, (*field.layout[:place], fields.plain(1), *field.layout[place:]))]


def _select(call: Call, look: Look) -> list[Seen]:
    field = _first(call, look)
    place = call.arguments[1] % len(field.layout)
    return [fields.selected(field, place, call.arguments[2] % fields.size(field.layout[place]))]


def _slice(call: Call, look: Look) -> list[Seen]:
    field = _first(call, look)
    given = call.arguments[1:]
    defaults: tuple[Any, ...] = (0, None, None, 1)
    place, start, _, step = (*given, *defaults[len(given) :])
    count, left = fields.size(field.layout[place]), call.result.shape[place]
    if left == count:
        return [field]
    start = min(max((start or 0) + (count if (start or 0) < 0 else 0), 0), count)
    return [fields.changed(field, place, left, Taps(((start,),), step))]


def _split(call: Call, look: Look) -> list[Seen]:
    field = _first(call, look)
    place = call.arguments[2] if len(call.arguments) > 2 else 0
    parts: list[Seen] = []
    start = 0
    for result in call.result:
        parts.append(fields.changed(field, place, result.shape[place], Taps(((start,),), 1)))
        start += result.shape[place]
    return parts


def _unbind(call: Call, look: Look) -> list[Seen]:
    field = _first(call, look)
    place = call.arguments[1] if len(call.arguments) > 1 else 0
    return [fields.selected(field, place % len(field.layout), unit) for unit in range(len(call.result))]


def _cat(call: Call, look: Look) -> list[Seen]:
    place = call.arguments[1] if len(call.arguments) > 1 else 0
    count = call.result.shape[place]
    parts = [fields.resized(field, place, count) for field in _fields(call.arguments[0], look)]
    return [fields.together(parts)]


def _stack(call: Call, look: Look) -> list[Seen]:
    place = (call.arguments[1] if len(call.arguments) > 1 else 0) % call.result.ndim
    dimension = fields.plain(call.result.shape[place])
    parts = _fields(call.arguments[0], look)
    return [fields.together([fields.relaid(f, (*f.layout[:place], dimension, *f.layout[place:])) for f in parts])]


def _pad(call: Call, look: Look) -> list[Seen]:
    field = _first(call, look)
    amounts = call.arguments[1]
    for number in range(len(amounts) // 2):
        before, after = amounts[2 * number], amounts[2 * number + 1]
        place = -1 - number
        if before or after:
            field = fields.changed(field, place, call.result.shape[place], Taps(((-before,),), 1))
    return [field]


def _convolution(call: Call, look: Look) -> list[Seen]:
    _, weight, _, strides, paddings, dilations, transposed = call.arguments[:7]
    if isinstance(look(weight), Field):
        raise Irregular("its weights are made from the picture")
    field, kernel = _first(call, look), weight.shape[2:]
    field = fields.without(field, [1], keep=True)
    field = fields.resized(field, 1, call.result.shape[1])
    taps = axes.spread if transposed else axes.windows
    for place, each in enumerate(zip(kernel, *_each(len(kernel), strides, paddings, dilations), strict=True), 2):
        field = fields.changed(field, place, call.result.shape[place], taps(*each))
    return [field]


def _pool(call: Call, look: Look) -> list[Seen]:
    """Maximum and average pooling over windows, which have as many dimensions as their kernel."""
    kernel = call.arguments[1]
    maximum = call.name.startswith("max")
    defaults: tuple[Any, ...] = ([], 0, 1)
    strides, paddings, dilations = (*call.arguments[2:5], *defaults[max(0, len(call.arguments) - 2) :])[:3]
    return _pooled(call, look, kernel, (strides or kernel, paddings, dilations if maximum else 1))


def _pooled(call: Call, look: Look, kernel: Sequence[int], rest: tuple[Any, Any, Any]) -> list[Seen]:
    result, *more = tensors(call.result)
    field, count = _first(call, look), _dimensions(call)
    for place, each in enumerate(zip(*_each(count, kernel, *rest), strict=True), result.ndim - count):
        field = fields.changed(field, place, result.shape[place], axes.windows(*each))
    return [field, *[None] * len(more)]  # the places of the maxima are numbers of units, not made of what they see


def _adaptive(call: Call, look: Look) -> list[Seen]:
    result, *more = tensors(call.result)
    field = _first(call, look)
    for place in range(result.ndim - _dimensions(call), result.ndim):
        count = fields.size(field.layout[place])
        field = fields.changed(field, place, result.shape[place], axes.adaptive(count, result.shape[place]))
    return [field, *[None] * len(more)]


def _interpolate(call: Call, look: Look) -> list[Seen]:
    field = _first(call, look)
    reach = 0 if "nearest" in call.name else 2 if "bicubic" in call.name else 1
    aligned = bool(reach and call.arguments[2])
    factors = _factors(call, after=3 if reach else 2)
    for place, factor in zip(range(2, call.result.ndim), factors, strict=True):
        count, wanted = fields.size(field.layout[place]), call.result.shape[place]
        taps = _interpolated(call.name, (count, wanted), factor, reach, aligned=aligned)
        field = fields.changed(field, place, wanted, taps)
    return [field]


def _interpolated(name: str, counts: tuple[int, int], factor: float | None, reach: int, *, aligned: bool) -> Taps:
    count, wanted = counts
    if aligned:
        scale = Fraction(count - 1, wanted - 1) if wanted > 1 else Fraction(0)
        return axes.interpolated(lambda unit: unit * scale, scale, reach)
    scale = Fraction(1 / factor).limit_denominator(axes.MOST_PHASES) if factor else Fraction(count, wanted)
    if factor and abs(float(scale) * factor - 1) > 1e-9:
        raise Irregular(f"it enlarges by {factor}, which is no simple fraction")
    half = Fraction(0) if name.startswith("upsample_nearest") else Fraction(1, 2)
    return axes.interpolated(lambda unit: (unit + half) * scale - (half if reach else 0), scale, reach)


def _factors(call: Call, after: int) -> list[float | None]:
    count = call.result.ndim - 2
    given = [factor for argument in call.arguments[after:] for factor in _listed(argument)]
    return [*given, *[None] * count][:count]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _shuffle(call: Call, look: Look) -> list[Seen]:
    """Take r * r channels to r x r places: every unit of the smaller maps is read by r neighbors."""
    field, factor = _first(call, look), call.arguments[1]
    field = fields.resized(field, 1, call.result.shape[1])
    for place in (2, 3):
        field = fields.changed(field, place, call.result.shape[place], Taps(((0,),) * factor, 1))
    return [field]


def _reduce(call: Call, look: Look) -> list[Seen]:
    field, results = _first(call, look), list(tensors(call.result))
    wanted = call.arguments[1] if len(call.arguments) > 1 else None
    chosen = _listed(wanted) if wanted not in (None, [], ()) else range(len(field.layout))
    keep = results[0].ndim == len(field.layout)
    return [fields.without(field, chosen, keep=keep)] * len(results)


def _norm(call: Call, look: Look) -> list[Seen]:
    """A vector norm has its order before its dimensions."""
    first, _, *rest = call.arguments
    return _reduce(Call(call.operation, (first, *rest), call.options, call.result, call.module), look)


def _softmax(call: Call, look: Look) -> list[Seen]:
    return [fields.mixing(_first(call, look), [call.arguments[1]])]


def _batch_norm(call: Call, look: Look) -> list[Seen]:
    """By fixed statistics an identity; by those of the batch, every place is made from all."""
    field = _first(call, look)
    training = call.name == "native_batch_norm" and call.arguments[5]
    if training or call.name == "_native_batch_norm_legit":
        field = fields.mixing(field, [place for place in range(len(field.layout)) if place != 1])
    return [field, *[None] * (len(list(tensors(call.result))) - 1)]


def _layer_norm(call: Call, look: Look) -> list[Seen]:
    field = _first(call, look)
    return [fields.mixing(field, range(-len(call.arguments[1]), 0)), None, None]


def _group_norm(call: Call, look: Look) -> list[Seen]:
    field = _first(call, look)
    return [fields.mixing(field, range(1, len(field.layout))), None, None]


def _product(call: Call, look: Look) -> list[Seen]:
    """A matrix product: rows of the first keep their place, and each unit is made from a whole row and column."""
    one, other = call.arguments[-2:]
    left, right = look(one), look(other)
    if isinstance(left, Field) and isinstance(right, Field) and left.placed and right.placed:
        raise Irregular("maps are multiplied as matrices")
    parts = []
    for field, inner, outer in ((left, -1, -1), (right, -2, -2)):
        if isinstance(field, Field):
            summed = fields.without(field, [inner], keep=True)
            layout = list(summed.layout)
            layout[outer] = fields.plain(call.result.shape[outer])
            parts.append(fields.relaid(summed, layout))
    bias = look(call.arguments[0]) if len(call.arguments) > 2 else None
    if isinstance(bias, Field):
        parts.append(fields.expanded(bias, call.result.shape))
    return [fields.together(parts)]


def _fields(values: Any, look: Look) -> list[Field]:
    found = [look(tensor) for tensor in tensors(list(values))]
    return [field for field in found if isinstance(field, Field)]


def _first(call: Call, look: Look) -> Field:
    field = look(call.arguments[0])
    if not isinstance(field, Field):
        raise Irregular("its first argument is not made from the picture, another is")
    return field


def _dimensions(call: Call) -> int:
    return next(count for count in (1, 2, 3) if f"pool{count}d" in call.name)


def _each(count: int, *values: Any) -> list[list[int]]:
    """Return each value for every dimension; torch takes one number for all."""
    lists = [_listed(value) for value in values]
    return [list(value) * (count if len(value) == 1 else 1) for value in lists]


_BLIND = {  # what they return depends on the shape of their argument alone
    *("zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like"),
    *("new_zeros", "new_ones", "new_empty", "new_full", "new_empty_strided", "fill_", "zero_"),
}
_RULES: dict[str, Rule] = {
    **dict.fromkeys(("clone", "detach", "alias", "_to_copy", "lift_fresh", "native_dropout", "contiguous"), _same),
    **dict.fromkeys(("native_channel_shuffle",), _same),
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "_reshape_alias", "squeeze"), _view),
    **dict.fromkeys(("copy_", "copy"), _copy),
    **dict.fromkeys(  # torch does not tag these as pointwise
        ("_prelu_kernel", "hardswish", "hardswish_", "mish_", "threshold_", "rrelu_with_noise"), _pointwise
    ),
    "expand": _expand,
    "permute": _permute,
    **dict.fromkeys(("transpose", "t"), _transpose),
    "unsqueeze": _unsqueeze,
    "select": _select,
    "slice": _slice,
    **dict.fromkeys(("split", "split_with_sizes"), _split),
    "unbind": _unbind,
    "cat": _cat,
    "stack": _stack,
    "constant_pad_nd": _pad,
    "convolution": _convolution,
    **dict.fromkeys(("max_pool2d_with_indices", "max_pool3d_with_indices", "avg_pool2d", "avg_pool3d"), _pool),
    **dict.fromkeys(("_adaptive_avg_pool2d", "adaptive_max_pool2d", "_adaptive_avg_pool3d"), _adaptive),
    **dict.fromkeys(("upsample_nearest2d", "_upsample_nearest_exact2d"), _interpolate),
    **dict.fromkeys(("upsample_bilinear2d", "upsample_bicubic2d"), _interpolate),
    "pixel_shuffle": _shuffle,
    **dict.fromkeys(("mean", "sum", "amax", "amin", "var", "std", "var_mean", "logsumexp", "prod", "max"), _reduce),
    "linalg_vector_norm": _norm,
    **dict.fromkeys(("_softmax", "_log_softmax"), _softmax),
    **dict.fromkeys(
        ("native_batch_norm", "_native_batch_norm_legit", "_native_batch_norm_legit_no_training"), _batch_norm
    ),
    "native_layer_norm": _layer_norm,
    "native_group_norm": _group_norm,
    **dict.fromkeys(("mm", "bmm", "addmm", "baddbmm"), _product),
}

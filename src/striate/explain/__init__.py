"""Explanations of single answers, as maps: one method, one file.

Each module here has `explain(network, images, classes, **options) -> Maps`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from striate.core.catalog import Catalog

if TYPE_CHECKING:
    from torch import Tensor, nn

    from striate.inside.maps import Maps

__all__ = ["IN_SCORE", "METHODS", "PROBABILITIES", "Row", "explain", "function_of"]

PROBABILITIES = (
    "the network gives probabilities: behind a softmax gradients vanish where it is sure, and speak of the other "
    "classes too; explain the module before its softmax"
)


@dataclass(frozen=True)
class Row:
    """One method.

    Args:
        module: the file of this package whose `explain` makes the maps.
        of: whether it speaks of pixels, or of the units of a layer, which is then an option.
        values: signed where negative ones speak against the class.
        year: of the paper.
        title: what it shows, in one line.
    """

    module: str
    of: Literal["pixels", "layer"]
    values: Literal["signed", "positive"]
    year: int
    title: str


# fmt: off
METHODS = Catalog("method", {
    "saliency": Row("saliency", "pixels", "signed", 2013, "gradient of the score: which pixels move it most"),
    "smoothgrad": Row("smoothgrad", "pixels", "signed", 2017, "mean gradient over noisy copies"),
    "integrated-gradients": Row("integrated_gradients", "pixels", "signed", 2017, "parts of the score of each pixel"),
    "guided-backpropagation": Row("guided_backpropagation", "pixels", "signed", 2014, "gradient by positive ways"),
    "deconvnet": Row("deconvnet", "pixels", "signed", 2013, "the score projected back to the pixels"),
    "occlusion": Row("occlusion", "pixels", "signed", 2013, "how far the answer falls with a patch covered"),
    "rise": Row("rise", "pixels", "signed", 2018, "how far the answer rises with a pixel seen"),
    "cam": Row("cam", "layer", "signed", 2015, "last maps, weighed by the linear layer behind their average"),
    "gradcam": Row("gradcam", "layer", "positive", 2016, "maps weighed by their mean gradient"),
    "gradcam++": Row("gradcam_plus_plus", "layer", "positive", 2017, "maps weighed by their positive gradients"),
    "hirescam": Row("hirescam", "layer", "signed", 2020, "maps times gradients: parts of the score"),
    "layercam": Row("layercam", "layer", "positive", 2021, "maps times positive gradients, for early layers too"),
    "scorecam": Row("scorecam", "layer", "positive", 2019, "maps weighed by the score seen through each"),
    "ablationcam": Row("ablationcam", "layer", "positive", 2020, "maps weighed by the fall of the score without each"),
})
# fmt: on

IN_SCORE = frozenset({"cam", "gradcam", "gradcam++", "hirescam", "layercam"})
"""Methods whose values of a layer's units are in the unit of the score, so that one scale fits them all."""


def explain(network: nn.Module, images: Tensor, classes: Tensor, *, method: str = "gradcam", **options: Any) -> Maps:
    """Return where `network` finds what it says of `classes` in `images`.

    Args:
        network: any module that gives scores (N, K); left as it is, bit by bit.
        images: (N, C, H, W), normalized as the network expects.
        classes: (N,) int64, the class to explain in each picture.
        method: a name of `METHODS`.
        options: of the method, such as `layer="stages.2"`.

    Raises:
        UnknownName: no such method or layer.
        RecipeError: a value that an option does not take.
        DoesNotApply: the method would mislead here; the message says why, and what to use.
    """
    from striate.explain.asking import noticing
    from striate.explain.options import require_options
    from striate.explain.taking import refusing

    function = function_of(method)
    require_options(method, options)
    with noticing() as noticed, refusing(network, images):
        made: Maps = function(network, images, classes, **options)
    if not noticed.passes or not noticed.probabilities:
        return made
    notes = made.notes or ("",) * len(made.values)
    return replace(made, notes=tuple(f"{PROBABILITIES}; {note}" if note else PROBABILITIES for note in notes))


def function_of(method: str) -> Callable[..., Maps]:
    """Return the function that makes the maps of a method.

    Raises:
        UnknownName: no such method.
    """
    function: Callable[..., Maps] = import_module(f"{__name__}.{METHODS[method].module}").explain
    return function

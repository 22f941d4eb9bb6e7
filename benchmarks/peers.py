"""The libraries that we compare with, made importable: `from peers import torchvision`.

torchvision's wheel is built for the CUDA build of torch. With a CPU build its compiled part cannot be loaded, and its
import fails because two operators are missing, which are for detection and which nothing here calls. Defining them
first is all it takes; transforms, models and data sets are plain Python.
"""

import torch

_KEPT = []  # the definitions last as long as the library object

if torch.version.cuda is None:
    _KEPT.append(torch.library.Library("torchvision", "DEF"))
    _KEPT[0].define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _KEPT[0].define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

import torchvision  # noqa: E402
import torchvision.transforms.v2  # noqa: E402

__all__ = ["torchvision"]

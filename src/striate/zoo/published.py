"""What each network is known to reach: published errors, each with its protocol, its training and its source.

Strings and numbers only, so that listing them imports no torch. An error of ten crops and one of a single crop are
not comparable, so no number stands here without saying how it was measured. Errors of a paper were read in the
paper's text or in a copy of its table, OverFeat's in a summary by others; those of torchvision are 100 minus the
accuracies in its weights' metadata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PROTOCOLS = {  # how the pictures are shown to the network
    "1 view": "each test picture once, whole",
    "6 views": "the picture and two copies shifted by a pixel, each also mirrored, scores averaged",
    "1 crop": "the center of each picture, once",
    "1 crop, 48k": "the center, once, of the 48,238 pictures that ImageNet's makers did not blacklist",
    "10 crops": "four corners and the center, each also mirrored, scores averaged",
    "144 crops": "4 sizes, 3 squares of each, 6 crops of each square, each also mirrored, scores averaged",
    "dense": "slid over the whole picture at one size, and over its mirror image, scores averaged",
    "dense, 4 sizes": "slid over the picture and its mirror image at 4 sizes, scores averaged",
}
TRAININGS = {  # whose weights were measured
    "paper": "trained as its paper says, with its augmentation where it has one",
    "paper, plain": "the paper's, without augmentation",
    "paper, distorted": "the paper's, with distorted copies of the pictures",
    "authors": "weights that the authors published beside or after their paper",
    "ported": "the authors' weights, ported to another library and measured there",
    "torchvision": "trained and measured by torchvision",
    "Caffe": "trained in Caffe by others, who shared the weights",
}
DATA = {  # what was classified
    "MNIST": "the 10,000 test pictures",
    "CIFAR-10": "the 10,000 test pictures",
    "CIFAR-100": "the 10,000 test pictures, by a network with 100 classes",
    "ImageNet": "the 50,000 validation pictures of ILSVRC-2012",
    "ILSVRC-2010": "the 150,000 test pictures",
}


@dataclass(frozen=True)
class Result:
    """One published error.

    Args:
        data: what was classified, of `DATA`.
        top1_error: pictures whose class is not the first answer, in percent; none where it was not published.
        top5_error: pictures whose class is not among the first five answers, in percent; none likewise.
        protocol: how the pictures were shown, of `PROTOCOLS`.
        training: whose weights were measured, of `TRAININGS`.
        source: where the number stands.
    """

    data: str
    top1_error: float | None
    top5_error: float | None
    protocol: str
    training: str
    source: str

    def brief(self) -> str:
        """Return data, errors to three digits and protocol, and whose training it was where not the paper's."""
        errors = _rounded(self.top1_error) + (f"/{_rounded(self.top5_error)}" if self.top5_error is not None else "")
        whose = "" if self.training == "paper" else f" ({self.training})"
        return f"{self.data} {errors}, {self.protocol}{whose}"


def _rounded(error: float | None) -> str:
    if error is None:
        return "-"
    text = f"{error:.3g}"
    return text if "." in text else f"{text}.0"


Errors = float | tuple[float | None, float]  # top-1, or top-1 and top-5
_Group = tuple[tuple[str, str, str, str], Mapping[str, Errors]]


def _group(data: str, protocol: str, training: str, source: str, **errors: Errors) -> _Group:
    return (data, protocol, training, source), errors


_LECUN = "yann.lecun.com/exdb/mnist"
_TORCHVISION = "torchvision, IMAGENET1K_V1"
_HE = "github.com/KaimingHe/deep-residual-networks"

# fmt: off
_GROUPS = (  # of one network the paper's result comes first
    _group("MNIST", "1 view", "paper", f"{_LECUN}; squared error", linear=12.0, mlp_300=4.7, mlp_1000=4.5,
           mlp_300_100=3.05, mlp_500_150=2.95),
    _group("MNIST", "1 view", "paper", f"{_LECUN}; cross entropy", mlp_800=1.6, mlp_500_300=1.53),
    _group("MNIST", "1 view", "paper", "Srivastava et al., 2014, Table 2", mlp=1.25),
    _group("MNIST", "1 view", "paper", f"{_LECUN}; pictures reduced to 16x16", lenet1=1.7),
    _group("MNIST", "1 view", "paper, plain", f"paper; {_LECUN}", lenet5=0.95),
    _group("MNIST", "1 view", "paper, distorted", f"paper; {_LECUN}", lenet5=0.8),

    _group("CIFAR-10", "1 view", "paper", "paper, Table 6", resnet20=8.75, resnet32=7.51, resnet44=7.17, resnet56=6.97),
    _group("CIFAR-10", "1 view", "paper", "paper, Table 6: mean of 5 runs, the best 6.43", resnet110=6.61),
    _group("CIFAR-10", "1 view", "paper", "paper, Table 6", resnet1202=7.93),
    _group("CIFAR-10", "1 view", "paper", "paper, Table 4", preresnet164=5.46),
    _group("CIFAR-10", "1 view", "paper", "paper, Table 4: mean of 5 runs at batch 64, the best 4.62",
           preresnet1001=4.69),
    _group("CIFAR-10", "1 view", "paper", "paper, Table 4: mean of 5 runs at batch 128, the best 4.92 in its text",
           preresnet1001=4.89),
    _group("CIFAR-100", "1 view", "paper", "paper, Table 4", preresnet164=24.33),
    _group("CIFAR-100", "1 view", "paper", "paper, Table 4: mean of 5 runs at batch 128", preresnet1001=22.68),
    _group("CIFAR-10", "1 view", "paper", "paper, Table 2", densenet_40_12=5.24, densenet_100_12=4.10,
           densenet_100_24=3.74, densenet_bc_100_12=4.51, densenet_bc_250_24=3.62, densenet_bc_190_40=3.46),
    _group("CIFAR-10", "1 view", "paper, plain", "paper, Table 2; dropout 0.2", densenet_40_12=7.00,
           densenet_100_12=5.77, densenet_100_24=5.83, densenet_bc_100_12=5.92, densenet_bc_250_24=5.19),
    _group("CIFAR-100", "1 view", "paper", "paper, Table 2", densenet_40_12=24.42, densenet_100_12=20.20,
           densenet_100_24=19.25, densenet_bc_100_12=22.27, densenet_bc_250_24=17.60, densenet_bc_190_40=17.18),
    _group("CIFAR-10", "1 view", "paper", "paper, Table 1", nin_cifar10=8.81),
    _group("CIFAR-10", "1 view", "paper, plain", "paper, Table 1", nin_cifar10=10.41),
    _group("CIFAR-100", "1 view", "paper, plain", "paper, Table 2", nin_cifar10=35.68),
    _group("CIFAR-10", "6 views", "authors", "github.com/KellerJordan/cifar10-airbench: mean of 1,000 runs",
           airbench94=5.99),

    _group("ImageNet", "10 crops", "paper", "paper, Table 2", alexnet=(40.7, 18.2)),
    _group("ILSVRC-2010", "10 crops", "paper", "paper, Table 1", alexnet=(37.5, 17.0)),
    _group("ImageNet", "1 crop", "Caffe", "github.com/BVLC/caffe, bvlc_alexnet", alexnet=(42.9, 19.8)),
    _group("ImageNet", "10 crops", "paper", "paper, Table 2; the crops are those of section 3", zfnet=(38.4, 16.5),
           zfnet_wide=(37.5, 16.0)),
    _group("ImageNet", "dense", "paper", "paper, section 3, one size, fine steps", overfeat_fast=(39.01, 16.97)),
    _group("ImageNet", "dense, 4 sizes", "paper", "paper, section 3", overfeat_fast=(38.57, 16.39),
           overfeat_accurate=(35.74, 14.18)),
    _group("ImageNet", "10 crops", "paper", "paper, section 3", overfeat_accurate=(35.60, 14.71)),
    _group("ImageNet", "1 crop", "Caffe", "gist.github.com/mavenlin/d802a5849de39225bcc6; crops of 224 pixels",
           nin_imagenet=40.64),
    _group("ImageNet", "dense", "paper", "paper, Table 3; trained and measured at 256 pixels", vgg11=(29.6, 10.4),
           vgg13=(28.7, 9.9)),
    _group("ImageNet", "dense", "paper", "paper, Table 3; trained at 256 to 512 pixels, measured at 384",
           vgg16_c=(27.3, 8.8), vgg16=(25.6, 8.1), vgg19=(25.5, 8.0)),
    _group("ImageNet", "dense", "paper", "paper, Table 3; trained and measured at 256 pixels", vgg16_c=(28.1, 9.4),
           vgg16=(27.0, 8.8), vgg19=(27.3, 9.0)),
    _group("ImageNet", "1 crop", "authors", "www.vlfeat.org/matconvnet/pretrained", vgg16=(28.5, 9.9)),
    _group("ImageNet", "1 crop", "paper", "paper, Table 3", googlenet=(None, 10.07)),
    _group("ImageNet", "10 crops", "paper", "paper, Table 3", googlenet=(None, 9.15)),
    _group("ImageNet", "144 crops", "paper", "paper, Table 3", googlenet=(None, 7.89)),
    _group("ImageNet", "1 crop", "Caffe", "github.com/BVLC/caffe, bvlc_googlenet", googlenet=(31.3, 11.1)),
    _group("ImageNet", "1 crop, 48k", "paper", "paper, Table 3", inception_v3=(21.2, 5.6)),
    _group("ImageNet", "1 crop", "paper", "paper, Figure 4", bn_inception=(25.2, 7.82)),
    _group("ImageNet", "144 crops", "paper", "paper, Figure 4", bn_inception=(21.99, 5.82)),
    _group("ImageNet", "1 crop", "Caffe", "github.com/Cadene/pretrained-models.pytorch",
           bn_inception_caffe=(26.476, 8.438)),
    _group("ImageNet", "1 crop, 48k", "paper", "paper, Table 2", inception_v4=(20.0, 5.0)),
    _group("ImageNet", "1 crop, 48k", "paper", "paper, Table 2; with 5, 10 and 5 modules",
           inception_resnet_v2=(19.9, 4.9)),
    _group("ImageNet", "144 crops", "paper", "paper, Table 4", inception_v4=(17.7, 3.8)),
    _group("ImageNet", "144 crops", "paper", "paper, Table 4; with 5, 10 and 5 modules",
           inception_resnet_v1=(18.8, 4.3), inception_resnet_v2=(17.8, 3.7)),
    _group("ImageNet", "1 crop", "ported", "timm, tf_in1k", inception_v4=(19.856, 5.018),
           inception_resnet_v2=(19.566, 4.688)),
    _group("ImageNet", "10 crops", "paper", "paper, Table 2; shortcuts A", resnet18=27.88),
    _group("ImageNet", "10 crops", "paper", "paper, Table 3; shortcuts B", resnet34=(24.52, 7.46)),
    _group("ImageNet", "10 crops", "paper", "paper, Tables 2 and 3", plain18=27.94, plain34=(28.54, 10.02)),
    _group("ImageNet", "10 crops", "paper", "paper, Table 3; shortcuts B", resnet50_v1=(22.85, 6.71),
           resnet101_v1=(21.75, 6.05), resnet152_v1=(21.43, 5.71)),
    _group("ImageNet", "1 crop", "authors", _HE, resnet50_v1=(24.7, 7.8), resnet101_v1=(23.6, 7.1),
           resnet152_v1=(23.0, 6.7)),
    _group("ImageNet", "1 crop", "paper", "paper, Table 3", densenet121=(25.02, 7.71), densenet169=(23.80, 6.85),
           densenet201=(22.58, 6.34), densenet264=(22.15, 6.12)),
    _group("ImageNet", "10 crops", "paper", "paper, Table 3", densenet121=(23.61, 6.66), densenet169=(22.08, 5.92),
           densenet201=(21.46, 5.54), densenet264=(20.80, 5.29)),
    _group("ImageNet", "1 crop", "authors", "github.com/liuzhuang13/DenseNet", densenet161=22.2),
    _group("ImageNet", "1 crop", "paper", "paper, Table 2", squeezenet1_0=(42.5, 19.7)),

    _group("ImageNet", "1 crop", "torchvision", _TORCHVISION, alexnet_owt=(43.478, 20.934),
           vgg11=(30.98, 11.372), vgg13=(30.072, 10.754), vgg16=(28.408, 9.618), vgg19=(27.624, 9.124),
           vgg11_bn=(29.63, 10.19), vgg13_bn=(28.414, 9.626), vgg16_bn=(26.64, 8.484), vgg19_bn=(25.782, 8.158),
           resnet18=(30.242, 10.922), resnet34=(26.686, 8.58), resnet50=(23.87, 7.138), resnet101=(22.626, 6.454),
           resnet152=(21.688, 5.954), squeezenet1_0=(41.908, 19.58), squeezenet1_1=(41.822, 19.376)),
    _group("ImageNet", "1 crop", "torchvision", "torchvision, IMAGENET1K_V2: a longer training, stronger augmentation",
           resnet50=(19.142, 4.566), resnet101=(18.114, 4.22), resnet152=(17.716, 3.998)),
    _group("ImageNet", "1 crop", "ported", _TORCHVISION, googlenet_bn=(30.222, 10.47), inception_v3=(22.706, 6.55),
           densenet121=(25.566, 8.028), densenet169=(24.4, 7.194), densenet201=(23.104, 6.63),
           densenet161=(22.862, 6.44)),
)
# fmt: on


def _by_model(groups: tuple[_Group, ...]) -> dict[str, tuple[Result, ...]]:
    found: dict[str, tuple[Result, ...]] = {}
    for (data, protocol, training, source), errors in groups:
        for model, error in errors.items():
            top1, top5 = error if isinstance(error, tuple) else (error, None)
            result = Result(data, top1, top5, protocol, training, source)
            found[model] = (*found.get(model, ()), result)
    return found


PUBLISHED: Mapping[str, tuple[Result, ...]] = _by_model(_GROUPS)  # by the model's name; not every model has one

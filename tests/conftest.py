"""What all tests share: the cores of the machine, where real data lies, and a cache of their own."""

import itertools
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from striate.core.waiting import spin_briefly

if TYPE_CHECKING:
    from torch import Tensor, nn

TESTS = Path(__file__).parent
MOST_PROCESSES = 8  # each imports torch anew

spin_briefly()  # as the command line does; before torch is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the cores are for other tests, and small pictures gain nothing from two
hypothesis.settings.register_profile("striate", deadline=None)  # how busy the machine is says nothing about the code
hypothesis.settings.load_profile("striate")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads these options
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Share a run of everything among processes, one a core; a few tests are done sooner without them."""
    option = config.option
    everything = {Path(argument).resolve() for argument in config.args} <= {TESTS, TESTS.parent}
    asked = hasattr(config, "workerinput") or getattr(option, "numprocesses", 0) is not None
    if everything and not asked and "not slow" in option.markexpr:  # what measures has the machine to itself
        option.numprocesses, option.maxprocesses = "auto", option.maxprocesses or MOST_PROCESSES
        option.dist = "loadfile"  # the commands of the README are run in order
        option.loadscopereorder = False  # or files of few but long tests would come last


@pytest.fixture(scope="session", autouse=True)
def no_cache_of_the_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What fixtures of a whole file remember; a test has a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIATE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIATE_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; a test that asks for it is skipped where it is absent."""
    beside = Path(__file__).parents[2] / "shared" / "data"
    folder = Path(os.environ.get("STRIATE_DATA", beside))
    if not (folder / "MANIFEST.json").is_file():
        pytest.skip(f"real data is absent: no {folder / 'MANIFEST.json'}; set STRIATE_DATA to its folder")
    return folder


_kept: list[Any] = []  # a definition of operators lasts as long as the library object


@pytest.fixture(scope="session")
def torchvision() -> ModuleType:
    """The library; with a CPU build of torch, after defining the two operators that its wheel for CUDA lacks there."""
    import torch

    if torch.version.cuda is None and not _kept:
        _kept.append(torch.library.Library("torchvision", "DEF"))
        _kept[0].define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _kept[0].define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    pytest.importorskip("torchvision.models", reason="torchvision is not installed")
    return pytest.importorskip("torchvision")


_MODULES = itertools.count(1)  # one that was imported is not looked for again, so each has a name of its own


@pytest.fixture
def own_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Write a module of the user's own into the current folder and return its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr("striate.zoo.consent._NAMED", set())

    def write(text: str) -> str:
        name = f"own_networks_{next(_MODULES)}"
        (tmp_path / f"{name}.py").write_text(f"import torch\nfrom torch import nn\n\n{text}")
        return name

    return write


@contextmanager
def _unchanged(network: "nn.Module") -> Iterator[None]:
    """Assert that `network`, its gradients and the random state are bit by bit what they were."""
    before, held = _state(network), [dict(vars(module)) for module in network.modules()]
    gradients = [weight.grad for weight in network.parameters()]
    yield
    after = _state(network)
    assert [part for part, value in before.items() if after[part] != value] == []
    for module, attributes in zip(network.modules(), held, strict=True):
        assert vars(module).keys() == attributes.keys()
        assert [name for name, value in attributes.items() if vars(module)[name] is not value] == []
    assert all(weight.grad is one for weight, one in zip(network.parameters(), gradients, strict=True))


def _state(network: "nn.Module") -> dict[str, Any]:
    """What the network and the random state are, in comparable values."""
    import numpy as np
    import torch

    parameters, buffers = dict(network.named_parameters()), dict(network.named_buffers())
    tables = {
        f"{name}: {key}": [*value.items()] if isinstance(value, dict) else [*value]
        for name, module in network.named_modules()
        for key, value in vars(module).items()
        if isinstance(value, dict | list | set) and key not in {"_parameters", "_buffers"}
    }
    loose = {
        f"{name}.{key}": value
        for name, module in network.named_modules()
        for key, value in vars(module).items()
        if isinstance(value, torch.Tensor)
    }
    return {
        "modes": [module.training for module in network.modules()],
        "in place": [getattr(module, "inplace", None) for module in network.modules()],
        "weights": {name: (id(weight), _bits(weight), weight._version) for name, weight in parameters.items()},
        "trained": [weight.requires_grad for weight in parameters.values()],
        "gradients": [None if weight.grad is None else _bits(weight.grad) for weight in parameters.values()],
        "buffers": {name: (id(buffer), _bits(buffer)) for name, buffer in buffers.items()},
        "plain tensors": {name: _bits(tensor) for name, tensor in loose.items()},
        **tables,
        "torch": torch.get_rng_state().tolist(),
        "numpy": str(np.random.get_state()),  # noqa: NPY002 the global state that others draw from
        "python": random.getstate(),
    }


def _bits(tensor: "Tensor") -> tuple[Any, ...]:
    """A sum over the bits, of the weight of hundreds of megabytes too, and a few of the values."""
    import torch

    flat = tensor.detach().reshape(-1)
    if flat.element_size() % 4 == 0 and flat.is_floating_point():
        flat = flat.view(torch.int32)
    return tensor.shape, tensor.dtype, int(flat.sum(dtype=torch.int64)), flat[:4].tolist(), flat[-4:].tolist()


@pytest.fixture(scope="session")
def unchanged() -> Callable[["nn.Module"], AbstractContextManager[None]]:
    """`with unchanged(network): ...` asserts that the block leaves it, its gradients and the random state alone."""
    return _unchanged


@pytest.fixture(scope="session")
def zoo_network() -> Callable[[str], tuple["nn.Module", "Tensor"]]:
    """Give the cheapest network of a family for 3 classes, made once, and two pictures for it. Leave it as it is.

    Of fully connected layers with millions of weights, which only take time, two narrow ones are made.
    """
    import torch
    from torch import nn

    from striate.zoo import MODELS, create

    @cache
    def built(family: str) -> tuple["nn.Module", "Tensor"]:
        row = min((row for row in MODELS.values() if row.family == family), key=lambda row: row.macs)
        size = row.image_size if max(row.image_size) <= 32 else (16, 16)
        torch.manual_seed(1)
        network = create(row.name, num_classes=3, image_size=size)
        for module in list(network.modules()):
            for name, layer in module.named_children():
                if isinstance(layer, nn.Linear) and layer.weight.numel() > 1_000_000:
                    setattr(
                        module, name, nn.Sequential(nn.Linear(layer.in_features, 8), nn.Linear(8, layer.out_features))
                    )
                elif isinstance(layer, nn.Conv2d) and name.startswith("fc"):
                    wide = nn.Conv2d(layer.in_channels, 8, layer.kernel_size)
                    setattr(module, name, nn.Sequential(wide, nn.Conv2d(8, layer.out_channels, 1)))
        return network.eval(), torch.rand(2, row.in_channels, *size)

    return built

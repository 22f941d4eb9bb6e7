"""What all tests share: the cores of the machine, where real data lies, and a cache of their own."""

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

TESTS = Path(__file__).parent
MOST_PROCESSES = 8  # each imports torch anew

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line does; before torch is imported
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

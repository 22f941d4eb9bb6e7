"""A run of all tests is shared among processes; one that asks for a few tests, or for what measures, is not."""

from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[1]
DEFAULT = "not slow and not gpu"


@pytest.fixture
def share(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """What becomes of the options of a run that is begun in the root of the repository."""
    monkeypatch.chdir(ROOT)
    plugins = request.config.pluginmanager.get_plugins()
    own = next(plugin for plugin in plugins if getattr(plugin, "__file__", None) == str(ROOT / "tests" / "conftest.py"))

    def options(*arguments: str, **changes: object) -> SimpleNamespace:
        given = {"numprocesses": None, "maxprocesses": None, "dist": "no", "markexpr": DEFAULT, **changes}
        option = SimpleNamespace(**{name: value for name, value in given.items() if value != "absent"})
        own.pytest_cmdline_main(SimpleNamespace(args=arguments, option=option))
        return option

    return options


@pytest.mark.parametrize("arguments", [("tests",), (".",), (str(ROOT),)])
def test_a_run_of_everything_has_a_process_a_core_and_eight_at_most(share, arguments):
    option = share(*arguments)
    assert (option.numprocesses, option.maxprocesses) == ("auto", 8)
    assert (option.dist, option.loadscopereorder) == ("loadfile", False)  # a file whole, and files in order


def test_fewer_processes_may_be_asked_for(share):
    assert share("tests", maxprocesses=3).maxprocesses == 3
    assert share("tests", numprocesses=0).numprocesses == 0


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        (("tests/test_layout.py",), {}),
        (("tests/zoo",), {}),
        (("tests", "tests/zoo/test_depth.py::test_of_two_ways_the_longer_one_counts"), {}),
        (("tests",), {"markexpr": "slow"}),
    ],
)
def test_a_few_tests_and_what_measures_have_one(share, arguments, changes):
    option = share(*arguments, **changes)
    assert (option.numprocesses, option.dist) == (None, "no")


def test_an_environment_without_xdist_runs_all_in_one_process(share):
    assert share("tests", numprocesses="absent").dist == "no"

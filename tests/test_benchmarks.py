"""What the benchmarks share: turns, ratios, verdicts, clocks, and the file of results."""

import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch

from striate.explain.pointing import play

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture(autouse=True)
def _beside_the_benchmarks(monkeypatch):
    known = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(BENCHMARKS)):
            del sys.modules[name]


@pytest.fixture
def pairs():
    return import_module("pairs")


@pytest.fixture
def results():
    return import_module("results")


def test_sides_take_turns_in_an_order_that_turns_round(pairs):
    order = []
    sides = {name: (lambda name=name: order.append(name)) for name in "abc"}
    timings = pairs.in_turns(sides, rounds=3, warm_up=1)
    assert "".join(order) == "abcabccbaabc"
    assert timings.rounds == 3


def test_the_time_is_up_only_after_the_least_number_of_rounds(pairs):
    timings = pairs.in_turns({"a": lambda: None}, rounds=50, warm_up=0, most_seconds=0)
    assert timings.rounds == pairs.LEAST_ROUNDS


def test_a_ratio_is_the_median_over_rounds_not_of_the_sums(pairs):
    timings = pairs.Timings({"ours": [1.0, 1.0, 10.0], "theirs": [2.0, 3.0, 20.0]})
    ratio = timings.ratio("ours", "theirs")
    assert ratio.rounds == (2.0, 3.0, 2.0)
    assert ratio.middle == 2.0
    assert ratio.spread == (2.0, 3.0)


def test_the_spread_of_many_rounds_is_the_quartiles(pairs):
    ratio = pairs.Ratio((1.0, 2.0, 3.0, 4.0, 100.0))
    assert ratio.spread == (2.0, 4.0)
    assert str(ratio) == "3.00x (2.00 to 4.00)"


def test_the_mean_of_factors_is_geometric(pairs):
    assert pairs.geometric_mean([0.5, 2.0]) == pytest.approx(1)
    assert pairs.geometric_mean([2.0, 8.0]) == pytest.approx(4)


@pytest.mark.parametrize(
    ("value", "most", "reached"), [(2.0, False, True), (1.9, False, False), (2.0, True, True), (2.1, True, False)]
)
def test_a_verdict_says_whether_the_limit_is_kept(pairs, value, most, reached):
    line = pairs.judged("it", value, 2.0, most=most)
    assert ("NOT reached" in line) is not reached
    assert ("at most" in line) is most


def test_a_short_try_is_printed_and_not_kept(pairs, monkeypatch, capsys):
    kept = []
    monkeypatch.setattr(pairs, "record", lambda section, lines, **_: kept.append(section))
    for arguments in (["--quick"], []):
        pairs.tell("question", ["a line"], pairs.options("").parse_args(arguments), ("numpy",))
    assert kept == ["question"]
    assert capsys.readouterr().out == "a line\na line\n"


def test_a_section_replaces_its_own_and_leaves_the_others(results, tmp_path):
    path = tmp_path / "RESULTS.md"
    for section, line in (("b", "old"), ("a", "first"), ("b", "new")):
        results.record(section, [line], path=path)
    text = path.read_text()
    assert "old" not in text
    assert text.index("## a") < text.index("first") < text.index("## b") < text.index("new")


def test_a_line_that_would_end_a_section_is_refused(results, tmp_path):
    with pytest.raises(ValueError, match="would end the section"):
        results.record("a", ["## b"], path=tmp_path / "RESULTS.md")


def test_rows_are_kept_for_others_to_be_added(results, tmp_path):
    path, head = tmp_path / "RESULTS.md", ["by two threads", "", "| network |", "|---|"]
    results.record("a", [*head, "| one |", "| two |", "", "| another table |"], packages=("numpy",), path=path)
    results.record("b", [*head, "| other |"], packages=("numpy",), path=path)
    assert results.kept_rows("a", head, packages=("numpy",), path=path) == ["| one |", "| two |"]


@pytest.mark.parametrize("changed", ["settings", "versions", "section"])
def test_rows_that_were_measured_otherwise_are_not_kept(results, tmp_path, changed):
    path, head = tmp_path / "RESULTS.md", ["by two threads", "", "| network |", "|---|"]
    results.record("a", [*head, "| one |"], packages=("numpy",), path=path)
    above = ["by one thread", *head[1:]] if changed == "settings" else head
    packages = ("numpy", "torch") if changed == "versions" else ("numpy",)
    section = "b" if changed == "section" else "a"
    assert results.kept_rows(section, above, packages=packages, path=path) == []


class Work:
    """Something to lay clocks around; it takes its time by a clock of its own."""

    now = 0.0

    def outer(self):
        Work.now += 1
        self.inner()
        Work.now += 2

    def inner(self):
        Work.now += 10

    def things(self):
        for thing in range(2):
            Work.now += 100
            yield thing


@pytest.fixture
def watch(monkeypatch):
    module = import_module("stopwatch")
    monkeypatch.setattr(module.time, "perf_counter", lambda: Work.now)
    watch = module.Stopwatch("outer")
    yield watch
    watch.remove()


def test_a_clock_counts_what_is_inside_under_its_own_name(watch):
    plain = Work.outer
    watch.around(Work, "outer", "outer")
    watch.around(Work, "inner", "inner")
    Work().inner()  # not inside of the root: not counted
    Work().outer()
    watch.remove()
    assert watch.seconds == {"outer": 3, "inner": 10}
    assert Work.outer is plain


def test_a_clock_counts_the_time_that_an_iterator_takes(watch):
    watch.around_each(Work, "things", "things")
    with watch.running("outer"):
        for _ in Work().things():
            Work.now += 1
    assert watch.seconds == {"outer": 2, "things": 200}


def test_every_question_says_how_it_is_run():
    questions = [path for path in BENCHMARKS.glob("*.py") if "__main__" in path.read_text(encoding="utf-8")]
    assert len(questions) > 10
    for path in questions:
        assert f"python benchmarks/{path.name}" in path.read_text(encoding="utf-8"), path.name


def test_a_method_that_points_as_well_without_what_was_learned_has_not_reached_its_aim():
    pointing = import_module("pointing")
    masks = np.zeros((40, 32, 32), bool)
    masks[:, 4:8, 4:8] = True
    right = torch.zeros(40, 32, 32)
    right[:, 5, 5] = 1.0
    labels = np.arange(40) % 10
    found, missed = (play(maps, masks, labels) for maps in (right, right.flip(2)))
    lines = pointing.in_words({"gradcam": (found, missed), "occlusion": (found, found)}, 39, masks)
    verdicts = {line.split()[1]: line for line in lines if line.startswith("- ")}
    assert verdicts["gradcam"].endswith("**reached**")
    assert verdicts["occlusion"].endswith("**NOT reached**")
    assert verdicts["accuracy:"].endswith("at least 95.0 %: **reached**")

import numpy as np

from striate.evaluate import coverage as coverages
from striate.evaluate.accuracy import measure
from striate.report.confidence import coverage, reliability


def scored(count: int = 400):
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, count)
    scores = draw.normal(0, 1, (count, 3))
    scores[np.arange(count), labels] += 1.5
    return scores, labels


def test_the_reliability_diagram_draws_every_filled_bin_with_its_interval_and_count():
    bins = measure(*scored(), ["a", "b", "c"])["calibration"]["bins"]
    filled = [b for b in bins if b["pictures"]]
    points, counts = reliability(bins, "title").axes
    drawn = points.containers[0].lines[0]
    np.testing.assert_allclose(drawn.get_xydata(), [[b["confidence"], b["accuracy"]["value"]] for b in filled])
    whiskers = np.array([segment[:, 1] for segment in points.containers[0].lines[2][0].get_segments()], float)
    np.testing.assert_allclose(whiskers, [[b["accuracy"]["low"], b["accuracy"]["high"]] for b in filled])
    assert [bar.get_height() for bar in counts.patches] == [b["pictures"] for b in bins]
    assert [text.get_text() for text in counts.texts] == [str(b["pictures"]) for b in filled]


def test_the_coverage_curve_is_the_measured_one_and_its_thresholds_are_marked():
    scores, labels = scored()
    points = coverages.curve(scores, labels)
    aims = [{**points[20], "target": 0.99}, {**points[21], "target": 0.95}, {**points[150], "target": 0.9}]
    (axes,) = coverage(points, aims).axes
    np.testing.assert_allclose(axes.lines[0].get_xdata(), [point["coverage"]["value"] for point in points])
    np.testing.assert_allclose(axes.lines[0].get_ydata(), [point["accuracy"]["value"] for point in points])
    assert len(axes.lines) == 1 + 3
    assert [text.get_text().replace("\u202f", " ") for text in axes.texts] == ["aim 99, 95 %", "aim 90 %"]

import numpy as np
import pytest

from striate.report.contents import Log
from striate.report.curves import by_epoch, by_iteration, learning_rate, thin


def log(*, held_out: bool = True) -> Log:
    steps = np.arange(1, 101, dtype=float)
    epochs = np.arange(1, 5, dtype=float)
    nothing = np.full(4, np.nan)
    return Log(
        {"epoch": steps // 25, "step": steps, "loss": 1 / steps, "accuracy": 1 - 1 / steps, "lr": 0.1 / steps},
        {
            "epoch": epochs,
            "step": epochs * 25,
            "train_loss": 1 / epochs,
            "train_accuracy": 1 - 0.5 / epochs,
            "val_loss": 1.2 / epochs if held_out else nothing,
            "val_accuracy": 1 - 0.6 / epochs if held_out else nothing,
        },
    )


@pytest.mark.parametrize("what", ["loss", "accuracy"])
def test_both_parts_are_drawn_as_the_log_has_them(what):
    found = log()
    for figure, at in ((by_iteration(found, what), "step"), (by_epoch(found, what), "epoch")):
        train, val = figure.axes[0].lines
        own = found.steps[what] if at == "step" else found.epochs[f"train_{what}"]
        np.testing.assert_array_equal(train.get_ydata(), own)
        np.testing.assert_array_equal(val.get_xdata(), found.epochs[at])
        np.testing.assert_array_equal(val.get_ydata(), found.epochs[f"val_{what}"])


def test_a_spike_does_not_flatten_the_loss():
    found = log()
    assert by_epoch(found, "loss").axes[0].get_yscale() == "linear"
    found.epochs["val_loss"][0] = 160.0
    axes = by_epoch(found, "loss").axes[0]
    assert (axes.get_yscale(), axes.get_ylabel()) == ("log", "logarithmic")
    assert axes.yaxis.get_major_formatter()(100.0) == "100"


def test_without_validation_only_training_is_drawn():
    assert len(by_epoch(log(held_out=False), "loss").axes[0].lines) == 1
    assert len(by_iteration(log(held_out=False), "loss").axes[0].lines) == 1


def test_the_learning_rate_is_drawn_from_zero():
    (line,) = learning_rate(log()).axes[0].lines
    np.testing.assert_array_equal(line.get_ydata(), log().steps["lr"])
    assert line.axes.get_ylim()[0] == 0


def test_long_curves_are_thinned_by_means_that_keep_the_level():
    values = np.sin(np.arange(100_000) / 5000) + 2
    steps, kept = thin(np.arange(100_000, dtype=float), values)
    assert len(steps) == len(kept) == 1200
    assert kept.mean() == pytest.approx(values.mean(), abs=1e-3)
    assert (np.diff(steps) > 0).all()
    assert np.abs(np.interp(steps, np.arange(100_000), values) - kept).max() < 1e-3


def test_lines_of_the_log_that_say_nothing_leave_no_gap():
    steps, kept = thin(np.array([1.0, 2.0, 3.0]), np.array([5.0, np.nan, 7.0]))
    assert (steps.tolist(), kept.tolist()) == ([1, 3], [5, 7])


def test_auxiliary_heads_are_drawn_beside_the_training():
    found = log()
    found.epochs.update(train_aux1_loss=np.full(4, 2.0), train_aux1_accuracy=np.full(4, 0.25))
    found.epochs.update(train_aux2_loss=np.full(4, 1.0), train_aux2_accuracy=np.full(4, 0.5))
    own, first, second, _ = by_epoch(found, "accuracy").axes[0].lines
    assert [line.get_label() for line in (own, first, second)] == ["training", "aux1", "aux2"]
    np.testing.assert_array_equal(first.get_ydata(), np.full(4, 0.25))
    np.testing.assert_array_equal(second.get_ydata(), np.full(4, 0.5))
    assert len({line.get_linestyle() for line in (own, first, second)}) == 3
    np.testing.assert_array_equal(by_epoch(found, "loss").axes[0].lines[1].get_ydata(), np.full(4, 2.0))

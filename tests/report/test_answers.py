import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from striate.core.errors import DataError
from striate.report.answers import Answers, read_answers


def some(count: int = 300, classes: int = 4, temperature: float = 1.0) -> Answers:
    draw = np.random.default_rng(1)
    labels = draw.integers(0, classes, count)
    scores = draw.normal(0, 1, (count, classes))
    scores[np.arange(count), labels] += 1
    return Answers(np.arange(count) + 1000, labels, scores, temperature)


def test_the_cells_hold_every_answer_once_where_truth_and_answer_say():
    answers = some()
    found = {(truth, answer): positions for truth, answer, positions in answers.cells()}
    assert sorted(np.concatenate(list(found.values()))) == list(range(len(answers)))
    for (truth, answer), positions in found.items():
        assert set(answers.labels[positions]) == {truth}
        assert set(answers.predicted[positions]) == {answer}


def test_wrong_cells_begin_with_the_surest_and_right_ones_with_the_least_sure():
    answers = some()
    for truth, answer, positions in answers.cells():
        rising = bool((np.diff(answers.confidence[positions]) >= 0).all())
        falling = bool((np.diff(answers.confidence[positions]) <= 0).all())
        assert rising if truth == answer else falling


def test_the_worst_errors_are_wrong_answers_by_falling_loss():
    answers = some()
    worst = answers.worst(10)
    assert not answers.right[worst].any()
    assert answers.losses[worst[0]] == answers.losses[~answers.right].max()
    assert (np.diff(answers.losses[worst]) <= 0).all()


def test_the_least_sure_answers_are_right_ones_by_rising_probability():
    answers = some()
    least = answers.least_sure(10)
    assert answers.right[least].all()
    assert answers.confidence[least[0]] == answers.confidence[answers.right].min()


@pytest.mark.parametrize("temperature", [1.0, 2.5])
def test_probabilities_are_a_softmax_of_the_scores_over_the_temperature(temperature):
    answers = some(temperature=temperature)
    powers = np.exp(answers.scores / temperature)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers.confidence, expected.max(axis=1))
    np.testing.assert_allclose(np.exp(-answers.losses), expected[np.arange(300), answers.labels])
    second, probability = answers.runner_up(5)
    order = expected[5].argsort()
    assert second == order[-2]
    assert probability == pytest.approx(expected[5][order[-2]])


def test_without_answers_there_is_nothing_to_show():
    answers = Answers(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 3)))
    assert list(answers.cells()) == []
    assert len(answers.worst(5)) == len(answers.least_sure(5)) == 0


def test_pictures_without_scores_are_left_out_and_parts_kept_apart(tmp_path):
    scores = pa.FixedSizeListArray.from_arrays(
        pa.array(np.arange(8, dtype=np.float32)), 2, mask=pa.array([False, True, False, False])
    )
    columns = {"row": [7, 8, 9, 10], "split": ["val", "val", "test", "val"], "label": [0, 1, 1, 0], "scores": scores}
    pq.write_table(pa.table(columns), tmp_path / "predictions.parquet")
    found = read_answers(tmp_path / "predictions.parquet", 2, 1.5)
    assert found["val"].rows.tolist() == [7, 10]
    assert found["val"].scores.tolist() == [[0, 1], [6, 7]]
    assert found["test"].rows.tolist() == [9]
    assert found["test"].temperature == 1.5


def test_scores_of_another_number_of_classes_are_refused(tmp_path):
    scores = pa.FixedSizeListArray.from_arrays(pa.array([0.5, 1.5], pa.float32()), 2)
    columns = {"row": [1], "split": ["test"], "label": [0], "scores": scores}
    pq.write_table(pa.table(columns), tmp_path / "predictions.parquet")
    with pytest.raises(DataError, match="2 scores for 1 pictures and 3 classes"):
        read_answers(tmp_path / "predictions.parquet", 3)

import numpy as np

from striate.report.answers import Answers
from striate.report.choice import GALLERY, PAIRS_OF_MANY, PER_CELL, choose


def answers(classes: int, count: int, strength: float = 1.5) -> Answers:
    draw = np.random.default_rng(2)
    labels = draw.integers(0, classes, count)
    scores = draw.normal(0, 1, (count, classes))
    scores[np.arange(count), labels] += strength
    return Answers(np.arange(count), labels, scores)


def test_every_filled_cell_is_kept_with_its_total_and_its_first_pictures():
    found = answers(5, 1000)
    chosen = choose(found, 5)
    assert sum(cell.total for cell in chosen.cells.values()) == 1000
    assert max(len(cell.shown) for cell in chosen.cells.values()) == PER_CELL
    assert all(len(cell.shown) == min(PER_CELL, cell.total) for cell in chosen.cells.values())


def test_of_many_classes_only_the_most_confused_pairs_are_kept():
    found = answers(60, 6000)
    chosen = choose(found, 60)
    matrix = np.zeros((60, 60), int)
    np.add.at(matrix, (found.labels, found.predicted), 1)
    np.fill_diagonal(matrix, 0)
    assert len(chosen.cells) == PAIRS_OF_MANY
    assert sorted(cell.total for cell in chosen.cells.values()) == sorted(matrix.ravel())[-PAIRS_OF_MANY:]


def test_the_pictures_needed_without_a_click_come_first():
    chosen = choose(answers(5, 1000), 5)
    order = list(chosen.positions())
    assert order[:GALLERY] == chosen.worst.tolist()
    assert order[GALLERY : 2 * GALLERY] == chosen.least_sure.tolist()
    assert set(order) >= {position for cell in chosen.cells.values() for position in cell.shown.tolist()}


def test_samples_are_of_their_class_and_do_not_depend_on_the_answers():
    kind, other = answers(5, 200), answers(5, 200, strength=0.1)
    assert (kind.labels == other.labels).all()
    for label, (some, same) in enumerate(zip(choose(kind, 5).samples, choose(other, 5).samples, strict=True)):
        assert set(kind.labels[some]) == {label}
        assert some.tolist() == same.tolist()
        assert len(set(some.tolist())) == 10

"""Which pictures a comparison shows, from answers given by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from striate.compare import stories
from striate.compare.entrants import Answered, Entrant

LABELS = np.array([0, 0, 1, 1, 1, 0])
CLASSES = ("cat", "dog", "never shown")


def entrant(name: str, given: list[int], sure: list[float], answered: list[bool] | None = None) -> Entrant:
    names = np.array(CLASSES)[LABELS]
    scores = np.zeros((6, 3))
    scores[np.arange(6), given] = sure
    run: Any = SimpleNamespace(path=name)
    there = np.array(answered or [True] * 6)
    rows = np.arange(10, 16)
    return Entrant(name, name, (Answered(run, CLASSES, "test", names, names, rows, LABELS, scores, there, 1.0),))


BEST = entrant("best", [0, 0, 1, 1, 0, 2], [1, 2, 3, 4, 5, 6])
OTHER = entrant("other", [1, 1, 1, 1, 1, 2], [9, 3, 1, 1, 1, 1])


def test_the_surest_mistakes_of_the_one_who_is_wrong_come_first() -> None:
    (clash,) = stories.clashes([BEST, OTHER])
    assert clash.best_right.tolist() == [0, 1]  # where the other is wrong, the surer first
    assert clash.other_right.tolist() == [4]


def test_what_nobody_knows_comes_in_the_order_of_how_many_agree() -> None:
    third = entrant("third", [0, 0, 0, 1, 0, 2], [1] * 6)
    fourth = entrant("fourth", [1, 1, 0, 0, 0, 1], [1] * 6)
    assert stories.nobody([third, fourth]).tolist() == [2, 4, 5]
    assert stories.nobody([BEST, OTHER]).tolist() == [5]
    assert stories.nobody([entrant("knows", LABELS.tolist(), [1] * 6)]).tolist() == []


def test_a_picture_without_an_answer_is_wrong_and_told_so() -> None:
    silent = entrant("silent", LABELS.tolist(), [1] * 6, [False, *[True] * 5])
    (clash,) = stories.clashes([BEST, silent])
    assert 0 in clash.best_right
    told = stories.story(0, [silent, BEST], {10: 3}, lambda row: f"picture {row}")
    assert told["tile"] == 3
    assert told["name"] == "picture 10"
    said = told["said"][0]
    assert (said["answer"], said["right"], said["probability"]) == ("no answer", False, None)
    assert told["said"][1]["answer"] == "cat"


def test_the_page_shows_at_most_so_many_of_each_side() -> None:
    clash = stories.Clash(OTHER, BEST, np.arange(6), np.array([0]))
    told = stories.told(clash, {}, str)
    assert (told["alone"], told["best_alone"]) == (6, 1)
    assert [len(side["pictures"]) for side in told["sides"]] == [stories.PER_SIDE, 1]
    assert len(list(stories.shown([clash], np.arange(6)))) == stories.NOBODY + stories.PER_SIDE + 1

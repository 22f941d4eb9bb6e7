"""How long a training takes, by a few of its steps."""

from pathlib import Path

import pytest

from striate.compare.sizing import size, sizes
from striate.train.begin import Request


def wish(model: str, out: Path | None = None, **fields: object) -> Request:
    settings = {"plan.threads": 1, "store": "none", **fields}
    return Request(data="digits", model=model, out=out, settings=settings, quiet=True)


def test_a_model_is_timed_and_planned_and_nothing_of_that_is_left(tmp_path: Path) -> None:
    found = size(wish("lenet5_modern"), share=30.0, folder=tmp_path)
    assert found.need.epochs == 60
    assert found.need.epoch > 0
    assert found.plan["threads"] == 1
    assert not list(tmp_path.glob(".timing-*"))


def test_the_larger_network_needs_more(tmp_path: Path) -> None:
    small, large = (size(wish(model), share=1.0, folder=tmp_path).need for model in ("linear", "resnet20"))
    assert small.epoch < large.epoch


def test_a_model_that_does_not_suit_the_pictures_is_told_with_the_reason(tmp_path: Path) -> None:
    requests = [wish("linear"), wish("vgg11")]
    good, bad = sizes(requests, share=1.0, folder=tmp_path, lanes=1)
    assert not isinstance(good, str)
    assert isinstance(bad, str)
    assert "16 x 16 and more" in bad


@pytest.mark.slow  # each process imports torch anew
def test_several_are_timed_at_once_where_several_will_run_at_once(tmp_path: Path) -> None:
    found = list(sizes([wish("linear"), wish("vgg11")], share=1.0, folder=tmp_path, lanes=2))
    assert [isinstance(one, str) for one in found] == [False, True]

"""How long a training takes, by a few of its steps."""

from pathlib import Path

import pytest

from striate.compare.sizing import size, sizes
from striate.train.begin import Request, begin


def wish(model: str, out: Path | None = None, **fields: object) -> Request:
    settings = {"plan.threads": 1, "store": "none", **fields}
    return Request(data="digits", model=model, out=out, settings=settings, quiet=True)


def test_what_was_timed_is_about_what_training_takes(tmp_path: Path) -> None:
    found = size(wish("lenet5_modern"), share=30.0, folder=tmp_path)
    run = begin(wish("lenet5_modern", tmp_path / "run", epochs=3))
    taken = run.read_json("environment.json")["seconds"] / 3
    assert found.need.epochs == 60
    assert found.need.epoch / 4 < taken < found.need.epoch * 4  # the machine may have other work meanwhile
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

"""What networks for large pictures do with small ones."""

import re

import pytest
import torch

from striate import zoo
from striate.core.errors import DoesNotApply
from striate.layers.network import Network
from striate.zoo import MODELS

ADAPTING = [row for row in MODELS.values() if "stem" in row.options]
EXAMPLES = sorted(min((row.macs, row.name) for row in ADAPTING if row.family == family)[1]
                  for family in {row.family for row in ADAPTING})  # fmt: skip


def on_meta(name: str, size: int, **options: object) -> Network:
    with torch.device("meta"):
        return zoo.create(name, image_size=size, **options).eval()


def smallest(name: str, stem: str) -> int:
    """The smallest side that a network with this stem takes, as it says when it refuses."""
    with pytest.raises(DoesNotApply) as caught:
        on_meta(name, 1, stem=stem)
    found = re.search(r"takes pictures of (\d+) x \1 and more, not 1 x 1", str(caught.value))
    assert found
    return int(found[1])


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_smallest_size_that_a_refusal_names_works_and_one_less_is_refused(name: str) -> None:
    for stem in ("small", "published"):
        least = smallest(name, stem)
        network = on_meta(name, least, stem=stem)
        assert network(torch.empty(1, 3, least, least, device="meta")).shape == (1, 1000)
        assert min(network.features(torch.empty(1, 3, least, least, device="meta"))[-1].shape[2:]) >= 1
        with pytest.raises(DoesNotApply, match=f"not {least} x {least - 1}: set the image size to"):
            zoo.create(name, image_size=(least, least - 1), stem=stem)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_smallest_pictures_get_the_small_stem_unasked_and_the_user_is_told(name: str) -> None:
    least = smallest(name, "small")
    assert least < smallest(name, "published")
    network = on_meta(name, least)
    assert str(network) == str(on_meta(name, least, stem="small"))
    assert network.notes[0].startswith(f"{name} for pictures of {least} x {least} ")
    assert "stem=published" not in network.notes[0]  # which takes none as small


def test_who_can_have_the_published_stem_is_told_how() -> None:
    (note,) = on_meta("resnet18", 48).notes
    assert note == (
        "resnet18 for pictures of 48 x 48 begins with a 3x3 convolution of stride 1, not with 7x7 of stride 2 and "
        "pooling (options.stem=published keeps the published stem)"
    )
    assert on_meta("resnet18", 48, stem="published").notes == ()


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_pictures_that_a_network_was_made_for_get_the_published_stem(name: str) -> None:
    size = MODELS[name].image_size[0]
    assert str(on_meta(name, size)) == str(on_meta(name, size, stem="published"))
    assert str(on_meta(name, size)) != str(on_meta(name, size, stem="small"))


def test_auto_takes_the_stem_that_takes_the_pictures() -> None:
    network = on_meta("inception_v2", 65)
    assert network.notes
    assert network(torch.empty(1, 3, 65, 65, device="meta")).shape == (1, 1000)

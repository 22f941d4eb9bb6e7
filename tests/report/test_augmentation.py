"""The figure of augmentations: every kind has its row, and the captions tell what is shown."""

import numpy as np

from striate.report.augmentation import augmentations

RANDOM = np.random.default_rng(0)


def test_every_kind_has_a_row_of_pictures_with_what_was_drawn_under_each():
    picture, partner = RANDOM.integers(0, 256, (2, 24, 32, 3), np.uint8)
    figure = augmentations(picture, partner, across=3)
    assert len(figure.axes) == 3 * len(figure.texts)
    captions = [axes.texts[0].get_text() for axes in figure.axes]
    titles = [text.get_text().replace("\n", " ") for text in figure.texts]
    assert titles[0] == "flip"
    assert titles[-1] == "all but mixing"
    by_title = {title: captions[3 * place : 3 * place + 3] for place, title in enumerate(titles)}
    assert all("rotation" in caption for caption in by_title["rotation"])
    assert all("its own" in caption for caption in by_title["mixup, cutmix"])
    for axes, caption in zip(figure.axes, captions, strict=True):
        assert (caption == "as it is") == np.array_equal(axes.images[0].get_array(), picture)

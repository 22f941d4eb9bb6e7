import numpy as np
import pytest
import torch

from striate.core.errors import UnknownName
from striate.explain import explain
from striate.explain.picture import explain_pictures, options_of
from striate.recognize.predict import predict


def every(recognizer, photos, **options):
    return list(explain_pictures(recognizer, [photos], **options))


def test_each_picture_has_the_answer_that_predict_gives_and_the_map_that_explain_gives(recognizer, photos):
    answers = predict(recognizer, [photos])
    found = every(recognizer, photos)
    assert [shown.picture for shown in found] == [answer.picture for answer in answers]
    for shown, answer in zip(found, answers, strict=True):
        assert shown.error == (answer.error or "")
        if shown.error:
            continue
        assert shown.answer == shown.target == answer.class_name
        assert shown.probabilities[shown.answer] == pytest.approx(answer.probability, abs=1e-6)
        images = recognizer.preprocess.normalize(torch.from_numpy(shown.pixels.transpose(2, 0, 1)[None].copy()))
        maps = explain(recognizer.network, images, torch.tensor([recognizer.classes.index(shown.target)]))
        torch.testing.assert_close(shown.panels[0].maps.values, maps.values)
        assert shown.panels[0].layer == "5"
        assert shown.panels[0].shape == (16, 6, 6)


def test_an_unreadable_picture_is_named_with_its_reason_in_its_place(recognizer, photos):
    found = every(recognizer, photos)
    assert [bool(shown.error) for shown in found] == [shown.picture.endswith("torn.png") for shown in found]
    assert sum(bool(shown.error) for shown in found) == 1


def test_a_class_and_a_layer_can_be_chosen(recognizer, photos):
    (shown,) = explain_pictures(recognizer, photos / "one.png", target="star", layer="2")
    assert shown.target == "star"
    assert shown.panels[0].layer == "2"
    assert shown.panels[0].maps.values.shape == (1, 12, 12)


def test_an_array_is_a_picture_and_a_gray_one_too(recognizer):
    (shown,) = explain_pictures(recognizer, np.full((30, 50), 7, np.uint8))
    assert shown.picture == "picture 0"
    assert shown.pixels.shape == (24, 24, 3)


def test_one_method_may_refuse_and_the_others_go_on(recognizer, photos, methods):
    found = every(recognizer, photos, methods=["gradcam", "refusing", "edges"], layer="2", power=2)
    for shown in found:
        if shown.error:
            continue
        good, refused, other = shown.panels
        assert refused.refused == "too dark for it: take a light picture"
        assert refused.maps is None
        assert good.maps.values.shape == (1, 12, 12)
        assert other.layer is None
        assert other.maps.signed


def test_evidence_comes_with_every_map_that_there_is(recognizer, photos, methods):
    (shown,) = explain_pictures(recognizer, photos / "two.png", methods=["gradcam", "refusing"], evidence=True)
    assert shown.panels[0].evidence.method == "gradcam"
    assert shown.panels[1].evidence is None


def test_a_layer_without_maps_cannot_be_watched_and_the_rest_is_shown(recognizer, photos):
    (shown,) = explain_pictures(recognizer, photos / "two.png", methods=["occlusion"], zeiler=True, layer="7")
    (panel,) = shown.panels
    assert panel.watched is None
    assert "take an earlier layer" in panel.unwatched
    assert panel.maps.values.any()


def test_an_option_goes_to_the_methods_that_have_it_and_one_that_none_has_is_named(recognizer, photos, methods):
    assert options_of("edges") == {"power", "seed"}
    with pytest.raises(UnknownName, match="option of gradcam named 'power'"):
        every(recognizer, photos, power=2)
    with pytest.raises(UnknownName, match="did you mean power"):
        every(recognizer, photos, methods=["edges"], powr=2)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"methods": ["gradcams"]}, "method named 'gradcams'"),
        ({"target": "sta"}, "did you mean star"),
        ({"layer": "77"}, "77"),
    ],
)
def test_what_is_not_there_is_named(recognizer, photos, asked, message):
    with pytest.raises(UnknownName, match=message):
        every(recognizer, photos, **asked)


def test_all_is_the_same_however_many_pictures_are_asked_about(recognizer, photos):
    together = {shown.picture: shown for shown in every(recognizer, photos)}
    (alone,) = explain_pictures(recognizer, photos / "two.png")
    torch.testing.assert_close(alone.panels[0].maps.values, together[alone.picture].panels[0].maps.values)

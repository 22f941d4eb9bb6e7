import pytest

from striate.core.errors import DoesNotApply, UnknownName
from striate.train.models import check, find_network, is_pipeline, only_networks


def test_names_of_networks_and_of_pipelines_are_told_apart():
    assert is_pipeline("hog-svm")
    assert not is_pipeline("resnet20")
    assert not is_pipeline(None)
    assert find_network("resnet20").family == "cifar_resnet"


def test_a_name_that_nobody_has_offers_pipelines_too():
    check("hog-svm")
    with pytest.raises(UnknownName, match="did you mean hog-svm"):
        check("hog-svmm")


def test_what_needs_a_network_refuses_a_pipeline_with_the_reason():
    only_networks("resnet20", "no layers")
    with pytest.raises(DoesNotApply, match=r"hog-svm is a classic pipeline, .*: it has no layers"):
        only_networks("hog-svm", "no layers")

import json
import sys

import numpy as np
import pytest
from PIL import Image

import striate.explain.folder  # noqa: F401 by name, below
from striate.recognize.load import load
from striate.train.begin import Request, begin


@pytest.fixture(scope="session")
def network_run(tmp_path_factory):
    """A small convolutional network on shapes."""
    settings = {"epochs": 1, "plan.threads": 1, "store": "none"}
    out = tmp_path_factory.mktemp("runs") / "lenet"
    begin(Request(data="shapes?count=200&size=16", model="lenet5_modern", out=out, settings=settings, quiet=True))
    return out


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for seed in range(2):
        values = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(values).save(folder / f"{seed}.png")
    return folder


def test_a_page_and_a_map_of_each_picture_are_written_and_named(call, network_run, pictures, tmp_path):
    out = tmp_path / "seen"
    outcome = call("explain", network_run, pictures, "--out", out)
    assert outcome.status == 0, outcome.errors
    assert f"page: {out / 'index.html'}" in outcome.output
    assert "0.gradcam.png" in outcome.output
    assert {path.name for path in out.iterdir()} >= {"index.html", "0.gradcam.png", "0.gradcam.npy", "1.gradcam.npy"}


def test_json_is_one_document_with_what_predict_says(call, network_run, pictures, tmp_path):
    outcome = call("explain", network_run, pictures, "--out", tmp_path / "seen", "--json")
    told = json.loads(outcome.output)
    answers = load(network_run).predict([pictures])
    assert [entry["class"] for entry in told["pictures"]] == [answer.class_name for answer in answers]
    assert told["pictures"][0]["probability"] == pytest.approx(answers[0].probability, abs=1e-5)
    values = np.load(tmp_path / "seen" / told["pictures"][0]["explanations"][0]["values"])
    assert list(values.shape) == told["pictures"][0]["explanations"][0]["shape"]


def test_an_unreadable_picture_is_named_and_the_others_are_explained(call, network_run, pictures, tmp_path):
    (pictures / "torn.png").write_bytes((pictures / "0.png").read_bytes()[:40])
    outcome = call("explain", network_run, pictures, "--out", tmp_path / "seen")
    assert outcome.status == 1
    assert f"unreadable: {pictures / 'torn.png'}: " in outcome.errors
    assert (tmp_path / "seen" / "0.gradcam.png").is_file()


def test_where_no_picture_can_be_read_nothing_is_left_behind(call, network_run, pictures, tmp_path):
    torn = pictures / "torn.png"
    torn.write_bytes((pictures / "0.png").read_bytes()[:40])
    outcome = call("explain", network_run, torn, "--out", tmp_path / "seen")
    assert outcome.status == 2
    assert f"none of 1 can be read: {torn}: " in outcome.errors
    assert not (tmp_path / "seen").exists()


def test_more_pictures_than_a_page_shows_are_refused_before_any_is_explained(call, network_run, pictures, monkeypatch):
    def ask(*_, **__):
        raise AssertionError("explained")

    folder = sys.modules["striate.explain.folder"]  # `striate.explain` is the function
    monkeypatch.setattr(folder, "MOST", 1)
    monkeypatch.setattr(folder, "ask", ask)
    outcome = call("explain", network_run, pictures)
    assert outcome.status == 2
    assert "2 pictures are more than anyone looks at: name at most 1" in outcome.errors


def test_a_class_is_explained_though_it_is_not_the_answer(call, network_run, pictures, tmp_path):
    outcome = call("explain", network_run, pictures / "0.png", "--class", "star", "--out", tmp_path / "seen", "--json")
    (told,) = json.loads(outcome.output)["pictures"]
    assert told["class"] == "star"
    assert told["probability"] <= told["answer_probability"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--class", "ten"), "no class named 'ten'"),
        (("--method", "grad-cam"), "did you mean gradcam"),
        (("--layer", "stages.77"), "stages.77"),
        (("--set", "steps=9"), "no option of gradcam named 'steps'"),
        (("--set", "steps"), "write --set steps=100"),
        (("--set", "layer=3"), "no option of gradcam named 'layer'"),
        (("--zeiler",), "name occlusion among the methods too"),
        (("--method", ""), "name at least one of saliency"),
        (("--set", "batch=0"), "batch = 0: at least one picture passes at once"),
        (("--method", "integrated-gradients", "--set", "steps=abc"), "steps = 'abc' is no value for integrated-grad"),
        (("--method", "integrated-gradients", "--set", "baseline=1"), "it takes a name or a tensor"),
        (("--method", "occlusion", "--set", "patch=0"), "a patch of 0 x 0 does not fit"),
    ],
)
def test_what_is_not_there_is_named_and_nothing_is_written(call, network_run, pictures, tmp_path, options, said):
    outcome = call("explain", network_run, pictures, *options, "--out", tmp_path / "seen")
    assert outcome.status == 2
    assert said in outcome.errors
    assert not (tmp_path / "seen").exists()


def test_a_network_without_maps_is_told_what_to_use(call, runs, pictures, tmp_path):
    outcome = call("explain", runs[0], pictures, "--out", tmp_path / "seen")
    assert outcome.status == 2
    assert "use a method that works on pixels" in outcome.errors


def test_without_out_the_folder_stands_beside_the_run_and_an_old_one_is_kept(call, network_run, pictures):
    for name in ("lenet-explained", "lenet-explained-2"):
        outcome = call("explain", network_run, pictures / "0.png", "--json")
        assert json.loads(outcome.output)["folder"] == str(network_run.with_name(name))


def test_python_writes_the_same_page(network_run, pictures, tmp_path):
    import striate

    found = striate.explain(
        network_run, [pictures], methods=("gradcam", "occlusion"), patch=8, stride=8, out=tmp_path / "there", quiet=True
    )
    assert found.page == tmp_path / "there" / "index.html"
    assert (tmp_path / "there" / "0.occlusion.npy").is_file()
    assert [told["picture"] for told in found.record["pictures"]] == [str(pictures / f"{n}.png") for n in range(2)]

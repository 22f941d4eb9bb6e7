from striate.sources import fashion_mnist


def test_the_official_files_are_read_whole_with_their_names(shared_data):
    table = fashion_mnist.read(shared_data)
    assert table.counts.tolist() == [7000] * 10
    assert [table.classes[label] for label in table.labels[:3]] == ["Ankle boot", "T-shirt/top", "T-shirt/top"]
    assert table.notes == ()


def test_its_folder_may_be_named_either_way(disk):
    for place in ("a/fashion-mnist", "b/fashion_mnist", "c/FashionMNIST/raw"):
        disk.idx(place)
        assert fashion_mnist.read(disk.root / place[0]).root == disk.root / place

from striate.core.errors import UnknownName, listed


def test_many_names_are_cut_and_the_rest_is_counted():
    assert listed(["a", "b", "c"], 3) == "a, b, c"
    assert listed([str(i) for i in range(1003)], 3) == "0, 1, 2 and 1,000 more"


def test_an_unknown_name_is_answered_with_the_nearest_or_with_all():
    assert str(UnknownName("model", "resnet19", ["vgg11", "resnet18"])) == (
        "no model named 'resnet19': did you mean resnet18?"
    )
    assert str(UnknownName("field", "lr", ["optimizer.lr", "loss.lr", "lr_"])) == (
        "no field named 'lr': did you mean loss.lr or optimizer.lr?"
    )
    assert str(UnknownName("model", "q", map(str, range(100)))).endswith(" and 60 more")
    assert str(UnknownName("model", "q", ["b", "a"])) == "no model named 'q': known: a, b"

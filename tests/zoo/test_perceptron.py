import torch

from striate import zoo


def test_it_is_the_linear_map_with_weights_of_zero() -> None:
    network, linear = zoo.create("perceptron"), zoo.create("linear")
    assert str(network) == str(linear)
    assert all(weights.count_nonzero() == 0 for weights in network.parameters())


def test_rosenblatt_s_rule_ends_on_pictures_that_a_line_separates() -> None:
    torch.manual_seed(0)
    images = torch.randn(200, 1, 4, 4)
    labels = (images.flatten(1) @ torch.randn(16, 3)).argmax(1)
    network = zoo.create("perceptron", image_size=4, num_classes=3)
    passes, errors = 0, 1
    while errors and passes < 500:
        passes, errors = passes + 1, 0
        for picture, label in zip(images, labels, strict=True):
            scores = network(picture[None])[0]
            answer = scores.argmax()
            if answer != label:
                network.zero_grad()
                (scores[answer] - scores[label]).backward()
                torch.optim.SGD(network.parameters(), lr=1).step()
                errors += 1
    assert not errors
    assert passes > 1

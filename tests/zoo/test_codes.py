import torch

from striate.zoo.codes import HEIGHT, WIDTH, digits, orthogonal


def test_the_ten_digits_are_distinct_pictures_of_7_by_12_in_plus_and_minus_one() -> None:
    codes = digits()
    assert codes.shape == (10, WIDTH * HEIGHT)
    assert set(codes.unique().tolist()) == {-1.0, 1.0}
    differ = (codes[:, None] != codes).sum(2)
    assert differ[~torch.eye(10, dtype=torch.bool)].min() >= 5  # 0 and 8 are nearest, as the eye has it
    assert differ[0, 8] == 5


def test_digits_look_like_what_they_are() -> None:
    pictures = digits().view(10, HEIGHT, WIDTH) > 0
    assert pictures[1].sum() < pictures[8].sum()
    assert pictures[7][0].all()  # the bar of the seven
    assert not pictures[7][-1, 3:].any()
    assert torch.equal(pictures[0], pictures[0].flip(1))
    assert torch.equal(pictures[8], pictures[8].flip(1))
    assert not pictures[0][4:8, 2:5].any()  # the hole of the zero


def test_168_orthogonal_codes_differ_in_42_places_or_in_all() -> None:
    codes = orthogonal()
    assert codes.shape == (168, 84)
    products = codes @ codes.T
    expected = 84 * torch.eye(84)
    assert torch.equal(products, torch.cat([torch.cat([expected, -expected], 1), torch.cat([-expected, expected], 1)]))

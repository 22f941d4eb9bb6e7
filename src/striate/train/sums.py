"""What training steps add up to, over an interval of the log or over an epoch."""

from dataclasses import dataclass, field

from striate.train.step import Outcome


@dataclass
class Sums:
    """Sums over pictures.

    Args:
        loss_sum: of each step's mean loss times its pictures.
        right: pictures whose class had the highest score.
        seen: pictures.
        auxiliary: the first two of each auxiliary head, by its name.
    """

    loss_sum: float = 0.0
    right: int = 0
    seen: int = 0
    auxiliary: dict[str, list[float]] = field(default_factory=dict)

    def add(self, outcome: Outcome) -> None:
        """Add what a step did."""
        self.loss_sum += outcome.loss * outcome.seen
        self.right += outcome.right
        self.seen += outcome.seen
        for name, (loss, right) in outcome.auxiliary.items():
            before = self.auxiliary.get(name, [0.0, 0])
            self.auxiliary[name] = [before[0] + loss * outcome.seen, before[1] + right]

    def measures(self, prefix: str = "") -> dict[str, float]:
        """Return loss and accuracy over the pictures, and behind them those of each auxiliary head, `aux1_loss`, ..."""
        found = {"": (self.loss_sum, self.right), **{f"{name}_": sums for name, sums in self.auxiliary.items()}}
        pictures = max(self.seen, 1)
        return {
            f"{prefix}{head}{what}": value / pictures
            for head, sums in found.items()
            for what, value in zip(("loss", "accuracy"), sums, strict=True)
        }

    def clear(self) -> None:
        """Begin again."""
        self.loss_sum, self.right, self.seen, self.auxiliary = 0.0, 0, 0, {}

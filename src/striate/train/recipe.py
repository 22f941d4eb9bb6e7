"""A recipe: how a recognizer is trained. Frozen, validated, complete; TOML in and out; saved with every run."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import tomli_w
from pydantic import BaseModel, Field, field_validator, model_validator

from striate.core.errors import RecipeError, UnknownName
from striate.core.records import Record, validated
from striate.data.augment import Augment
from striate.data.batches import Sampling
from striate.data.preprocess import Preprocess
from striate.runtime.plan import Plan


class SplitRecipe(Record):
    """Which pictures are train, val and test, where the data does not say."""

    val: float = Field(0.15, ge=0, lt=1)
    test: float = Field(0.15, ge=0, lt=1)
    salt: int = 0
    """Another salt, another split. Not the seed: comparing seeds must not change the test pictures."""
    file: str | None = None
    """A split written before; it is honored, never redrawn."""
    extend: bool = False
    """Draw sides for pictures that the file does not know, with its own salt; without it they are an error."""


class Loss(Record):
    """What training minimizes."""

    name: Literal["cross_entropy", "mse", "bump", "map", "perceptron"] = "cross_entropy"
    """cross_entropy of the softmax; mse: squared distance to one-hot targets; bump: to a Gaussian bump over ordered
    classes (ALVINN); map: LeCun et al. 1998, equation 9, for RBF outputs; perceptron: Rosenblatt's criterion."""
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    width: float = Field(5**0.5, gt=0)
    """Deviation of the bump, in classes. ALVINN's was exp(-distance^2 / 10), as recalled."""
    margin: float = Field(0.1, gt=0)
    """j of equation 9: the penalty e^-j that a rubbish class would have."""
    class_weights: Literal["none", "balanced"] | tuple[float, ...] = "none"
    """balanced: a class counts in inverse proportion to its training pictures; or one weight a class."""

    @field_validator("class_weights")
    @classmethod
    def _weigh_something(cls, weights: str | tuple[float, ...]) -> str | tuple[float, ...]:
        if not isinstance(weights, str) and (min(weights, default=-1) < 0 or max(weights) <= 0):
            raise ValueError("weights must be 0 or more, and one of them more than 0")
        return weights


class Optimizer(Record):
    """How weights follow the gradient."""

    name: Literal["sgd", "rmsprop", "adam", "adamw"] = "sgd"
    lr: float = Field(0.1, gt=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    """sgd and rmsprop."""
    nesterov: bool = True
    """sgd with momentum."""
    alpha: float = Field(0.99, ge=0, lt=1)
    """rmsprop's decay of the mean square."""
    betas: tuple[float, float] = (0.9, 0.999)
    """adam and adamw."""
    eps: float = Field(1e-8, gt=0)
    """rmsprop, adam and adamw."""
    l2: float = Field(0.0, ge=0)
    """Weight decay: added to the gradient (sgd, rmsprop, adam), or decoupled from it (adamw)."""
    l1: float = Field(0.0, ge=0)
    """Times the sign of the weight, added to the gradient."""
    decay_all: bool = False
    """Decay biases and norms too; by default only weights of convolutions and linear layers."""
    clip: float | None = Field(None, gt=0)
    """Scale the gradient down to this norm where it is longer."""


class Schedule(Record):
    """How the learning rate moves; every schedule may begin with a warm-up."""

    name: Literal["fixed", "step", "multistep", "exponential", "polynomial", "cosine", "onecycle", "plateau"] = (
        "onecycle"
    )
    warmup: float = Field(0.0, ge=0)
    """Epochs of linear rise from 0; onecycle: its rise, in epochs, a fifth of the training where 0."""
    every: float = Field(30.0, gt=0)
    """step: epochs between falls."""
    milestones: tuple[float, ...] = ()
    """multistep: epochs of the falls."""
    factor: float = Field(0.1, gt=0, lt=1)
    """step, multistep, plateau: what a fall multiplies by; exponential: per epoch."""
    power: float = Field(1.0, gt=0)
    """polynomial: (1 - progress) to this power; 1 is linear."""
    final: float = Field(0.0, ge=0, lt=1)
    """cosine, onecycle, polynomial: the last learning rate, as a share of lr."""
    patience: int = Field(5, ge=0)
    """plateau: epochs without a better validation loss before a fall."""


class Recipe(Record):
    """How a recognizer is trained."""

    model: str
    options: dict[str, Any] = Field(default_factory=dict)
    """The family's options, such as activation or dropout."""
    weights: str | None = None
    """Weights to begin from: a file, a run, an address, torchvision:NAME or timm:NAME; none: drawn from the seed."""
    weights_head: Literal["auto", "keep", "drop"] = "auto"
    """The layers that give their scores: auto: kept where the classes are the same, by name or else by number, and left
    as drawn where they are others; keep: they must fit; drop: left as drawn. All else must fit in any case."""
    epochs: int = Field(ge=1)
    batch_size: int = Field(128, ge=1)
    seed: int = Field(0, ge=0)
    split: SplitRecipe = SplitRecipe()
    preprocess: Preprocess
    augment: Augment = Augment()
    sampling: Sampling = "shuffle"
    loss: Loss = Loss()
    optimizer: Optimizer = Optimizer()
    schedule: Schedule = Schedule()
    average: float = Field(0.0, ge=0, lt=1)
    """Keep an exponential moving average of the weights with this decay per step, and evaluate that; 0: none."""
    patience: int | None = Field(None, ge=1)
    """Stop after so many epochs without a better validation accuracy."""
    plan: Plan = Plan()
    """auto (measured), reference (float32, contiguous, not compiled), or fields of its own."""
    threads: int | None = Field(None, ge=1)
    """Threads that read pictures; none: one a core. Results do not depend on it."""
    store: Literal["none", "auto"] | str = "auto"
    """Where decoded pictures are kept from epoch to epoch: none: only in memory, while there is room; auto: packed in
    the cache too, where that pays; or a folder to pack them in. With random crops it changes pixels a little."""
    checkpoint_seconds: float = Field(30.0, ge=0)
    """Longest time between checkpoints; one is written after every epoch in any case."""
    snapshots: tuple[int, ...] = ()
    """Epochs after which the recognizer is kept for good, in snapshots/epoch-N, as 1,2,5; 0: before the first step."""

    @field_validator("snapshots", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        """Take 5 and "1,2,5", as `--set` gives them, for lists, and none for an empty one."""
        if isinstance(value, str):
            return [part.strip() for part in value.split(",")]
        if value is None:
            return ()
        return [value] if isinstance(value, int) and not isinstance(value, bool) else value

    @field_validator("snapshots")
    @classmethod
    def _in_order(cls, epochs: tuple[int, ...]) -> tuple[int, ...]:
        if min(epochs, default=0) < 0:
            raise ValueError("epochs count from 1; 0 is before the first step")
        return tuple(sorted(set(epochs)))

    @model_validator(mode="after")
    def _agree(self) -> "Recipe":
        if max(self.snapshots, default=0) > self.epochs:
            never = ", ".join(str(epoch) for epoch in self.snapshots if epoch > self.epochs)
            raise ValueError(
                f"snapshots: the training ends after epoch {self.epochs} and never comes to {never}: leave that out, "
                "or train for more epochs"
            )
        if self.augment.mixes and self.loss.name in {"map", "perceptron"}:
            raise ValueError(
                f"loss.name = {self.loss.name!r} knows one right class, and augment.mixup and augment.cutmix mix two: "
                "set both to 0, or loss.name to cross_entropy or mse"
            )
        if self.preprocess.channels == 1 and self.augment.for_color:
            named = ", ".join(f"augment.{name}" for name in self.augment.for_color)
            raise ValueError(f"{named}: gray pictures have no color; set to 0, or preprocess.channels to 3")
        return self

    def to_toml(self, only: set[str] | None = None) -> str:
        """Return the recipe as TOML; fields without a value are left out and read back as none.

        Args:
            only: the fields that mean something to the model; None: all.
        """
        return tomli_w.dumps(_without_none(self.model_dump(mode="json", include=only)))

    @classmethod
    def from_values(cls, values: Mapping[str, Any], where: str = "recipe") -> "Recipe":
        """Return the recipe of nested `values`.

        Raises:
            RecipeError: a field is unknown or its value not allowed; every fault is named.
        """
        return validated(cls, values, where)

    @classmethod
    def read(cls, path: Path) -> "Recipe":
        """Read a recipe from a TOML file."""
        try:
            return cls.from_values(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
        except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise RecipeError(f"{path}: not a readable recipe ({error})") from None


def settings_to_values(settings: Sequence[str] | Mapping[str, Any]) -> dict[str, Any]:
    """Return nested values of `--set` texts such as `optimizer.lr=0.05`, or of names with values.

    The value of a text is read as TOML where it is TOML (a number, a list, true, false, a quoted text); `none` is
    no value; anything else is plain text.

    Raises:
        RecipeError: a text without `=`, or a field that no recipe has; the nearest names are offered.
    """
    values: dict[str, Any] = {}
    named = settings.items() if isinstance(settings, Mapping) else map(_read_setting, settings)
    for name, value in named:
        _check_field(name)
        *parents, last = name.split(".")
        inner = values
        for parent in parents:
            inner = inner.setdefault(parent, {})
            if not isinstance(inner, dict):
                raise RecipeError(
                    f"--set {name}: {parent} was set to {inner!r} as a whole before; set one or the other"
                )
        inner[last] = value
    return values


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with the nested values of `over` laid on top."""
    merged = dict(base)
    for name, value in over.items():
        inner = merged.get(name)
        nested = isinstance(value, Mapping) and isinstance(inner, Mapping)
        merged[name] = merge(inner, value) if nested else value  # type: ignore[arg-type]
    return merged


def field_names() -> list[str]:
    """Return every field of a recipe as `--set` names it; records that have words for the whole, as a whole too."""
    names = []
    for name, field in Recipe.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, Record):
            names += [name] if field.description else []
            names += [f"{name}.{part}" for part in inner.model_fields]
        else:
            names.append(name)
    return names


def _read_setting(setting: str) -> tuple[str, Any]:
    name, equals, text = setting.partition("=")
    if not equals or not name.strip():
        raise RecipeError(f"--set {setting}: write it as field=value, as in --set optimizer.lr=0.05")
    name, text = name.strip(), text.strip()
    _check_field(name)
    return name, text if text == "none" and _knows_none_as_a_word(name) else _value(text)


def _check_field(name: str) -> None:
    if name not in field_names() and not name.startswith("options."):
        raise UnknownName("recipe field", name, field_names())


def _knows_none_as_a_word(name: str) -> bool:
    """Say whether "none" is one of the words that a field allows, and not the lack of a value."""
    record: type[BaseModel] = Recipe
    *parents, last = name.split(".")
    for parent in parents:
        inner = record.model_fields[parent].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return False
        record = inner
    return "'none'" in repr(record.model_fields[last].annotation)


def _value(text: str) -> Any:
    if text == "none":
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_none(inner) for name, inner in value.items() if inner is not None}
    return value

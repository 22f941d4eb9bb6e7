"""A pipeline: scikit-learn's own, with our way to save it."""

from pathlib import Path
from typing import Any, Self

from sklearn import pipeline

from striate.core.errors import UnknownName


class Pipeline(pipeline.Pipeline):  # type: ignore[misc]
    """Steps from pictures to class scores: `features` first, `classifier` last."""

    def save(self, path: str | Path) -> None:
        """Write the pipeline, fitted or not, to the file `path`, without pickle; `striate.classic.load` reads it.

        Raises:
            DoesNotApply: a step is of a type that `load` would not trust.
        """
        from striate.classic.saving import write

        write(self, path)

    @classmethod
    def of(cls, *steps: tuple[str, Any]) -> Self:
        """Return the pipeline of these steps."""
        return cls(list(steps))


def with_options(made: Pipeline, seed: int, options: dict[str, Any]) -> Pipeline:
    """Return the pipeline with other parameters, or another classifier by its name; see `striate.classic.create`."""
    from striate.classic.classifiers import classifier

    options = dict(options)
    if isinstance(options.get("classifier"), str):
        made.set_params(classifier=classifier(options.pop("classifier"), seed=seed))
    known = made.get_params()
    for name in options:
        if name not in known:
            raise UnknownName("parameter", name, known)
    return made.set_params(**options)  # type: ignore[no-any-return]

"""The evolution of units while a network is trained: what each answers to most, epoch by epoch.

Figure 4 of Zeiler and Fergus, 2014: the top picture of a unit at each epoch, and the projection of the unit's value
there back to the pixels (`projections`). A sudden change of what is seen is mostly a change of the picture that
answers most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from striate.core.errors import DataError, DoesNotApply
from striate.data.store import Store
from striate.inside.layers import Layer
from striate.inside.projection import project
from striate.inside.tracing import kind_of
from striate.recognize.recognizer import read
from striate.train.run import Run
from striate.units.mining import study

Whole = NDArray[np.int64]


class Snapshots(Mapping[int, nn.Module]):
    """The network of a run at the epochs that it kept, read from the disk when asked for.

    Args:
        run: trained with `--set snapshots=...`.

    Raises:
        DataError: it kept none.
    """

    def __init__(self, run: Run) -> None:
        self._places = run.snapshots
        if not self._places:
            raise DataError(
                f"{run.path} kept no snapshots, so its history is lost: train again with "
                f"striate train --from {run.path} --set snapshots=0,1,2,5"
            )

    def __getitem__(self, epoch: int) -> nn.Module:
        return read(self._places[epoch]).network

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


@dataclass(frozen=True, eq=False)
class History:
    """What U units of a layer answered to most, at T epochs.

    Args:
        layer: its name, kind, shape and geometry.
        units: their numbers.
        epochs: 0 is before the first step.
        values: (T, U) the greatest activation; NaN where a unit nowhere exceeds its least one.
        rows: (T, U) the picture's row in the table; -1 where there is none.
        places: (T, U, 2) y, x among the units of the map.
    """

    layer: Layer
    units: tuple[int, ...]
    epochs: tuple[int, ...]
    values: NDArray[np.float32]
    rows: Whole
    places: Whole

    @property
    def jumps(self) -> NDArray[np.bool_]:
        """(T - 1, U) whether the picture that a unit answers to most is another than at the epoch before."""
        jumped: NDArray[np.bool_] = self.rows[1:] != self.rows[:-1]
        return jumped

    def box(self, moment: int, unit: int) -> tuple[int, int, int, int] | None:
        """Return what the `unit`-th of the units saw at the `moment`-th epoch: top, left, bottom, right.

        In pixels of the network's input. None where there is no such picture, or no place that can be stated.
        """
        if self.rows[moment, unit] < 0 or not self.layer.maps:
            return None
        y, x = (int(place) for place in self.places[moment, unit])
        return self.layer.placed.box(y, x)


def history(
    networks: Mapping[int, nn.Module],
    store: Store,
    layer: str,
    units: Sequence[int] | None = None,
    *,
    rows: Sequence[int] | Whole | None = None,
    quiet: bool = True,
) -> History:
    """Return what units answered to most at each epoch.

    Args:
        networks: the same network at some epochs, such as `Snapshots(run)`.
        store: reads the pictures and places them.
        layer: its name.
        units: their numbers; None: all.
        rows: of the table; by default all.
        quiet: show no progress.

    Raises:
        UnknownName: no such layer.
        DoesNotApply: the layer has no such units.
    """
    epochs = tuple(sorted(networks))
    studies = [study(networks[epoch], store, rows, layers=[layer], top=1, quiet=quiet).layers[0] for epoch in epochs]
    found = studies[0].layer
    wanted = list(range(found.shape[0]) if units is None else units)
    if not wanted or min(wanted) < 0 or max(wanted) >= found.shape[0]:
        raise DoesNotApply(f"{found.name} has the units 0 to {found.shape[0] - 1}, not all of {wanted}")
    values, tops, places = (
        np.stack([getattr(study, name)[wanted, 0] for study in studies])
        for name in ("top_values", "top_rows", "top_places")
    )
    return History(found, tuple(wanted), epochs, values, tops, places)


def projections(
    past: History, networks: Mapping[int, nn.Module], store: Store, *, rule: str = "deconvnet"
) -> NDArray[np.float32]:
    """Return what of its top picture each unit's activation was made of, at each epoch.

    Args:
        past: what `history` found.
        networks: the same as then.
        store: the same as then.
        rule: how the gradient passes ReLUs, a name of `inside.projection.RULES`.

    Returns:
        (T, U, C, H, W), signed, in units of the activation; NaN where a unit has no top picture.

    Raises:
        DoesNotApply: the network has other nonlinearities than ReLU, which the rule does not know.
    """
    shape = (store.preprocess.channels, *store.preprocess.size)
    found = np.full((*past.rows.shape, *shape), np.nan, np.float32)
    for moment, epoch in enumerate(past.epochs):
        known = np.flatnonzero(past.rows[moment] >= 0)
        if not len(known):
            continue
        network = networks[epoch]
        images, _ = store.read(past.rows[moment, known])  # all of them could be read when they were found
        pictures = store.preprocess.normalize(torch.from_numpy(images)).to(_device(network), kind_of(network))
        units = [past.units[place] for place in known]
        places = torch.from_numpy(past.places[moment, known])
        made = project(network, pictures, past.layer.name, units, places, rule)
        found[moment, known] = made.detach().float().cpu().numpy()
    return found


def _device(network: nn.Module) -> torch.device:
    return next((weight.device for weight in network.parameters()), torch.device("cpu"))

"""What a study depends on, as short texts that change when it would."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from itertools import chain
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from striate.data.table import Table

_METHOD = 1  # raise it whenever the same settings would give other numbers


def of_weights(network: nn.Module) -> str:
    """Return 32 hex digits that change with any module, parameter or buffer; not with device or memory format."""
    digest = blake2b(repr((type(network).__qualname__, network)).encode(), digest_size=16)
    for name, tensor in chain(network.named_parameters(), network.named_buffers()):
        digest.update(f"|{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        plain = tensor.detach().cpu().contiguous()
        digest.update(plain.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def of_data(table: Table, rows: NDArray[np.int64]) -> str:
    """Return 32 hex digits that change with any label, class name, picture or row number.

    Args:
        table: of `rows` alone, with the hashes of their pictures.
        rows: (N,) their numbers in the whole table.
    """
    digest = blake2b(table.fingerprint.encode(), digest_size=16)
    digest.update(np.ascontiguousarray(rows).data)
    return digest.hexdigest()


def of_settings(settings: Mapping[str, Any]) -> str:
    """Return 32 hex digits that change with any of `settings`, which JSON can hold, or with the method itself."""
    text = json.dumps([_METHOD, settings], sort_keys=True, ensure_ascii=False)
    return blake2b(text.encode(), digest_size=16).hexdigest()

"""Data as JSON can hold it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["as_json"]


def as_json(data: Any) -> Any:
    """Mappings, sequences, paths, NumPy scalars and arrays as plain data; non-finite is null."""
    if isinstance(data, float):
        return float(data) if math.isfinite(data) else None
    if data is None or isinstance(data, str | int | bool):
        return data
    if isinstance(data, Mapping):
        return {str(key): as_json(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [as_json(value) for value in data]
    if isinstance(data, Path):
        return str(data)
    return as_json(data.tolist())  # a scalar or an array of NumPy or JAX

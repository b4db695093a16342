"""Numbers as people read them."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aion_sci.research.verdicts import Finding

__all__ = ["effect_text", "entry_text", "interval_text", "significant"]


def significant(value: float, error: float = 0.0) -> str:
    """A value with the digits that its error bar leaves, such as ``2.2448 ± 0.0021``."""
    if math.isnan(value):
        return "—"
    if not error or math.isnan(error):
        return f"{value:.6g}"
    last_digit = Decimal(f"{error:.1e}").adjusted() - 1
    if -6 <= last_digit <= 0:
        return f"{value:.{-last_digit}f} ± {error:.{-last_digit}f}"
    return f"{value:.6g} ± {error:.2g}"


def interval_text(interval: tuple[float, float] | None) -> str:
    """An interval as ``0.2914 to 0.3061``; a dash where there is none."""
    return "—" if interval is None else f"{interval[0]:.4g} to {interval[1]:.4g}"


def effect_text(finding: Finding) -> str:
    """The effect and what it measures, such as ``exponent 0.3041``."""
    if finding.effect is None:
        return f"{finding.measure} not measured"
    return f"{finding.measure} {finding.effect:.4g}"


def entry_text(value: object) -> str:
    """An entry of an environment's description on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {entry}" for name, entry in value.items())
    if isinstance(value, list):
        return ", ".join(str(entry) for entry in value)
    return str(value)

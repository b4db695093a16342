"""Verdicts: a design and the records of its runs in, a finding out. By code alone."""

from aion_sci.research.verdicts.decide import decide, default_test
from aion_sci.research.verdicts.finding import Finding

__all__ = ["Finding", "decide", "default_test"]

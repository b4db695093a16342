"""The exam that the loop itself sits: known physics, and hypotheses with nothing in them."""

from aion_sci.research.exam.known import Graded, Item, grade, items
from aion_sci.research.exam.nulls import BEHAVIOURS, false_discoveries

__all__ = ["BEHAVIOURS", "Graded", "Item", "false_discoveries", "grade", "items"]

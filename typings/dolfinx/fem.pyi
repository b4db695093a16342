"""Its own annotations are too loose to check against: everything in it is Any."""

from typing import Any

def __getattr__(name: str) -> Any: ...

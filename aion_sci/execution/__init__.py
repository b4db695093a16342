"""Where runs happen."""

from aion_sci.execution.choose import open_executor
from aion_sci.execution.dask import DaskExecutor
from aion_sci.execution.local import LocalExecutor
from aion_sci.execution.signals import stop_on_signal

__all__ = ["DaskExecutor", "LocalExecutor", "open_executor", "stop_on_signal"]

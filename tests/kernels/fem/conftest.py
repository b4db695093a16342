"""DOLFINx is loaded as the product loads it, before a test imports it by itself."""

import aion_kernels.fem  # noqa: F401

"""The conditions that every test runs under.

* Numbers: float64 on, no silent rank promotion, no silent dtype promotion. A kernel that passes
  here never widens a user's float32 by accident.
* Types: the shapes written on the kernels are checked at each call (jaxtyping with beartype).
* Warnings are errors; each exception has its reason in pyproject.toml.
* Isolation: no setting of the developer's own reaches a test, each test has a store of its own,
  and nothing but loopback can be reached over the network.
* Speed: compiled programs and native kernels are cached in `.pytest_cache/aion`, which outlives
  the run.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import jax
import pytest
from jaxtyping import install_import_hook

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".pytest_cache" / "aion"

for _name in [name for name in os.environ if name.startswith("AION_")]:
    del os.environ[_name]
os.environ.pop("COLUMNS", None)  # pytest-xdist tells its workers a width; tables would follow it
os.environ["AION_CACHE"] = str(CACHE)
os.environ["MPLBACKEND"] = "Agg"
os.environ["XDG_CONFIG_HOME"] = str(CACHE / "no-config")

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_compilation_cache_dir", str(CACHE / "xla"))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)

install_import_hook("aion_kernels", "beartype.beartype")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the source tree."""
    return ROOT


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a store of its own, a test would write to `./aion-store` of the source tree."""
    monkeypatch.setenv("AION_STORE", str(tmp_path / "store"))


@pytest.fixture(autouse=True, scope="session")
def only_loopback() -> Iterator[None]:
    """Refuse every TCP connection that leaves this machine.

    Datagram sockets may "connect" anywhere: that sends nothing, and it is how Dask finds the
    address of its own interface.
    """
    patch = pytest.MonkeyPatch()
    for method in ("connect", "connect_ex"):
        patch.setattr(socket.socket, method, _guarded(getattr(socket.socket, method)))
    yield
    patch.undo()


def _guarded(connect):
    def connect_if_local(self: socket.socket, address):
        internet = self.family in (socket.AF_INET, socket.AF_INET6)
        if internet and self.type == socket.SOCK_STREAM and not _is_loopback(address[0]):
            pytest.fail(f"a test tried to reach {address[0]}; only loopback is allowed")
        return connect(self, address)

    return connect_if_local


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

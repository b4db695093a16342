"""One mechanism for every hot loop in C++: a function of arrays with two implementations.

A native kernel is a C++ handler of the XLA FFI and its *twin*, a JAX function of the same arrays.
The twin defines the kernel: its shapes and types of result, its derivatives, what the native code
is tested against. Which of the two runs is decided when a program is lowered: on a CPU the native
code, when this machine can compile it and ``AION_NATIVE`` is not 0; on any other platform the twin.
The choice is never silent: :func:`status` gives it, with its reason, for each kernel.

Derivatives come from the twin, recomputed from the kernel's inputs in the backward pass, in forward
and reverse mode and to any order. A kernel that brings its own ``vjp`` is differentiated by that,
in reverse mode only (JAX allows one rule a function).
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib
import os
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, PyTree

from aion_kernels.core.native.build import BuildFailedError, NoCompilerError, load_library

__all__ = [
    "KernelStatus",
    "NativeBuildWarning",
    "NativeKernel",
    "discover",
    "kernel",
    "status",
]

type Attribute = bool | int | float | str
type Attributes = tuple[tuple[str, Attribute], ...]


class NativeBuildWarning(UserWarning):
    """A native kernel could not be built on a machine that has a compiler; its twin runs."""


@dataclass(frozen=True)
class KernelStatus:
    """Which implementation of a kernel runs on this machine's CPU, and why."""

    name: str
    path: str
    """``native`` or ``twin``."""
    reason: str


@dataclass(frozen=True)
class _Library:
    """What became of the attempt to build and register a kernel."""

    target: str | None
    """The name under which XLA finds the handler, or None when there is none."""
    reason: str
    handle: ctypes.CDLL | None = None
    """Keeps the library in memory for as long as XLA may call it."""


class NativeKernel:
    """A function of arrays that runs compiled C++ on a CPU; make one with :func:`kernel`.

    Call it with arrays and, by keyword, attributes: numbers or texts that are fixed when a program
    is compiled. It works under ``jit``, ``vmap`` and ``grad``, in float32 and float64.
    """

    def __init__(
        self,
        name: str,
        source: Path,
        twin: Callable[..., PyTree],
        vjp: Callable[..., tuple[Array | None, ...]] | None = None,
    ) -> None:
        self.name = name
        self.source = source
        self.twin = twin
        self.vjp = vjp
        self._built: _Library | None = None

    def __call__(self, *args: Array, **attributes: Attribute) -> PyTree:
        arrays = tuple(jnp.asarray(arg) for arg in args)
        target = self._library().target if _native_types(arrays) else None
        return _function(self, target, tuple(sorted(attributes.items())))(*arrays)

    def __repr__(self) -> str:
        return f"NativeKernel({self.name!r})"

    @property
    def status(self) -> KernelStatus:
        """Which implementation runs here; builds the library if that was not tried before."""
        library = self._library()
        path = "twin" if library.target is None else "native"
        return KernelStatus(self.name, path, library.reason)

    def _library(self) -> _Library:
        if os.environ.get("AION_NATIVE") == "0":
            return _Library(None, "AION_NATIVE is 0")
        with _BUILDING:
            if self._built is None:
                self._built = self._build()
            return self._built

    def _build(self) -> _Library:
        try:
            library, path = load_library(self.source)
            handler = getattr(library, self.name)
        except NoCompilerError as error:
            return _Library(None, f"no C++ compiler: {error}")
        except (BuildFailedError, AttributeError) as error:
            warnings.warn(
                f"the native kernel '{self.name}' is not used, its XLA twin runs instead: {error}",
                NativeBuildWarning,
                stacklevel=2,
            )
            return _Library(None, f"the build failed: {error}")
        # The name carries the library's hash: a program from the compile cache can then only ever
        # find the code that it was compiled with.
        target = f"aion.{self.name}.{hashlib.sha256(path.name.encode()).hexdigest()[:16]}"
        jax.ffi.register_ffi_target(target, jax.ffi.pycapsule(handler), platform="cpu")
        return _Library(target, f"compiled library {path}", library)


def kernel(
    name: str,
    *,
    source: Path,
    twin: Callable[..., PyTree],
    vjp: Callable[..., tuple[Array | None, ...]] | None = None,
) -> NativeKernel:
    """Declare a native kernel: a function of arrays with a C++ and an XLA implementation.

    ``name`` is the symbol that ``source`` defines with ``XLA_FFI_DEFINE_HANDLER_SYMBOL`` and
    includes ``native.h`` for. The source lies beside the Python file that declares the kernel and
    has the same stem, so that :func:`discover` finds it; nothing is compiled before the first call.

    The handler gets the arrays in order, each with the same number of leading batch dimensions
    (none without ``vmap``), of the batch's size or 1, and attributes by name: int64, double, bool
    or text. ``twin(*arrays, **attributes)`` is the same function of one member in JAX. Arguments
    that are not all float32, or all float64, beside any integers, run the twin.

    ``vjp(args, cotangent, **attributes)`` returns one cotangent for each argument (None for an
    integer one); without it derivatives are the twin's.
    """
    declared = NativeKernel(name, source, twin, vjp)
    _REGISTRY[name] = declared
    return declared


def discover() -> None:
    """Import every module of the package that lies beside a C++ source and so declares kernels."""
    root = Path(__file__).parents[2]
    for source in sorted(root.rglob("*.cpp")):
        if source.with_suffix(".py").exists():
            parts = source.relative_to(root.parent).with_suffix("").parts
            importlib.import_module(".".join(parts))


def status() -> list[KernelStatus]:
    """For each kernel declared so far, which implementation runs here and why, by name.

    It builds what was not built before, so that the answer is a fact and not a guess.
    """
    return [_REGISTRY[name].status for name in sorted(_REGISTRY)]


_REGISTRY: dict[str, NativeKernel] = {}
_BUILDING = threading.Lock()


@functools.lru_cache(maxsize=256)
def _function(
    declared: NativeKernel, target: str | None, attributes: Attributes
) -> Callable[..., PyTree]:
    """The differentiable function for one choice of implementation and attributes."""
    twin = functools.partial(declared.twin, **dict(attributes))

    @jax.jit
    def evaluate(*args: Array) -> PyTree:
        with jax.named_scope(declared.name):
            if target is None:
                return twin(*args)
            native = _foreign_call(target, twin, attributes)
            return lax.platform_dependent(*args, cpu=native, default=twin)

    if declared.vjp is None:
        return _differentiated_by_twin(evaluate, twin)
    return _differentiated_by_rule(evaluate, functools.partial(declared.vjp, **dict(attributes)))


def _native_types(args: tuple[Array, ...]) -> bool:
    real = {arg.dtype for arg in args if jnp.issubdtype(arg.dtype, jnp.inexact)}
    return len(real) == 1 and real <= {np.dtype(np.float32), np.dtype(np.float64)}


def _foreign_call(
    target: str, twin: Callable[..., PyTree], attributes: Attributes
) -> Callable[..., PyTree]:
    """The XLA FFI call whose results have the shapes and types of the twin's."""
    passed = {name: _as_attribute(value) for name, value in attributes}

    def call(*args: Array) -> PyTree:
        results, structure = jax.tree.flatten(jax.eval_shape(twin, *args))
        # expand_dims gives a shared array a leading 1 and no copy; native.h strides over it.
        foreign = jax.ffi.ffi_call(target, results, vmap_method="expand_dims")
        return jax.tree.unflatten(structure, foreign(*args, **passed))

    return call


def _as_attribute(value: Attribute) -> Any:
    if isinstance(value, bool | str):
        return value
    return np.int64(value) if isinstance(value, int) else np.float64(value)


def _differentiated_by_twin(
    evaluate: Callable[..., PyTree], twin: Callable[..., PyTree]
) -> Callable[..., PyTree]:
    # Checkpointed, so that a reverse pass keeps the kernel's inputs only. Common subexpressions may
    # be merged: the forward pass runs the native code and leaves none to merge with.
    again = jax.checkpoint(twin, prevent_cse=False)

    @jax.custom_jvp
    def function(*args: Array) -> PyTree:
        return evaluate(*args)

    @function.defjvp
    def tangent(primals: tuple[Array, ...], tangents: tuple[Any, ...]) -> tuple[PyTree, PyTree]:
        # The value comes from `function` itself, so that it can be differentiated once more.
        return function(*primals), jax.jvp(again, primals, tangents)[1]

    return function


def _differentiated_by_rule(
    evaluate: Callable[..., PyTree], vjp: Callable[..., tuple[Array | None, ...]]
) -> Callable[..., PyTree]:
    @jax.custom_vjp
    def function(*args: Array) -> PyTree:
        return evaluate(*args)

    def forward(*args: Array) -> tuple[PyTree, tuple[Array, ...]]:
        return function(*args), args

    function.defvjp(forward, vjp)
    return function

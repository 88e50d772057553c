"""One thread for linear algebra: the matrices are small, and BLAS threads that wait spin on a local model's cores."""

from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

__all__ = ["single_threaded"]


@cache
def _controller() -> Any:
    return import_module("threadpoolctl").ThreadpoolController() if find_spec("threadpoolctl") else None


def single_threaded() -> AbstractContextManager[object]:
    """Return a context in which BLAS uses one thread, so sums come out the same however many cores there are.

    Does nothing where threadpoolctl is not installed; `OPENBLAS_NUM_THREADS=1` in the environment does the same.
    """
    controller = _controller()
    return nullcontext() if controller is None else controller.limit(limits=1, user_api="blas")

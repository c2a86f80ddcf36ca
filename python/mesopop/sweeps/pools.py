"""Executors for a sweep: our own process pool, this process, or what the user hands in."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Maker = Callable[[], Executor]


class Pool:
    """An executor, made anew when the death of a worker has broken it.

    Parameters
    ----------
    executor : Executor or callable
        One that belongs to somebody else, or a function that makes one, which is then ours.
    probe : callable
        Called in a worker before anything else is.

    Raises
    ------
    RuntimeError
        If a worker cannot be started, or not understand the probe.
    """

    def __init__(self, executor: Executor | Maker, probe: Callable[[], None]) -> None:
        self._maker = None if isinstance(executor, Executor) else executor
        self._probe = probe
        self.executor: Executor = executor if isinstance(executor, Executor) else executor()
        self._check()

    @property
    def renewable(self) -> bool:
        """Whether a broken executor can be replaced."""
        return self._maker is not None

    def renew(self) -> None:
        """Replace a broken executor."""
        assert self._maker is not None
        self.executor.shutdown(wait=False)
        self.executor = self._maker()
        self._check()

    def _check(self) -> None:
        try:
            self.executor.submit(self._probe).result()
        except BrokenExecutor as error:
            self.abandon([])
            raise RuntimeError(
                "the worker processes do not start. They import the main script anew: what it does "
                'must be under `if __name__ == "__main__":`, and it must be a file, not standard '
                "input. And a summary function defined in a notebook or at the prompt must be moved "
                "to a module that they can import."
            ) from error
        except Exception as error:
            self.abandon([])
            raise RuntimeError(
                "the workers cannot be sent what they are to do (a summary function must be "
                f"one that can be pickled, at the top level of a module): {error}"
            ) from error

    def close(self) -> None:
        """Shut down the executor if it is ours; nothing is under way."""
        if self._maker is not None:
            self.executor.shutdown()

    def abandon(self, pending: list[Future[Any]]) -> None:
        """Stop at once, whatever is under way."""
        for future in pending:
            future.cancel()
        if self._maker is None:
            return
        # As ProcessPoolExecutor.terminate_workers of Python 3.14 does.
        for process in list((getattr(self.executor, "_processes", None) or {}).values()):
            process.terminate()
        self.executor.shutdown()


class ThisProcess(Executor):
    """Runs every task when it is submitted."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run a task; the future that is returned is done."""
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def spawned_processes(workers: int) -> ProcessPoolExecutor:
    """A pool of processes that start afresh: a forked one would hang in OpenMP."""
    return ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker
    )


def _start_worker() -> None:
    from tqdm import tqdm

    # Ctrl-C is for the parent, which stops the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Its default is a lock of all processes, which those that are stopped leave behind.
    tqdm.set_lock(threading.RLock())
    # A parent that is killed leaves the queue open, and workers would wait for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)

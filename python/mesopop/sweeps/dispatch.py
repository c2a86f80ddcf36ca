"""Hand runs to an executor, a bounded number at a time, and survive the death of workers."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait

from mesopop.sweeps.log import Key
from mesopop.sweeps.pools import Pool
from mesopop.sweeps.run import Outcome

Submit = Callable[[Key], "Future[Outcome]"]


class Dispatcher:
    """Runs that are to be done, under way, and to be done again.

    A run whose worker died is done again, up to `retries` times. If the executor was broken by it,
    nobody knows which of the runs under way is to blame: the last time each of them goes alone, so
    that none is blamed for another.

    Parameters
    ----------
    pool : Pool
    submit : callable
        Submits a run to the executor of the pool.
    finished : callable
        Told the outcomes of runs, in batches, as they finish.
    in_flight : int
        Most runs submitted at once.
    retries : int
    """

    def __init__(
        self,
        pool: Pool,
        submit: Submit,
        finished: Callable[[dict[Key, Outcome]], None],
        *,
        in_flight: int,
        retries: int,
    ) -> None:
        self._pool, self._submit, self._finished = pool, submit, finished
        self._in_flight, self._retries = in_flight, retries
        self._pending: dict[Future[Outcome], Key] = {}
        self._again: deque[Key] = deque()
        self._deaths: Counter[Key] = Counter()
        self._suspects: set[Key] = set()

    def run(self, keys: Iterable[Key]) -> None:
        """Do all runs.

        Raises
        ------
        RuntimeError
            If the executor is broken and cannot be replaced.
        """
        fresh = iter(keys)
        try:
            while True:
                broken = not self._fill(fresh)
                if not self._pending and not broken:
                    return
                broken |= self._collect(all_of_them=broken)
                if broken:
                    # Everything that was under way fails with it.
                    self._collect(all_of_them=True)
                    self._renew()
        except BaseException:
            self._pool.abandon(list(self._pending))
            raise

    def _fill(self, fresh: Iterator[Key]) -> bool:
        # Submit what there is room for; False if the executor turns out to be broken.
        while len(self._pending) < self._in_flight:
            key = self._again.popleft() if self._again else next(fresh, None)
            if key is None:
                return True
            alone = key in self._suspects and self._deaths[key] == self._retries
            if alone and self._pending:
                self._again.appendleft(key)
                return True
            try:
                self._pending[self._submit(key)] = key
            except BrokenExecutor:
                self._again.appendleft(key)
                return False
            if alone:
                return True
        return True

    def _collect(self, *, all_of_them: bool) -> bool:
        # Wait for one run, or all of them; True if one of them broke the executor.
        if not self._pending:
            return False
        done = set(self._pending) if all_of_them else set()
        if not all_of_them:
            done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
        outcomes: dict[Key, Outcome] = {}
        broken = False
        for future in done:
            key = self._pending.pop(future)
            try:
                outcomes[key] = future.result()
            # A run returns its own errors: this is one of the executor.
            except Exception as error:
                broken |= isinstance(error, BrokenExecutor)
                outcome = self._died(key, error)
                if outcome is not None:
                    outcomes[key] = outcome
        self._finished(outcomes)
        return broken

    def _died(self, key: Key, error: Exception) -> Outcome | None:
        self._deaths[key] += 1
        if isinstance(error, BrokenExecutor):
            self._suspects.add(key)
        if self._deaths[key] <= self._retries:
            self._again.append(key)
            return None
        text = f"{type(error).__name__}: {error}".strip().rstrip(":")
        return Outcome(error=f"worker died {self._deaths[key]} times: {text}", died=True)

    def _renew(self) -> None:
        if not self._pool.renewable:
            raise RuntimeError(
                "the death of a worker has broken the executor; hand in a function that makes one, "
                "so that it can be replaced"
            )
        self._pool.renew()

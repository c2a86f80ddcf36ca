"""Simulate a network piece by piece."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from mesopop.archive import write_archive
from mesopop.changes import Change
from mesopop.course import Course
from mesopop.initial import InitialState
from mesopop.network import Network
from mesopop.neuron_recording import Neurons
from mesopop.progress import progress_bar
from mesopop.recording import (
    DEFAULT_RECORD,
    DEFAULT_RECORD_LIMIT,
    bins_in,
)
from mesopop.result import Result
from mesopop.settings import EngineSettings, choose_engine
from mesopop.simulation_file import contents, restored
from mesopop.validation import steps


class Simulation:
    """A network with its state, to be run piece by piece.

    Parameters
    ----------
    network : Network
        What to simulate.
    dt : float
        Time step, ms. At most half of every tau_m, and at most every nonzero t_ref and delay, of
        which it must be a fraction.
    level : {"micro", "meso"}
        Neuron by neuron, or mesoscopic population equations.
    method : {"auto", "neurons", "cohorts"} or dict of str by population, optional
        Of the microscopic level. "cohorts" simulates neurons together that differ in nothing but
        u and x, at a cost that depends on the number of spikes, hardly on that of neurons; the law
        is the same. It needs all-to-all connections and neurons without adaptation. "auto" (the
        default) takes it where it is possible for populations of 5000 neurons or more (Poisson and
        LNP: 1000), where it costs less.
    closure : {"renewal", "second_order", "first_order"}, optional
        Of the mesoscopic level. "renewal" (the default) keeps what neurons of equal age hold;
        for Poisson and LNP neurons it is "second_order". The default for Gaussian noise is
        "second_order".
    noise : {"binomial", "gaussian", "none"}, optional
        Of the mesoscopic level: finite-size noise, its diffusion approximation, or the macroscopic
        limit of infinitely many neurons.
    bin_tolerance : float, optional
        Of the mesoscopic level: neurons whose potentials, and with adaptation also thresholds and
        currents, differ by less than this, in units of delta_u, share an age bin; 0 keeps one bin
        per time step.
    cohort_tolerance : float, optional
        Of LIF cohorts: neurons whose potentials differ by less than this, in units of delta_u, are
        simulated with their mean; 0 (the default) tells all potentials apart.
    initial : {"stationary", "rest", "synchronous"} or InitialState
        State at t = 0. "synchronous": every neuron fires at t = 0, those of given spike trains
        too, and its synapses release. "stationary" (the default) is computed for each drive of a
        PerNeuron, which takes long for many neurons that adapt: "rest" takes no time.
    history : float, optional
        Mesoscopic level with bin_tolerance=0: age in ms from which neurons are no longer told
        apart; by default, and at least, t_ref and the time after which a spike is forgotten by
        potential and adaptation: 5 time constants, or more with a sharp threshold. (With merging,
        bins live as long as their potentials differ.)
    seed : int or numpy.random.SeedSequence, optional
        None draws entropy, which is kept in the result.
    trials : int
        Independent repetitions. Trial i is the same whatever their number. Each draws its own
        random connections, which stay in memory: 2 bytes per connection and trial. Those given by
        ExplicitConnections take 28 bytes each in the description of the network and 10 in the
        simulation, once for all trials unless their delays are drawn.
    n_threads : int, optional
        Threads over trials; by default all available processors. If there are fewer trials, at the
        microscopic level threads share the neurons of networks with a population of 32768 or more.
        They meet several times in every step: where other programs keep the processors busy, take
        1, or set OMP_WAIT_POLICY=passive in the environment before Python starts, without which
        those that wait for each other use up the time that they are given. Results do not depend on it.

    Raises
    ------
    ValueError
        If an argument is out of bounds or does not fit the network, or single neurons and their
        connections need more memory than this process may use.

    Examples
    --------
    >>> import mesopop as mp
    >>> network = mp.presets.load("lnp-up-down")
    >>> simulation = mp.Simulation(network, dt=0.1, level="meso", seed=1, trials=4)
    >>> transient = simulation.run(1000, record=())
    >>> simulation.run(2000, record_dt=10).rate["E"].shape
    (4, 200)
    >>> simulation.time
    3000.0
    """

    def __init__(
        self,
        network: Network,
        *,
        dt: float,
        level: str = "micro",
        method: str | Mapping[str, str] | None = None,
        closure: str | None = None,
        noise: str | None = None,
        bin_tolerance: float | None = None,
        cohort_tolerance: float | None = None,
        initial: str | InitialState = "stationary",
        history: float | None = None,
        seed: int | np.random.SeedSequence | None = None,
        trials: int = 1,
        n_threads: int | None = None,
    ) -> None:
        if not isinstance(network, Network):
            raise TypeError(f"network must be a Network, got {network!r}")
        settings = choose_engine(
            network,
            level=level,
            method=method,
            closure=closure,
            noise=noise,
            bin_tolerance=bin_tolerance,
            cohort_tolerance=cohort_tolerance,
        )
        # For the package itself.
        self.course = Course(
            network,
            settings,
            dt=dt,
            initial=initial,
            history=history,
            seed=seed,
            trials=trials,
            n_threads=n_threads,
        )

    @property
    def network(self) -> Network:
        """What is simulated."""
        return self.course.network

    @property
    def dt(self) -> float:
        """Time step, ms."""
        return self.course.dt

    @property
    def time(self) -> float:
        """Biological time reached, ms."""
        return self.course.time

    @property
    def settings(self) -> EngineSettings:
        """Level, method, closure, noise and tolerances, as chosen."""
        return self.course.settings

    @property
    def history(self) -> float | None:
        """As given, ms."""
        return self.course.history

    @property
    def trials(self) -> int:
        """Independent repetitions."""
        return self.course.engines.trials

    @property
    def n_threads(self) -> int:
        """Threads at most."""
        return self.course.engines.n_threads

    @property
    def seed_sequence(self) -> np.random.SeedSequence:
        """What all random numbers come from."""
        return self.course.engines.seed_sequence

    @property
    def changes(self) -> tuple[Change, ...]:
        """Parameters that `change` has changed so far."""
        return self.course.changes

    # --- Running ---------------------------------------------------------------------------------

    def run(
        self,
        duration: float,
        *,
        record: Sequence[str | Neurons] = DEFAULT_RECORD,
        record_dt: float | None = None,
        record_limit: float = DEFAULT_RECORD_LIMIT,
        progress: bool = False,
    ) -> Result:
        """Simulate the next `duration` ms. Pieces join to the bits of one long run.

        Parameters
        ----------
        duration : float
            ms, a multiple of the recording bin.
        record : sequence of str or Neurons
            Any of "rate", "release", "u", "x", "potential" and, at the microscopic level, "spikes"
            and `Neurons`, which choose neurons whose own variables are recorded.
        record_dt : float, optional
            Width of the recording bins, ms, a multiple of dt; default dt.
        record_limit : float
            GB that the recording may take, > 0. What `recording_memory` tells is compared with it
            before anything runs; spikes, 16 bytes each, share what is left between the trials.
        progress : bool
            Show a progress bar on standard error, if that is a terminal.

        Returns
        -------
        Result
            Of this piece; its `t` goes on from the last one. If interrupted (Ctrl-C) it holds the
            complete bins and is marked incomplete.

        Raises
        ------
        ValueError
            If a time is not a multiple, a quantity unknown or not available, a sampled drive too
            short, or the recording larger than `record_limit`.
        FloatingPointError
            If a state becomes non-finite; names step, population and variable, and carries what was
            recorded as the attribute ``result``.
        MemoryError
            If there are more spikes than `record_limit` has room for; what was recorded until then
            is its attribute ``result``.
        RuntimeError
            If that has happened before, or the simulation is running in another thread.

        Examples
        --------
        >>> import mesopop as mp
        >>> network = mp.presets.load("lnp-up-down")
        >>> simulation = mp.Simulation(network, dt=0.1, level="meso", seed=1)
        >>> first = simulation.run(1000, record_dt=0.5)
        >>> whole = mp.simulate(network, 1500, dt=0.1, level="meso", seed=1, record_dt=0.5)
        >>> bool((whole.rate["E"][:2000] == first.rate["E"]).all())
        True
        """
        piece = self.course.piece(duration, record, record_dt, record_limit)
        with progress_bar(self.course.label, piece.duration, progress) as bar:
            return self.course.advance(piece, bar)

    def run_until(self, time: float, **options: Any) -> Result:
        """Simulate until the biological time `time`; otherwise as `run`.

        Parameters
        ----------
        time : float
            ms, later than the time reached by a multiple of the recording bin.
        **options
            As in `run`.

        Raises
        ------
        ValueError
            If `time` is not later than the time reached; otherwise as `run`.

        Examples
        --------
        >>> import mesopop as mp
        >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
        >>> before = simulation.run(1000)
        >>> simulation.run_until(1500).duration
        500.0
        """
        left = steps("time", time, self.dt) - self.course.engines.step
        if left <= 0:
            raise ValueError(f"time must be > {self.time:g} ms, the time reached, got {time!r} ms")
        return self.run(left * self.dt, **options)

    def blocks(
        self,
        duration: float,
        *,
        block: float,
        record: Sequence[str | Neurons] = DEFAULT_RECORD,
        record_dt: float | None = None,
        record_limit: float = DEFAULT_RECORD_LIMIT,
        progress: bool = False,
    ) -> Iterator[Result]:
        """Simulate the next `duration` ms and hand out the results block by block.

        Parameters
        ----------
        duration : float
            ms, a multiple of the recording bin.
        block : float
            Biological time of each result, ms, a multiple of the recording bin; the last one may be
            shorter.
        record, record_dt, record_limit, progress
            As in `run`; the limit is that of each block.

        Yields
        ------
        Result
            As `run` returns them. After an interruption (Ctrl-C) within a block it is incomplete,
            and the last.

        Examples
        --------
        >>> import mesopop as mp
        >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
        >>> [bool(part.rate["E"].mean() > 20) for part in simulation.blocks(5000, block=1000)]
        [False, False, False, True, True]
        """
        whole = self.course.piece(duration, record, record_dt, record_limit)
        most = bins_in("block", block, whole.steps_per_bin, self.dt)
        first = attrs.evolve(whole, bins=min(most, whole.bins))
        self.course.engines.recording(first).require_room(whole.record_limit)
        return self.course.advance_by_blocks(whole, most, progress)

    def recording_memory(
        self,
        duration: float,
        *,
        record: Sequence[str | Neurons] = DEFAULT_RECORD,
        record_dt: float | None = None,
    ) -> int:
        """Bytes of the arrays that `run` would record; spikes, 16 bytes each, come on top.

        Parameters
        ----------
        duration, record, record_dt
            As for `run`.

        Raises
        ------
        ValueError
            As `run`.
        """
        return self.course.engines.recording(self.course.asked(duration, record, record_dt)).memory

    # --- State -----------------------------------------------------------------------------------

    def state(self, trial: int = 0) -> dict[str, Any]:
        """Complete state of one trial as a dictionary of arrays, copied.

        Examples
        --------
        >>> import mesopop as mp
        >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
        >>> transient = simulation.run(1000, record=())
        >>> after_a_second = simulation.state()
        >>> once = simulation.run(500)
        >>> simulation.set_state(after_a_second)
        >>> again = simulation.run(500)
        >>> bool((once.rate["E"] == again.rate["E"]).all())
        True
        """
        return self.course.engines.state(trial)

    def set_state(self, state: dict[str, Any], trial: int = 0) -> None:
        """Replace the state of one trial by what `state` returned, for the same network.

        Connections are not part of it: they are those that the seed of this simulation has drawn
        for the trial.

        Raises
        ------
        ValueError
            If the fields do not match; the state is then unchanged.

        Examples
        --------
        What one trial was in, another goes on from, with random numbers of its own:

        >>> import mesopop as mp
        >>> network = mp.presets.load("lnp-up-down")
        >>> simulation = mp.Simulation(network, dt=0.1, level="meso", seed=1, trials=2)
        >>> transient = simulation.run(1000, record=())
        >>> simulation.set_state(simulation.state(trial=0), trial=1)
        >>> first, second = simulation.run(5000).x["E->E"]
        >>> print(f"{abs(first - second)[0]:.4f} {abs(first - second).max():.2f}")
        0.0000 0.64
        """
        self.course.engines.set_state(state, trial)

    def change(self, network: Network) -> None:
        """Go on with other drives, rates of Poisson neurons, weights or probabilities.

        The state stays what it is: spikes already under way arrive with the weights that they were
        sent with, and times of signals count from t = 0 as before. Results name the changes.
        Probabilities can change at the mesoscopic level alone: neuron by neuron, connections stay
        those that were drawn.

        Parameters
        ----------
        network : Network
            As `network`, but for these parameters.

        Raises
        ------
        ValueError
            If anything else differs (it is named), or a new parameter does not suit the level or
            the time step. Nothing is changed then.

        Examples
        --------
        >>> import attrs
        >>> import mesopop as mp
        >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
        >>> before = simulation.run(1000)
        >>> network = simulation.network
        >>> stimulated = attrs.evolve(network.population("E"), drive=2.0)
        >>> simulation.change(attrs.evolve(network, populations=[stimulated]))
        >>> print(*simulation.run(1000).changes)
        1000 ms: E.drive -3.5 -> 2.0
        """
        self.course.change(network)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Save the simulation, its complete state included, to go on with `load`.

        Parameters
        ----------
        path : path
            Replaced if it exists, and only once the new file is complete on the disk.

        Raises
        ------
        OSError
            If it cannot be written; what was there is unchanged.
        RuntimeError
            If the simulation has stopped because its state became non-finite.
        """
        write_archive(Path(path), *contents(self))

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, n_threads: int | None = None) -> Simulation:
        """Read what `save` wrote, or a checkpoint of `run_long`, to go on from there.

        What follows are the bits of a simulation that was never interrupted. Files of earlier
        versions are read.

        Parameters
        ----------
        path : path
        n_threads : int, optional
            As in `Simulation`; it need not be what it was.

        Raises
        ------
        OSError
            If there is no such file.
        ValueError
            If the file is damaged, truncated, something else, or written by a newer version in a
            format that this one does not know.

        Examples
        --------
        >>> import tempfile
        >>> import mesopop as mp
        >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
        >>> first = simulation.run(1000)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     simulation.save(f"{folder}/after-one-second")
        ...     copy = mp.Simulation.load(f"{folder}/after-one-second")
        >>> bool((copy.run(1000).rate["E"] == simulation.run(1000).rate["E"]).all())
        True
        """
        from mesopop.checkpoint_file import read_checkpoint

        return restored(Path(path), *read_checkpoint(Path(path)), n_threads=n_threads)

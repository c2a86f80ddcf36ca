"""Dwell times of Up and Down states."""

from __future__ import annotations

from attrs import define

from mesopop.analysis.up_down import UpDownStates, measured_states
from mesopop.reducers.crossings import Crossings


@define(eq=False)
class DwellTimes(Crossings):
    """Up and Down states by two thresholds. Its `result` is an `analysis.UpDownStates`.

    Equal to what `analysis.up_down_states` finds in the whole series, except that the state of
    every bin is not kept. Switches beyond a megabyte, and in a run with checkpoints all of them,
    are on the disk, with 13 bytes each.

    Parameters
    ----------
    quantity, label : str
        The series, e.g. ``"rate", "E"``.
    low, high : float
        Thresholds, in the units of the series; low < high.
    smooth : float
        Time constant of causal exponential smoothing (ms); 0: none.

    Raises
    ------
    ValueError, TypeError
        If the quantity is unknown, low >= high, or smooth < 0 ms.

    Examples
    --------
    >>> import mesopop as mp
    >>> simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.1, level="meso", seed=1)
    >>> dwell = mp.reducers.DwellTimes("potential", "E", low=8, high=25, smooth=0)
    >>> run = mp.run_long(simulation, 60_000, reduce={"dwell": dwell}, record_dt=0.5)
    >>> print(run.reduced["dwell"].mean_up_time)
    2.9 ± 1.4 s
    """

    @property
    def result(self) -> UpDownStates:
        """The states so far."""
        return measured_states(self.segmentation(), self.extremes())

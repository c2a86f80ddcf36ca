"""What to make of a recording while it is computed, so that it need not be kept.

A reducer is handed the results of one simulation block by block (`update`), holds what it needs of
them, and tells what it has found so far (`result`). How the recording is divided into blocks does not
matter, not even to the last bit. Its `state` is a dictionary of arrays, for checkpoints.

The series that a reducer looks at is named as in a `Result`: ``"rate", "E"`` is ``result.rate["E"]``.
With several trials results have a leading axis for them, or pool them as `mesopop.analysis` does.
"""

from mesopop.reducers.dwell_times import DwellTimes
from mesopop.reducers.event_list import EventList
from mesopop.reducers.histogram import Counts, Histogram
from mesopop.reducers.moments import Moments, MomentsFound
from mesopop.reducers.population_spikes import PopulationSpikes
from mesopop.reducers.reducer import Reducer
from mesopop.reducers.spectrum import SpectralDensity, Spectrum

_KINDS: dict[str, type[Reducer]] = {
    cls.__name__: cls for cls in (DwellTimes, Histogram, Moments, PopulationSpikes, Spectrum)
}

__all__ = [
    "Counts",
    "DwellTimes",
    "EventList",
    "Histogram",
    "Moments",
    "MomentsFound",
    "PopulationSpikes",
    "Reducer",
    "SpectralDensity",
    "Spectrum",
]


def reducer_from(kind: str, settings: dict[str, object]) -> Reducer:
    """A reducer of this package, from the name of its class and what `Reducer.settings` told.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if kind not in _KINDS:
        raise ValueError(
            f'the checkpoint has a reducer "{kind}" that mesopop does not know: give resume all '
            "reducers as reduce="
        )
    return _KINDS[kind](**settings)

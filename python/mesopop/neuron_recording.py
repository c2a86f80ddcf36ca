"""Recording of chosen neurons: which ones and what of them, and what a result holds of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from attrs import field, frozen
from numpy.typing import ArrayLike, NDArray

from mesopop.archive import without_slashes
from mesopop.labelled import Labelled
from mesopop.network import Network, Population
from mesopop.neurons import LIF, LNP
from mesopop.validation import did_you_mean, text

PER_NEURON = ("potential", "input", "u", "x", "spikes")


def _as_index(given: ArrayLike) -> NDArray[np.int64]:
    values = np.asarray(given)
    if values.ndim != 1 or (values.size and values.dtype.kind not in "iu"):
        raise TypeError(f"index must be a sequence of integers, got {given!r}")
    if not values.size:
        raise ValueError("index must name at least one neuron, got none")
    found, counts = np.unique(values, return_counts=True)
    if counts.max() > 1:
        raise ValueError(f"index must name each neuron once, got {found[counts.argmax()]} twice")
    index = values.astype(np.int64)
    index.flags.writeable = False
    return index


def _as_quantities(given: Iterable[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise TypeError(f"quantities must be a sequence of names, got {given!r}")
    names = tuple(given)
    for name in names:
        if name not in PER_NEURON:
            raise ValueError(
                f"quantities: unknown quantity {name!r}; {did_you_mean(name, PER_NEURON)}"
            )
    return names


@frozen(eq=False)
class Neurons:
    """Neurons of which a simulation is to record the variables, at the microscopic level.

    Given to `simulate` or `Simulation.run` as an element of `record`; what has been recorded is
    then in `Result.neurons`.

    Parameters
    ----------
    population : str
        Its name.
    index : array_like of int, shape (neurons,)
        Their numbers, from 0 on, each once, in any order.
    quantities : sequence of str, optional
        Any of "potential", "input", "u", "x" and "spikes"; by default all that the population has.
        See `NeuronRecord`.

    Raises
    ------
    ValueError
        If `index` is empty or names a neuron twice, or a quantity is unknown.
    TypeError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> import mesopop as mp
    >>> net = mp.presets.load("lif-up-down")
    >>> chosen = mp.Neurons("E", [0, 1, 5], quantities=("potential", "spikes"))
    >>> result = mp.simulate(net, 100, dt=0.5, seed=1, record=("rate", chosen))
    >>> result.neurons["E"].potential.shape
    (3, 200)
    """

    population: str = field(validator=text())
    index: NDArray[np.int64] = field(converter=_as_index)
    quantities: tuple[str, ...] | None = field(default=None, kw_only=True, converter=_as_quantities)

    def of(self, network: Network) -> tuple[str, ...]:
        """The quantities to record, if the network has these neurons.

        Raises
        ------
        ValueError
            If the population or a neuron is unknown, or has no such quantity.
        """
        population = network.population(self.population)
        outside = self.index[(self.index < 0) | (self.index >= population.size)]
        if outside.size:
            raise ValueError(
                f'record: neurons of population "{self.population}" are numbered 0 to '
                f"{population.size - 1}, got {outside[0]}"
            )
        available = _available(network, population)
        if self.quantities is None:
            return available
        for name in self.quantities:
            if name not in available:
                raise ValueError(
                    f'record: neurons of population "{self.population}" have no "{name}", only '
                    + ", ".join(f'"{known}"' for known in available)
                )
        return self.quantities


def _available(network: Network, population: Population) -> tuple[str, ...]:
    membrane = isinstance(population.neuron, (LIF, LNP))
    plastic = any(p.source == population.name and p.stp for p in network.projections)
    has = {"potential": membrane, "input": membrane, "u": plastic, "x": plastic, "spikes": True}
    return tuple(name for name in PER_NEURON if has[name])


def neuron_variable(quantity: str, label: str) -> str:
    """What a netCDF file calls a quantity of chosen neurons; without one, their dimension."""
    name = without_slashes(label)  # HDF5 would make folders
    return f"neuron_{quantity}_{name}" if quantity else f"neuron_{name}"


def _labelled(values: dict[str, Any] | None) -> Labelled | None:
    return None if values is None else Labelled(values)


@frozen(kw_only=True, eq=False)
class NeuronRecord:
    """What was recorded of chosen neurons of one population.

    Arrays have shape (neurons, bins), or (trials, neurons, bins) if there are several trials;
    values are those at the end of each bin, `Result.t`, after the jumps and resets of its spikes.
    What was not asked for is None.

    Parameters
    ----------
    index : ndarray of int, shape (neurons,)
        Numbers of the neurons.
    potential : ndarray
        Membrane potential, mV; v_reset within t_ref of a spike. Of LNP neurons h, which
        they share unless they differ in their input.
    input : ndarray
        Synaptic input, mV, in the same sense as the drive, to which it adds: tau_m times the
        synaptic currents. Projections with tau_s = 0 have no current, their input is a jump of the
        potential.
    u, x : dict of ndarray
        State of the plastic synapses of the neurons, by label of the projections.
    spikes : ndarray
        Structured array with fields ``time`` (ms) and ``neuron`` (the number in the population); a
        list of them if there are several trials.

    Examples
    --------
    >>> import mesopop as mp
    >>> network = mp.presets.load("lif-up-down")
    >>> record = ["rate", mp.Neurons("E", [0, 7])]
    >>> result = mp.simulate(network, 1000, dt=0.5, record_dt=10, seed=1, record=record)
    >>> neurons = result.neurons["E"]
    >>> neurons.index, neurons.potential.shape, neurons.x["E->E"].shape
    (array([0, 7]), (2, 100), (2, 100))
    """

    index: NDArray[np.int64]
    potential: NDArray[np.float64] | None = None
    input: NDArray[np.float64] | None = None
    u: dict[str, NDArray[np.float64]] | None = field(default=None, converter=_labelled)
    x: dict[str, NDArray[np.float64]] | None = field(default=None, converter=_labelled)
    spikes: Any = None

    def cut(
        self,
        bins: Callable[[NDArray[np.float64]], NDArray[np.float64]],
        spikes: Callable[[Any], Any],
    ) -> NeuronRecord:
        """The record with its arrays and its spikes passed through functions."""

        def each(values: Any) -> Any:
            if isinstance(values, dict):
                return {label: bins(array) for label, array in values.items()}
            return None if values is None else bins(values)

        changed = {name: each(getattr(self, name)) for name in PER_NEURON if name != "spikes"}
        changed["spikes"] = None if self.spikes is None else spikes(self.spikes)
        return NeuronRecord(index=self.index, **changed)

    def arrays(self) -> list[tuple[str, str, NDArray[Any]]]:
        """All arrays, each with its quantity and its label or trial, for writing to a file."""
        found: list[tuple[str, str, NDArray[Any]]] = [("index", "", self.index)]
        for name in PER_NEURON:
            values = getattr(self, name)
            if values is None:
                continue
            if name == "spikes" and isinstance(values, list):
                found += [(name, str(trial), train) for trial, train in enumerate(values)]
            elif isinstance(values, dict):
                found += [(name, label, array) for label, array in values.items()]
            else:
                found.append((name, "", values))
        return found

    def series(self, population: str) -> list[tuple[str, str, NDArray[np.float64]]]:
        """All series, each with its quantity and its projection, or the `population` of the record."""
        return [
            (quantity, label or population, values)
            for quantity, label, values in self.arrays()
            if quantity not in ("index", "spikes")
        ]

    @classmethod
    def from_arrays(cls, arrays: Iterable[tuple[str, str, NDArray[Any]]]) -> NeuronRecord:
        """The record of what `arrays` has listed."""
        found: dict[str, Any] = {}
        for name, label, values in arrays:
            if name == "spikes" and label:
                found.setdefault(name, []).append(values)
            elif label:
                found.setdefault(name, {})[label] = values
            else:
                found[name] = values
        return cls(**found)

    def __repr__(self) -> str:
        names = [name for name in PER_NEURON if getattr(self, name) is not None]
        return f"NeuronRecord: {len(self.index)} neurons, {', '.join(names)}"

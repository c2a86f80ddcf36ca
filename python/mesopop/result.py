"""What a simulation returns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from mesopop.changes import Change
from mesopop.labelled import Labelled
from mesopop.network import Network
from mesopop.neuron_recording import PER_NEURON, NeuronRecord
from mesopop.settings import EngineSettings
from mesopop.validation import require_number

if TYPE_CHECKING:
    import xarray

FloatArray = NDArray[np.float64]
FORMAT = 1
MOST_ROWS = 6
QUANTITIES = ("rate", "release", "u", "x", "potential")


@frozen(kw_only=True, eq=False)
class Result:
    """Recorded activity of one or several trials.

    Arrays have shape (bins,), or (trials, bins) if there are several trials. A bin is `record_dt`
    wide and ends at `t`.

    Parameters
    ----------
    network : Network
        What was simulated.
    settings : EngineSettings
        Level, method, closure and noise.
    dt : float
        Time step, ms.
    record_dt : float
        Width of the recording bins, ms.
    t : ndarray, shape (bins,)
        Ends of the bins, ms.
    rate : dict of ndarray
        Population activity A, Hz, mean over each bin, by population.
    release : dict of ndarray
        Modulated activity y of a projection, Hz, mean over each bin, by projection label. Without
        plasticity it equals the rate of the source.
    u, x : dict of ndarray
        Population means at the end of each bin, by label of the plastic projections.
    potential : dict of ndarray
        Population mean of the membrane potential at the end of each bin, mV (LIF: refractory
        neurons count with v_reset; LNP: h), by population.
    spikes : dict
        By population, a structured array with fields ``time`` (ms) and ``neuron``; a list of them
        if there are several trials. Recorded on request at the microscopic level.
    neurons : dict of NeuronRecord
        By population, the variables of chosen neurons, recorded on request at the microscopic
        level.
    seed : int or tuple of int
        Entropy of the random numbers: the same seed gives the same result.
    spawn_key : tuple of int
        Of the `numpy.random.SeedSequence`, if one was given.
    trials : int
    complete : bool
        False if the simulation stopped before its end.
    changes : tuple of Change
        What `Simulation.change` had changed until then; `network` is the one of this piece.
    versions : dict
        Of mesopop and numpy.

    Examples
    --------
    >>> import mesopop as mp
    >>> network = mp.presets.load("lnp-up-down")
    >>> mp.simulate(network, 2000, dt=0.1, level="meso", seed=1, trials=3, record_dt=10)
    Result: meso, renewal, binomial; 3 trials of 2 s, dt 0.1 ms, recorded every 10 ms, seed 1
      rate["E"]                    (3, 200)       mean 7.539 Hz
      release["E->E"]              (3, 200)       mean 0.8906 Hz
      potential["E"]               (3, 200)       mean 5.281 mV
      u["E->E"]                    (3, 200)       mean 0.2
      x["E->E"]                    (3, 200)       mean 0.92
    """

    network: Network
    settings: EngineSettings
    dt: float
    record_dt: float
    t: FloatArray
    rate: dict[str, FloatArray] = field(converter=Labelled)
    release: dict[str, FloatArray] = field(factory=dict, converter=Labelled)
    u: dict[str, FloatArray] = field(factory=dict, converter=Labelled)
    x: dict[str, FloatArray] = field(factory=dict, converter=Labelled)
    potential: dict[str, FloatArray] = field(factory=dict, converter=Labelled)
    spikes: dict[str, Any] = field(factory=dict, converter=Labelled)
    neurons: dict[str, NeuronRecord] = field(factory=dict, converter=Labelled)
    seed: int | tuple[int, ...]
    spawn_key: tuple[int, ...] = ()
    trials: int = 1
    complete: bool = True
    changes: tuple[Change, ...] = ()
    versions: dict[str, str] = field(factory=dict)

    @property
    def duration(self) -> float:
        """Recorded biological time per trial, ms."""
        return len(self.t) * self.record_dt

    @property
    def label(self) -> str:
        """What tables and figures call it: "micro", or e.g. "meso renewal"."""
        return self.settings.label

    def after(self, time: float) -> Result:
        """What was recorded after a time, for cutting transients.

        Parameters
        ----------
        time : float
            ms. Bins that begin earlier are left out, spikes at or before it too.

        Returns
        -------
        Result
            Its arrays are views of these, and its `t` does not start at 0.

        Raises
        ------
        ValueError
            If `time` is not finite.

        Examples
        --------
        >>> import mesopop as mp
        >>> network = mp.presets.load("lnp-up-down")
        >>> result = mp.simulate(network, 2000, dt=0.1, level="meso", seed=1, record_dt=10)
        >>> later = result.after(500)
        >>> print(f"{later.duration:.0f} ms from {later.t[0]:.0f} ms on")
        1500 ms from 510 ms on
        """
        time = require_number("time", time, "ms")
        # A bin begins record_dt before its end; rounding must not lose one that begins at `time`.
        first = int(np.searchsorted(self.t, time + self.record_dt * (1 - 1e-6)))

        def later(trains: Any) -> Any:
            if self.trials > 1:
                return [train[train["time"] > time] for train in trains]
            return trains[trains["time"] > time]

        recorded: dict[str, Any] = {
            quantity: {
                name: values[..., first:] for name, values in getattr(self, quantity).items()
            }
            for quantity in QUANTITIES
        }
        recorded["spikes"] = {name: later(trains) for name, trains in self.spikes.items()}
        recorded["neurons"] = {
            name: record.cut(lambda values: values[..., first:], later)
            for name, record in self.neurons.items()
        }
        return attrs.evolve(self, t=self.t[first:], **recorded)

    def save(self, path: str | PathLike[str]) -> None:
        """Write to a compressed ``.npz`` file, which `load` and plain numpy can read.

        Parameters
        ----------
        path : path
            Ends in ``.npz``. Overwritten if it exists.

        Raises
        ------
        ValueError
            If the path does not end in ``.npz``.

        Examples
        --------
        >>> import tempfile
        >>> import numpy as np
        >>> import mesopop as mp
        >>> network = mp.presets.load("lnp-up-down")
        >>> result = mp.simulate(network, 1000, dt=0.1, level="meso", seed=1, record_dt=10)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result.save(f"{folder}/result.npz")
        ...     with np.load(f"{folder}/result.npz") as file:
        ...         sorted(file.files)
        ['header', 'potential/E', 'rate/E', 'release/E->E', 't', 'u/E->E', 'x/E->E']
        """
        from mesopop.network_toml import network_to_dict

        path = _npz(path)
        arrays: dict[str, Any] = {"t": self.t}
        # Projections that share their plasticity share their arrays: written once.
        written: dict[tuple[int, tuple[int, ...]], str] = {}
        same: dict[str, str] = {}
        for quantity in QUANTITIES:
            for name, values in getattr(self, quantity).items():
                key = f"{quantity}/{name}"
                place = (values.__array_interface__["data"][0], values.strides)
                if values.size and place in written:
                    same[key] = written[place]
                else:
                    arrays[key] = values
                    written[place] = key
        for name, trains in self.spikes.items():
            for trial, train in enumerate(trains if self.trials > 1 else [trains]):
                arrays[f"spikes/{name}/{trial}"] = train
        # Names may contain anything: which array is what stands in the header.
        of_neurons = []
        for name, record in self.neurons.items():
            for quantity, label, values in record.arrays():
                key = "/".join(["neurons", name, quantity, *([label] if label else [])])
                of_neurons.append((key, name, quantity, label))
                arrays[key] = values
        header = {
            "format": FORMAT,
            "network": network_to_dict(self.network),
            "settings": attrs.asdict(self.settings),
            "seed": self.seed,
            "spawn_key": self.spawn_key,
            "same": same,
            "neurons": of_neurons,
            "changes": [attrs.asdict(change) for change in self.changes],
            **{k: getattr(self, k) for k in ("dt", "record_dt", "trials", "complete", "versions")},
        }
        np.savez_compressed(path, header=json.dumps(header), **arrays)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Result:
        """Read what `save` wrote, or the ``.nc`` file of a long run, all of it into memory.

        Raises
        ------
        ImportError
            If h5netcdf is not installed, for a ``.nc`` file.
        ValueError
            If the file was written in a format that this version does not know.

        Examples
        --------
        >>> import tempfile
        >>> import mesopop as mp
        >>> network = mp.presets.load("lnp-up-down")
        >>> result = mp.simulate(network, 1000, dt=0.1, level="meso", seed=1, record_dt=10)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     result.save(f"{folder}/result.npz")
        ...     loaded = mp.Result.load(f"{folder}/result.npz")
        >>> bool((loaded.rate["E"] == result.rate["E"]).all()), loaded.seed
        (True, 1)
        """
        from mesopop.network_toml import network_from_dict

        if Path(path).suffix == ".nc":
            from mesopop.recording_file import read_recording

            return read_recording(Path(path))
        with np.load(_npz(path), allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            if header["format"] != FORMAT:
                raise ValueError(
                    f"{path} has format {header['format']}, this version reads {FORMAT}"
                )
            neurons: dict[str, Any] = {}
            of_neurons = {key for key, *_ in header.get("neurons", [])}
            for key, name, quantity, label in header.get("neurons", []):
                neurons.setdefault(name, []).append((quantity, label, file[key]))
            quantities: dict[str, Any] = {}
            for key in file.files:
                quantity, _, name = key.partition("/")
                if name and key not in of_neurons:
                    quantities.setdefault(quantity, {})[name] = file[key]
            t = file["t"]
        for key, written in header["same"].items():
            (quantity, _, name), (source, _, its_name) = key.partition("/"), written.partition("/")
            quantities.setdefault(quantity, {})[name] = quantities[source][its_name]
        trials, seed = header["trials"], header["seed"]
        spikes: dict[str, Any] = {}
        for key, train in quantities.pop("spikes", {}).items():
            name, _, trial = key.rpartition("/")
            spikes.setdefault(name, [None] * trials)[int(trial)] = train
        return cls(
            network=network_from_dict(header["network"]),
            settings=EngineSettings(**header["settings"]),
            t=t,
            spikes={name: trains if trials > 1 else trains[0] for name, trains in spikes.items()},
            neurons={name: NeuronRecord.from_arrays(arrays) for name, arrays in neurons.items()},
            seed=tuple(seed) if isinstance(seed, list) else seed,
            spawn_key=tuple(header["spawn_key"]),
            changes=tuple(Change(**change) for change in header.get("changes", ())),
            **{k: header[k] for k in ("dt", "record_dt", "trials", "complete", "versions")},
            **{"rate": {}, **quantities},
        )

    def to_xarray(self) -> xarray.Dataset:
        """What was recorded as a dataset.

        Returns
        -------
        xarray.Dataset
            `rate`, `potential` (population, trial, time), `release`, `u`, `x` (projection, trial,
            time), as far as they were recorded; nan where there is no such thing, e.g. the
            potential of Poisson neurons. Spikes one after the other: `spike_time`, `spike_neuron`,
            `spike_population`, `spike_trial` (spike). Of chosen neurons e.g.
            ``neuron_potential_E`` (trial, neuron_E, time). There is a dimension `trial` even for
            one. `time` is the end of the bins, ms. Attributes say what was simulated and how: the
            network as TOML, settings, changes, seed, versions.

        Raises
        ------
        ImportError
            Without xarray, which is optional: ``pip install "mesopop[xarray]"``.

        Examples
        --------
        >>> import mesopop as mp
        >>> net = mp.presets.load("lif-up-down")
        >>> result = mp.simulate(net, 1000, dt=0.5, level="meso", seed=1, trials=2)
        >>> data = result.to_xarray()
        >>> dict(data.rate.sizes), data.rate.attrs["units"]
        ({'population': 1, 'trial': 2, 'time': 2000}, 'Hz')
        >>> frame = data.rate.sel(population="E", trial=0).to_series()  # for pandas
        """
        from mesopop.result_xarray import as_dataset

        return as_dataset(self)

    def to_neo(self) -> Any:
        """What was recorded as a block of Neo, for Elephant and others.

        Returns
        -------
        neo.Block
            One `neo.Segment` per trial, with a `neo.AnalogSignal` for each recorded quantity (its
            channels annotated with populations or projections; a sample stands for the bin that
            ends at its time) and, if spikes were recorded, a `neo.SpikeTrain` for each neuron,
            annotated with population and neuron. Chosen neurons have signals of their own. The
            block is annotated with what was simulated and how.

        Raises
        ------
        ImportError
            Without Neo, which is optional: ``pip install "mesopop[neo]"``.

        Examples
        --------
        >>> import mesopop as mp
        >>> net = mp.presets.load("lif-up-down")
        >>> result = mp.simulate(net, 1000, dt=0.5, seed=1, record=["rate", "spikes"])
        >>> (segment,) = result.to_neo().segments
        >>> len(segment.spiketrains), segment.analogsignals[0].units.dimensionality.string
        (100, 'Hz')
        """
        from mesopop.result_neo import as_block

        return as_block(self)

    def __repr__(self) -> str:
        s = self.settings
        method = s.method
        if isinstance(method, dict):
            method = " and ".join(sorted(set(method.values())))
        chosen = [word for word in (s.level, method, s.closure, s.noise) if word is not None]
        trials = f"{self.trials} trials of " if self.trials > 1 else ""
        lines = [
            f"Result: {', '.join(chosen)}; {trials}{self.duration / 1000:g} s, "
            f"dt {self.dt:g} ms, recorded every {self.record_dt:g} ms, seed {self.seed}"
            + ("" if self.complete else " (incomplete)")
        ]
        lines += [f"  changed at {change}" for change in self.changes[-MOST_ROWS:]]
        lines += [f"  {row}" for row in _rows(self)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(repr(self))}</pre>"


_UNITS = {"rate": "Hz", "release": "Hz", "potential": "mV", "u": "", "x": ""}


def _rows(result: Result, most: int = MOST_ROWS) -> list[str]:
    # One line per array with its mean, a few per quantity.
    rows = []
    for quantity, unit in _UNITS.items():
        arrays: Mapping[str, FloatArray] = getattr(result, quantity)
        for name in list(arrays)[:most]:
            values = arrays[name]
            mean = f"{values.mean():.4g} {unit}".strip() if values.size else "empty"
            rows.append(
                f"{quantity + '[' + json.dumps(name) + ']':<28} {values.shape!s:<14} mean {mean}"
            )
        if len(arrays) > most:
            rows.append(f"{quantity}: and {len(arrays) - most} more")
    for name, trains in result.spikes.items():
        count = sum(map(len, trains)) if result.trials > 1 else len(trains)
        rows.append(f"{'spikes[' + json.dumps(name) + ']':<28} {count} spikes")
    for name, record in result.neurons.items():
        names = [quantity for quantity in PER_NEURON if getattr(record, quantity) is not None]
        rows.append(
            f"{'neurons[' + json.dumps(name) + ']':<28} {len(record.index)} neurons: "
            + ", ".join(names)
        )
    return rows


def versions() -> dict[str, str]:
    """Of mesopop and numpy."""
    from mesopop import __version__

    return {"mesopop": __version__, "numpy": np.__version__}


def _npz(path: str | PathLike[str]) -> Path:
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"path must end in .npz, got {str(path)!r}")
    return path

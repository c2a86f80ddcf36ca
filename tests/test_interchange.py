"""Results in the formats of other programs, and back."""

import io
import subprocess
import sys

import attrs
import numpy as np
import pytest
import xarray
from networks import everything

import mesopop as mp

RECORD = ["rate", "release", "u", "x", "potential", "spikes"]
QUANTITIES = RECORD[:-1]
DIM = {"rate": "population", "potential": "population"}


@pytest.fixture(scope="module", params=[1, 3], ids=["one trial", "several trials"])
def result(request):
    return mp.simulate(
        everything(), 100.0, dt=0.5, seed=2**100 + 7, trials=request.param, record=RECORD,
        record_dt=1.0,
    )  # fmt: skip


def test_every_number_is_in_the_dataset(result):
    data = result.to_xarray()
    np.testing.assert_array_equal(data.time, result.t)
    assert data.time.attrs["units"] == "ms"
    for quantity in QUANTITIES:
        dim = DIM.get(quantity, "projection")
        recorded = getattr(result, quantity)
        assert data[quantity].dims == (dim, "trial", "time")
        for name in data[dim].values:
            values = data[quantity].sel({dim: name})
            if name in recorded:
                np.testing.assert_array_equal(values, np.atleast_2d(recorded[name]))
            else:
                assert values.isnull().all()
    units = {quantity: data[quantity].attrs["units"] for quantity in QUANTITIES}
    assert units == {"rate": "Hz", "release": "Hz", "u": "1", "x": "1", "potential": "mV"}


def test_every_spike_is_in_the_dataset(result):
    data = result.to_xarray()
    total = 0
    for name, trains in result.spikes.items():
        for trial, train in enumerate([trains] if result.trials == 1 else trains):
            mine = (data.spike_population == name) & (data.spike_trial == trial)
            np.testing.assert_array_equal(data.spike_time[mine], train["time"])
            np.testing.assert_array_equal(data.spike_neuron[mine], train["neuron"])
            total += len(train)
    assert data.sizes["spike"] == total > 0


def test_a_dataset_says_how_to_repeat_it(result):
    told = result.to_xarray().attrs
    network = mp.Network.from_toml(io.StringIO(told["network"]))
    assert network == result.network
    again = mp.simulate(
        network, 100.0, dt=told["dt"], level=told["level"], seed=int(told["seed"]),
        trials=result.trials, record_dt=told["record_dt"], record=RECORD,
    )  # fmt: skip
    xarray.testing.assert_identical(again.to_xarray(), result.to_xarray())


def test_netcdf_without_mesopop(result, tmp_path):
    """Another program reads the same, units and all."""
    path, data = tmp_path / "result.nc", result.to_xarray()
    data.to_netcdf(path, engine="h5netcdf")
    with xarray.open_dataset(path, engine="h5netcdf") as read:
        xarray.testing.assert_equal(read.load(), data)
        assert read.attrs == data.attrs
        assert read.time.dtype == np.float64 and read.time.attrs == data.time.attrs
    script = (
        "import sys, xarray\n"
        f"data = xarray.open_dataset({str(path)!r}, engine='h5netcdf')\n"
        "print(float(data.rate.mean()), data.rate.attrs['units'])\n"
        "assert 'mesopop' not in sys.modules\n"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert printed.stdout.split() == [repr(float(data.rate.mean())), "Hz"], printed.stderr


def test_only_what_was_recorded():
    net = mp.presets.load("lif-up-down")
    data = mp.simulate(net, 10.0, dt=0.5, level="meso", seed=1, record=["rate"]).to_xarray()
    assert set(data.variables) == {"rate", "time", "trial", "population"}
    assert (data.attrs["closure"], data.attrs["noise"]) == ("renewal", "binomial")
    assert "method" not in data.attrs


def test_pandas(result):
    frame = result.to_xarray().rate.to_dataframe().reset_index()
    assert list(frame.columns) == ["population", "trial", "time", "rate"]
    mean = frame.groupby("population").rate.mean()
    for name, rate in result.rate.items():
        np.testing.assert_allclose(mean[name], rate.mean())


# --- Neo -----------------------------------------------------------------------------------------


def test_every_number_is_in_the_block(result):
    block = result.to_neo()
    assert len(block.segments) == result.trials
    for trial, segment in enumerate(block.segments):
        signals = {signal.name: signal for signal in segment.analogsignals}
        assert set(signals) == set(QUANTITIES)
        for quantity, signal in signals.items():
            names = signal.array_annotations[DIM.get(quantity, "projection")]
            assert list(names) == list(getattr(result, quantity))
            for name, values in zip(names, signal.magnitude.T, strict=True):
                expected = np.atleast_2d(getattr(result, quantity)[name])[trial]
                np.testing.assert_array_equal(values, expected)
            np.testing.assert_allclose(signal.times.rescale("ms").magnitude, result.t)
        assert signals["rate"].units.dimensionality.string == "Hz"
        assert signals["release"].units.dimensionality.string == "Hz"
        assert signals["potential"].units.dimensionality.string == "mV"
        assert signals["u"].units.dimensionality.string == "dimensionless"


def test_spike_trains_return_as_neurons(result):
    """Neo's spike trains make a population that fires the same spikes."""
    for trial, segment in enumerate(result.to_neo().segments):
        for population in result.network.populations:
            trains = [
                train
                for train in segment.spiketrains
                if train.annotations["population"] == population.name
            ]
            assert [train.annotations["neuron"] for train in trains] == list(range(population.size))
            neurons = mp.SpikeTrains(trains)
            recorded = result.spikes[population.name]
            recorded = recorded if result.trials == 1 else recorded[trial]
            for neuron, times in enumerate(neurons.times):
                np.testing.assert_array_equal(times, recorded["time"][recorded["neuron"] == neuron])


def test_a_block_says_how_to_repeat_it(result):
    told = result.to_neo().annotations
    assert mp.Network.from_toml(io.StringIO(told["network"])) == result.network
    assert int(told["seed"]) == result.seed and told["complete"] == 1


def test_pieces_and_nothing_at_all():
    """Times of a later piece; and a result that was interrupted before its first bin."""
    simulation = mp.Simulation(mp.presets.load("lif-up-down"), dt=0.5, seed=1)
    simulation.run(50.0)
    piece = simulation.run(50.0, record=["rate", "spikes"])
    (segment,) = piece.to_neo().segments
    assert float(segment.analogsignals[0].t_start.rescale("ms")) == 50.5
    assert float(segment.spiketrains[0].t_start.rescale("ms")) == 50.0
    assert float(segment.spiketrains[0].t_stop.rescale("ms")) == 100.0
    nothing = attrs.evolve(
        piece,
        t=piece.t[:0],
        rate={"E": piece.rate["E"][:0]},
        spikes={"E": piece.spikes["E"][:0]},
    )
    assert nothing.to_xarray().sizes == {
        "population": 1, "trial": 1, "time": 0, "spike": 0
    }  # fmt: skip
    assert len(nothing.to_neo().segments[0].spiketrains) == 100


# --- Optional dependencies -----------------------------------------------------------------------


@pytest.mark.parametrize(("method", "module"), [("to_xarray", "xarray"), ("to_neo", "neo")])
def test_a_missing_package_is_named(monkeypatch, result, method, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf'{method} needs {module}.*"mesopop\[{module}\]"'):
        getattr(result, method)()


def test_importing_mesopop_is_light():
    script = (
        "import sys, mesopop as mp; mp.simulate, mp.sweep, mp.Result\n"
        "heavy = {'xarray', 'pandas', 'neo', 'dask', 'distributed', 'loky', 'scipy', 'matplotlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert printed.stdout.strip() == "[]", printed.stderr


# --- Chosen neurons ------------------------------------------------------------------------------


@pytest.fixture(params=[1, 2])
def of_neurons(request):
    chosen = [
        mp.Neurons("E", [5, 0, 3]),
        mp.Neurons("I", [1], quantities=["potential"]),
    ]
    return mp.simulate(
        everything(),
        100.0,
        dt=0.5,
        seed=3,
        trials=request.param,
        record=["rate", *chosen],
    )


def test_chosen_neurons_are_in_the_dataset(of_neurons):
    data, record = of_neurons.to_xarray(), of_neurons.neurons["E"]
    np.testing.assert_array_equal(data.neuron_E, [5, 0, 3])
    for quantity in ("potential", "input"):
        variable = data[f"neuron_{quantity}_E"]
        assert variable.dims == ("trial", "neuron_E", "time")
        assert variable.attrs["units"] == "mV"
        values = getattr(record, quantity)
        np.testing.assert_array_equal(variable.values.reshape(values.shape), values)
    assert record.u
    for label, values in record.u.items():
        found = data[f"neuron_u_{label}"].values
        np.testing.assert_array_equal(found.reshape(values.shape), values)
    assert "neuron_potential_I" in data and "neuron_input_I" not in data
    trains = record.spikes if of_neurons.trials > 1 else [record.spikes]
    assert sum(map(len, trains)) > 0
    np.testing.assert_array_equal(
        data.neuron_spike_time, np.concatenate([train["time"] for train in trains])
    )


def test_chosen_neurons_are_in_the_block(of_neurons):
    record = of_neurons.neurons["E"]
    for trial, segment in enumerate(of_neurons.to_neo().segments):
        found = {
            (signal.name, signal.annotations.get("population")): signal
            for signal in segment.analogsignals
        }
        signal = found["potential of neurons", "E"]
        assert list(signal.array_annotations["neuron"]) == [5, 0, 3]
        values = record.potential if of_neurons.trials == 1 else record.potential[trial]
        np.testing.assert_array_equal(signal.magnitude.T, values)
        assert ("potential of neurons", "I") in found and ("input of neurons", "I") not in found
        train = record.spikes if of_neurons.trials == 1 else record.spikes[trial]
        assert [t.annotations["neuron"] for t in segment.spiketrains] == [0, 3, 5]
        for spikes in segment.spiketrains:
            own = train["time"][train["neuron"] == spikes.annotations["neuron"]]
            np.testing.assert_array_equal(spikes.magnitude, own)


def test_changes_are_told():
    simulation = mp.Simulation(mp.presets.load("lnp-up-down"), dt=0.5, level="meso", seed=1)
    assert "changes" not in simulation.run(10.0).to_xarray().attrs
    simulation.change(mp.with_parameter(simulation.network, "populations.E.drive", -2.0))
    assert simulation.run(10.0).to_xarray().attrs["changes"] == "10 ms: E.drive -3.5 -> -2.0"

"""Power spectra of the activity of uncoupled LIF neurons, against renewal theory.

The spectrum of one neuron is r (1 - |F|^2) / |1 - F|^2 with the Fourier transform F of its intervals,
here those of the time grid; that of the mean over N independent neurons is one N-th of it.
"""

import numpy as np
import pytest
from networks import COHORTS, LIF, MICRO, isolated, meso, name_of
from scipy import signal
from significance import Estimate, assert_within, mean_over_trials
from survivors import stationary_rate, survivor_function

import mesopop as mp

SIZE, DT = 40, 0.5
BANDS = [(0.5, 4.0), (4.0, 15.0), (15.0, 60.0), (60.0, 250.0), (250.0, 500.0)]
# Standard errors of 0.65 % in the lowest band, whatever the number of neurons: 1/sqrt(3.5 Hz 9600 s)
# and some for the windows.
TRIALS, DURATION, SEGMENT = 40, 240_000.0, 8192
BOUND = 0.03
DRIVES = {"9 Hz": 16.0, "28 Hz": 25.0}


def within(frequency, low, high):
    return (frequency >= low) & (frequency < high)


def renewal_spectrum(drive, frequency):
    """Two-sided, Hz: per neuron, hence r at high frequencies."""
    survivors, _ = survivor_function(LIF, drive, DT)
    density = -np.diff(survivors)
    interval = DT / 1000 * np.arange(1, density.size + 1)
    F = np.exp(-2j * np.pi * frequency[:, None] * interval) @ density
    return stationary_rate(LIF, drive, DT) * (1 - np.abs(F) ** 2) / np.abs(1 - F) ** 2


def measured_bands(drive, engine):
    """Mean power in each band over the trials, in units of the renewal spectrum."""
    result = mp.simulate(
        isolated(SIZE, drive),
        DURATION,
        dt=DT,
        seed=1,
        trials=TRIALS,
        record=("rate",),
        **engine,
    )
    frequency, power = signal.welch(result.rate["E"], fs=1000 / DT, nperseg=SEGMENT)
    # One-sided densities are twice the two-sided ones.
    relative = power * SIZE / 2 / renewal_spectrum(drive, np.maximum(frequency, 0.1))
    return [
        mean_over_trials(relative[:, within(frequency, low, high)].mean(axis=1))
        for low, high in BANDS
    ]


@pytest.mark.parametrize("engine", [MICRO, COHORTS, meso("renewal")], ids=name_of)
@pytest.mark.parametrize("firing", DRIVES)
def test_spectrum(firing, engine):
    for measured in measured_bands(DRIVES[firing], engine):
        assert_within(measured, Estimate(1.0), BOUND)


def test_the_population_activity_equation_misplaces_power():
    """At 28 Hz, below 4 Hz: 28 % too much, as of every program with these equations."""
    lowest = measured_bands(DRIVES["28 Hz"], meso("second_order"))[0]
    assert lowest.value == pytest.approx(1.28, abs=0.03 + 3.5 * lowest.error)

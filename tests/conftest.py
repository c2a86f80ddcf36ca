import pytest
from networks import COHORTS, ENGINES, LAWS, everything, name_of, without_adaptation


@pytest.fixture
def zoo(request):
    """A network with one of everything, that the engine of the test can simulate."""
    chosen = {"engine", "law"} & set(request.fixturenames)
    if any(request.getfixturevalue(name) is COHORTS for name in chosen):
        return without_adaptation(everything())
    return everything()


@pytest.fixture(params=[*ENGINES, COHORTS], ids=name_of)
def engine(request):
    """Arguments of `simulate` that choose an engine; every engine in turn."""
    return request.param


@pytest.fixture(params=[*LAWS, COHORTS], ids=name_of)
def law(request):
    """As `engine`, once for every law of the spikes."""
    return request.param


@pytest.fixture(scope="session")
def serial():
    """The sweep of `sweep_runs`, in this process."""
    from sweep_runs import sweep

    return sweep()

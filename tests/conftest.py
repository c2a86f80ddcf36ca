import pytest
from networks import ENGINES, LAWS, everything, name_of


@pytest.fixture(scope="session")
def zoo():
    """A network with one of everything."""
    return everything()


@pytest.fixture(params=ENGINES, ids=name_of)
def engine(request):
    """Arguments of `simulate` that choose an engine; every engine in turn."""
    return request.param


@pytest.fixture(params=LAWS, ids=name_of)
def law(request):
    """As `engine`, once for every law of the spikes."""
    return request.param

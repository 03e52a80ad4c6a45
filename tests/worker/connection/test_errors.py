"""What can go wrong between the worker and WhatsApp."""

from core.errors import DjinnError
from core.link import End
from worker.connection.errors import NotSent, PairingRefused, SendRefused, SendUnknown


def test_they_are_ours_and_tell_why() -> None:
    refused = PairingRefused(End.RATE_LIMITED, "429")
    assert (refused.end, str(refused)) == (End.RATE_LIMITED, "429")
    assert all(issubclass(kind, DjinnError) for kind in (NotSent, SendRefused, SendUnknown))
    assert len({NotSent, SendRefused, SendUnknown}) == 3
    assert not issubclass(SendUnknown, NotSent), "what may have left is not sent again"

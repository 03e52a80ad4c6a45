"""A job's hold of a chat."""

from worker.jobs.steps import Lease


def test_each_hold_has_an_owner_of_its_own() -> None:
    assert Lease(1).owner != Lease(1).owner
    assert Lease(1).is_fresh and Lease(1).waits == 0


def test_a_turn_ends_what_was_before_it() -> None:
    lease = Lease(7, was_interrupted=True, has_stopped=True, waits=3)
    owner = lease.owner
    lease.begin_turn()
    assert lease == Lease(7, owner=owner, is_fresh=False)

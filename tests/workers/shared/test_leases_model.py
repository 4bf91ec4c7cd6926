"""Leases beside a model of them: whoever takes, gives back, renews, and whatever Redis forgets."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tests.redis_server import emptied
from tests.workers.shared.test_leases import FOREVER_S, expire
from vidette.errors import StoreError
from workers.shared.broker import Broker
from workers.shared.leases import Lease, Leases


class Machine(RuleBasedStateMachine):
    """Three owners and two names; leases run out, the server forgets everything. The model says who has what."""

    taken = Bundle("taken")
    names = st.sampled_from(["yard", "gate"])
    owners = st.sampled_from([0, 1, 2])

    def __init__(self) -> None:
        super().__init__()
        with emptied() as server:
            self.broker = Broker(server.url)
        self.leases = [Leases(self.broker, ttl_s=FOREVER_S, owner=f"o{i}") for i in range(3)]
        self.believed: list[set[Lease]] = [set(), set(), set()]
        self.has: dict[str, Lease] = {}
        self.last: dict[str, Lease | None] = {}

    @rule(target=taken, owner=owners, name=names)
    def take(self, owner: int, name: str) -> Lease | None:
        try:
            lease = self.leases[owner].take(name)
        except StoreError:
            assert name in self.has
            return None
        assert name not in self.has
        assert all(lease.token > one.token for one in self.has.values())
        self.has[name] = self.last[name] = lease
        self.believed[owner].add(lease)
        return lease

    @rule(lease=taken)
    def release(self, lease: Lease | None) -> None:
        if lease is None:
            return
        lease.release()
        for believed in self.believed:
            if lease in believed:
                believed.discard(lease)
                if self.has.get(lease.name, self.last.get(lease.name)) is lease:
                    self.has.pop(lease.name, None)
                    self.last[lease.name] = None

    @rule(owner=owners)
    def renew(self, owner: int) -> None:
        self.leases[owner].renew()
        for lease in sorted(self.believed[owner], key=lambda one: one.token):
            if self.has.get(lease.name, self.last.get(lease.name, lease)) is lease:
                self.has[lease.name] = self.last[lease.name] = lease
            else:
                self.believed[owner].discard(lease)
                assert lease.lost.is_set()

    @rule(name=names)
    def run_out(self, name: str) -> None:
        expire(self.broker, name)
        self.has.pop(name, None)

    @rule()
    def forget(self) -> None:
        self.broker.client.flushall()
        self.has, self.last = {}, {}

    @invariant()
    def is_as_the_model_says(self) -> None:
        assert {row.name: row.token for row in self.leases[0].rows()} == {n: one.token for n, one in self.has.items()}
        assert not any(lease.lost.is_set() for believed in self.believed for lease in believed)

    def teardown(self) -> None:
        for owner in range(3):
            self.renew(owner)
        left = [lease for believed in self.believed for lease in believed]
        assert len(left) == len({lease.name for lease in left}), "two believe that they have it"
        assert {lease.name for lease in left} == set(self.has)
        for leases in self.leases:
            leases.close()
        self.broker.close()


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

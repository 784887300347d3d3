"""How replicas behind a balancer behave, as a discrete-event simulation: what docs/scale.md says of 100 and of 1,000.

`.venv-scale/bin/python -m tests.scale.fleet` prints its tables. It is no part of the product. bench.py holds what it
predicts of one and two replicas to what is measured.
"""

import argparse
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import simpy

Process = Generator[simpy.Event, Any, Any]


@dataclass(frozen=True)
class Stages:
    """Measured seconds per photo: HTTP and proxy, decoding, the model, encoding."""

    http: float
    decode: float
    run: float
    encode: float


def machine(stages: Stages, replicas: int, clients: int, cores: int = 2, photos: int = 2000) -> float:
    """Photos per second of replicas of one lane that share one machine's cores, for clients that never pause.

    A stage holds a core, and what a replica has one of: its event loop (HTTP), its lane (the model).
    """
    env = simpy.Environment()
    core = simpy.Resource(env, cores)
    loops = [simpy.Resource(env, 1) for _ in range(replicas)]
    lanes = [simpy.Resource(env, 1) for _ in range(replicas)]
    under_way = [0] * replicas
    done = 0

    def stage(seconds: float, only: simpy.Resource | None = None) -> Process:
        with only.request() if only else core.request() as first:
            yield first
            if only:
                with core.request() as second:
                    yield second
                    yield env.timeout(seconds)
            else:
                yield env.timeout(seconds)

    def client() -> Process:
        nonlocal done
        while done < photos:
            replica = under_way.index(min(under_way))
            under_way[replica] += 1
            yield from stage(stages.http, loops[replica])
            yield from stage(stages.decode)
            yield from stage(stages.run, lanes[replica])
            yield from stage(stages.encode)
            under_way[replica] -= 1
            done += 1

    for _ in range(clients):
        env.process(client())
    env.run()
    return done / env.now


@dataclass(frozen=True)
class Fleet:
    """Replicas on machines of their own, as Ray Serve runs them."""

    replicas: int
    rate: float
    """Photos per second that one replica answers when it never waits, measured."""
    lanes: int = 2
    """Photos that one works on side by side."""
    queue: int = 128
    """Photos that one lets in (JPPNET_QUEUE_SIZE); one more is a 503."""
    balancers: int = 1
    """Each sends a photo to the replica that it itself has least under way with, as HAProxy's leastconn does."""
    start_seconds: float = 60.0
    """From the decision to add a replica until it answers: machine, image, model."""
    spread: float = 0.25
    """Coefficient of variation of the time a photo takes."""


@dataclass(frozen=True)
class Autoscaling:
    """Ray Serve's: every ``period`` the photos under way, averaged over ``look_back``, are shared out by ``target``."""

    target: float
    look_back: float = 10.0
    delay: float = 10.0
    most: int = 10_000
    period: float = 1.0


@dataclass
class Replica:
    """One replica of the simulation."""

    lane: simpy.Resource
    alive: bool = True
    under_way: int = 0


@dataclass
class Outcome:
    """What became of the photos: when each arrived, and its latency; and how many were refused and lost."""

    arrived: list[float] = field(default_factory=list)
    latency: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    lost: int = 0
    replicas: list[tuple[float, int]] = field(default_factory=list)

    def p99(self, begin: float = 0.0, end: float = float("inf")) -> float:
        """The 99th percentile in seconds of those that arrived in between."""
        chosen = [late for at, late in zip(self.arrived, self.latency, strict=True) if begin <= at < end]
        return float(np.percentile(chosen, 99)) if chosen else float("nan")

    def refused_share(self, begin: float = 0.0, end: float = float("inf")) -> float:
        """The share of 503s among those that arrived in between."""
        refused = sum(begin <= at < end for at in self.refused)
        answered = sum(begin <= at < end for at in self.arrived)
        return refused / max(1, refused + answered)


def simulate(
    fleet: Fleet,
    load: Callable[[float], float],
    seconds: float,
    autoscaling: Autoscaling | None = None,
    zone_dies_at: float | None = None,
    seed: int = 1,
) -> Outcome:
    """Sends photos at ``load(t)`` a second; a third of the replicas dies at once where that is asked for."""
    env = simpy.Environment()
    chance = random.Random(seed)
    replicas = [Replica(simpy.Resource(env, fleet.lanes)) for _ in range(fleet.replicas)]
    seen = [Counts(chance) for _ in range(fleet.balancers)]
    for counts in seen:
        for replica in replicas:
            counts.add(replica)
    outcome = Outcome()
    mean = fleet.lanes / fleet.rate
    shape = 1 / fleet.spread**2
    samples: list[float] = []

    def photo(at: float) -> Process:
        counts = chance.choice(seen)
        replica = counts.take()
        if replica is None or replica.under_way >= fleet.queue:
            outcome.refused.append(at)
            if replica:
                counts.give(replica)
            return
        replica.under_way += 1
        with replica.lane.request() as lane:
            yield lane
            yield env.timeout(chance.gammavariate(shape, mean / shape))
        replica.under_way -= 1
        counts.give(replica)
        if replica.alive:
            outcome.arrived.append(at)
            outcome.latency.append(env.now - at)
        else:
            outcome.lost += 1

    def arrivals() -> Process:
        while env.now < seconds:
            yield env.timeout(chance.expovariate(load(env.now)))
            env.process(photo(env.now))

    def start() -> Process:
        yield env.timeout(fleet.start_seconds)
        replica = Replica(simpy.Resource(env, fleet.lanes))
        replicas.append(replica)
        for counts in seen:
            counts.add(replica)

    def zone() -> Process:
        yield env.timeout(zone_dies_at)
        dead = replicas[: len(replicas) // 3]
        for replica in dead:
            replica.alive = False
            replicas.remove(replica)
            for counts in seen:
                counts.remove(replica)
        for _ in dead:  # Ray puts them on machines of the other zones
            env.process(start())

    def scale(rule: Autoscaling) -> Process:
        wanted, above_since = fleet.replicas, None
        while env.now < seconds:
            yield env.timeout(rule.period)
            samples.append(sum(replica.under_way for replica in replicas))
            recent = samples[-max(1, int(rule.look_back / rule.period)) :]
            need = min(rule.most, int(np.ceil(np.mean(recent) / rule.target)))
            above_since = (above_since or env.now) if need > wanted else None
            if above_since is not None and env.now - above_since >= rule.delay:
                for _ in range(need - wanted):
                    env.process(start())
                wanted, above_since = need, None
            outcome.replicas.append((env.now, len(replicas)))

    env.process(arrivals())
    if zone_dies_at is not None:
        env.process(zone())
    if autoscaling:
        env.process(scale(autoscaling))
    env.run(until=seconds)
    return outcome


class Counts:
    """What one balancer has under way with each replica. Replicas with equal counts are taken at random."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._count: dict[int, int] = {}
        self._levels: list[list[Replica]] = [[]]
        self._place: dict[int, int] = {}

    def add(self, replica: Replica) -> None:
        """Begins to send to a replica."""
        self._count[id(replica)] = 0
        self._put(replica, 0)

    def remove(self, replica: Replica) -> None:
        """Sends to it no more."""
        self._pull(replica)
        del self._count[id(replica)]

    def take(self) -> Replica | None:
        """The replica with the least under way, which is one more now."""
        for level in self._levels:
            if level:
                replica = self._chance.choice(level)
                self._move(replica, 1)
                return replica
        return None

    def give(self, replica: Replica) -> None:
        """One less is under way with this replica."""
        if id(replica) in self._count:
            self._move(replica, -1)

    def _move(self, replica: Replica, by: int) -> None:
        self._pull(replica)
        self._count[id(replica)] += by
        self._put(replica, self._count[id(replica)])

    def _put(self, replica: Replica, count: int) -> None:
        while count >= len(self._levels):
            self._levels.append([])
        self._place[id(replica)] = len(self._levels[count])
        self._levels[count].append(replica)

    def _pull(self, replica: Replica) -> None:
        level, location = self._levels[self._count[id(replica)]], self._place.pop(id(replica))
        last = level.pop()
        if last is not replica:
            level[location] = last
            self._place[id(last)] = location


def main() -> None:
    """Prints the tables of docs/scale.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, required=True, help="photos per second of one replica, measured")
    parser.add_argument("--start", type=float, required=True, help="seconds until a new replica answers, measured")
    given = parser.parse_args()

    print("| replicas | balancers | load | p50 ms | p99 ms | refused |")
    print("| --- | --- | --- | --- | --- | --- |")
    for replicas, balancers, seconds in ((100, 1, 20.0), (100, 10, 20.0), (1000, 1, 1.5), (1000, 100, 1.5)):
        for share in (0.7, 0.9, 0.98):
            fleet = Fleet(replicas, given.rate, balancers=balancers)
            load = share * replicas * given.rate
            outcome = simulate(fleet, lambda _, load=load: load, seconds)
            p50 = float(np.percentile(outcome.latency, 50))
            print(
                f"| {replicas} | {balancers} | {share:.0%} | {1000 * p50:.0f} | {1000 * outcome.p99():.0f} "
                f"| {outcome.refused_share():.1%} |"
            )

    print("\n| start s | minutes of 503s | refused of all | p99 s while short |\n| --- | --- | --- | --- |")
    for start in (given.start, 60.0, 240.0):
        fleet = Fleet(10, given.rate, start_seconds=start)  # shares and times do not depend on the number
        step = 60.0

        def doubled(now: float, fleet: Fleet = fleet, step: float = step) -> float:
            return (1.2 if now >= step else 0.6) * fleet.replicas * fleet.rate

        outcome = simulate(fleet, doubled, step + 60 + 2 * start, Autoscaling(target=16))
        minutes = sum(outcome.refused_share(t, t + 1) > 0.001 for t in range(int(step + 60 + 2 * start))) / 60
        print(
            f"| {start:.0f} | {minutes:.1f} | {outcome.refused_share(step):.1%} | {outcome.p99(step, step + 60):.1f} |"
        )

    print("\n| load before | refused while a third is gone | lost | p99 s meanwhile |\n| --- | --- | --- | --- |")
    for share in (0.5, 0.65, 0.8):
        fleet = Fleet(9, given.rate, start_seconds=120.0)
        load = share * fleet.replicas * fleet.rate
        outcome = simulate(fleet, lambda _, load=load: load, 180, zone_dies_at=30)
        print(f"| {share:.0%} | {outcome.refused_share(30, 150):.1%} | {outcome.lost} | {outcome.p99(30, 150):.1f} |")


if __name__ == "__main__":
    main()

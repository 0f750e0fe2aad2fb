"""The workers of a deployment under a supervisor that starts again what has ended, as systemd or Kubernetes would."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from streams.settings import Settings
from tests.integration.workers import WORKER, Worker

ROOT = Path(__file__).parents[2]
SESSION_SECONDS = 6.0


class Crew:
    def __init__(self, settings: Settings, governance: Path, folder: Path) -> None:
        self.workers: dict[str, Worker] = {}
        self.exits: Counter[int] = Counter()
        """Exit code -> how many workers ended with it by themselves."""
        self.program: tuple[str, ...] = WORKER
        """What a worker is started with, also when it is started again."""
        self._settings, self._governance, self._folder = settings, governance, folder

    def start(self, name: str, program: tuple[str, ...] = ()) -> Worker:
        """A worker with a store and a membership of that name; a restart finds both again. `program`: this once."""
        self.workers[name] = Worker(self._folder / name, self._environment(name), program or self.program)
        return self.workers[name]

    def start_ready(self, *names: str) -> None:
        for name in names:
            self.start(name)
        for name in names:
            self.workers[name].wait_ready()

    def faulty(self, name: str, *fault: str) -> Worker:
        """A worker in which something is going to break: see `tests.chaos.faulty_worker`."""
        return self.start(name, (sys.executable, "-m", "tests.chaos.faulty_worker", *fault))

    def kill(self, name: str) -> None:
        """SIGKILL, and a new one at once."""
        self.workers[name].kill()
        self.start(name)

    def stop(self, name: str) -> None:
        """SIGTERM, and it leaves for good."""
        code = self.workers[name].stop()
        assert code == 0, f"{name} ended with {code}:\n{self.workers[name].log[-4000:]}"
        del self.workers[name]

    def tend(self) -> None:
        """Start again what has ended by itself."""
        for name, worker in list(self.workers.items()):
            code = worker.process.poll()
            if code is not None:
                self.exits[code] += 1
                self.start(name)

    def leave(self) -> None:
        """All of them, gracefully."""
        for name in list(self.workers):
            self.stop(name)

    def kill_all(self) -> None:
        for worker in self.workers.values():
            worker.wake()
            worker.kill()

    def data(self, name: str) -> Path:
        """Where its stores lie."""
        return self._folder / name / "data"

    def last_words(self) -> str:
        return "\n".join(f"{name}:\n{worker.log[-2000:]}" for name, worker in self.workers.items())

    def _environment(self, name: str) -> dict[str, str]:
        return {
            "DRIFTWISE_KAFKA_BOOTSTRAP": self._settings.kafka_bootstrap,
            "DRIFTWISE_REGISTRY_URL": self._settings.registry_url,
            "DRIFTWISE_APPLICATION": self._settings.application,
            "DRIFTWISE_GOVERNANCE": str(self._governance),
            "DRIFTWISE_DATA": str(self.data(name)),
            "DRIFTWISE_INSTANCE_ID": f"{self._settings.application}-{name}",
            "DRIFTWISE_SESSION_TIMEOUT_SECONDS": str(SESSION_SECONDS),
            "PYTHONPATH": str(ROOT),
        }

"""A Postgres of Debian's package, in a temporary folder."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from processes import Server, free_port, until

USER = "postgres"


@dataclass(frozen=True)
class Postgres:
    """A running server with no password and one superuser; listens on the loopback."""

    port: int

    def database(self, name: str) -> dict[str, object]:
        """Make an empty database; returns the `storage` entry of dagster.yaml for it."""
        with closing(self._connect()) as connection:
            connection.autocommit = True
            connection.cursor().execute(f'CREATE DATABASE "{name}"')
        return {
            "postgres": {
                "postgres_db": {
                    "username": USER,
                    "password": "",
                    "hostname": "127.0.0.1",
                    "db_name": name,
                    "port": self.port,
                }
            }
        }

    def _connect(self):
        return psycopg2.connect(host="127.0.0.1", port=self.port, user=USER, dbname="postgres")

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                pass
            self._connect().close()
        except (OSError, psycopg2.OperationalError):
            return False
        return True


def binaries() -> Path | None:
    """Where the newest server of this machine is; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """A server for a while. It refuses to run as root, and then runs as `postgres`."""
    programs = binaries()
    assert programs is not None, "no Postgres server here; install postgresql"
    user = USER if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="healthscore-postgres-") as name:
        root = Path(name)
        if user is not None:
            os.chown(root, pwd.getpwnam(user).pw_uid, -1)
        data = root / "data"
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", USER, "--auth=trust", "-E", "UTF8", "-N"],
            check=True,
            capture_output=True,
            user=user,
            cwd=root,
            env=environment,
        )
        port = free_port()
        # Nothing here outlives the machine, so nothing waits for the disk.
        options = [f"-cport={port}", "-clisten_addresses=127.0.0.1", f"-k{root}", "-cfsync=off"]
        server = Server(
            "postgres",
            [programs / "postgres", "-D", data, *options],
            root,
            environment,
            root / "log",
            user,
            signal.SIGINT,
        )
        server.start()
        try:
            postgres = Postgres(port)
            until("Postgres to answer", postgres.answers, 30, [server])
            yield postgres
        finally:
            server.stop()

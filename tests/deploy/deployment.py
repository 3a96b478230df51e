"""The deployment of docker-compose.yml under a name of its own, by its own scripts."""

import base64
import json
import os
import secrets
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import Request, urlopen

T = TypeVar("T")

CHECKOUT = Path(__file__).parents[2]
SERVICES = ("postgres", "code", "webserver", "daemon", "proxy")
NAME, PASSWORD = "ann", "correct horse battery"


@dataclass(frozen=True)
class Deployment:
    """What runs under one environment file."""

    folder: Path
    project: str
    web_port: int
    proxy_port: int

    @classmethod
    def make(cls, folder: Path, lookups: Path, **settings: str) -> "Deployment":
        """The environment file only; nothing is started. ``settings`` replace its lines."""
        made = cls(folder, f"hs{secrets.token_hex(4)}", free_port(), free_port())
        lookups.chmod(0o755)
        made.secrets.mkdir(exist_ok=True, mode=0o755)
        lines = {
            "COMPOSE_PROJECT_NAME": made.project,
            "IMAGE_TAG": "test",
            "POSTGRES_PASSWORD": secrets.token_hex(16),
            "LOGIN_NAME": NAME,
            "WEB_PORT": str(made.web_port),
            "PROXY_PORT": str(made.proxy_port),
            "LOOKUPS_FOLDER": str(lookups),
            "SECRETS_FOLDER": str(made.secrets),
            # The test's own machine may be a small one.
            "CODE_CPUS": "1",
        } | settings
        made.env_file.write_text("".join(f"{n}={v}\n" for n, v in lines.items()))
        return made

    @property
    def env_file(self) -> Path:
        return self.folder / "env"

    @property
    def secrets(self) -> Path:
        """A file per secret of channels."""
        return self.folder / "secrets"

    def script(
        self,
        name: str,
        *arguments: str | Path,
        seconds: float = 900,
        check: bool = True,
        typed: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """One of the scripts of ``deploy/``, as the operations guide says."""
        done = subprocess.run(
            [CHECKOUT / "deploy" / name, *arguments],
            env=os.environ | {"ENV_FILE": str(self.env_file)},
            cwd=CHECKOUT,
            input=typed,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check:
            assert done.returncode == 0, (
                f"deploy/{name}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
            )
        return done

    def container(self, service: str) -> str:
        """The id of a service's container."""
        return docker(
            "ps", "--all", "--quiet", "--no-trunc",
            "--filter", f"label=com.docker.compose.project={self.project}",
            "--filter", f"label=com.docker.compose.service={service}",
            "--filter", "label=com.docker.compose.oneoff=False",
        ).strip()  # fmt: skip

    def facts(self, service: str) -> dict[str, Any]:
        """What Docker knows of a service's container."""
        return json.loads(docker("inspect", self.container(service)))[0]

    def execute(self, service: str, *command: str) -> str:
        """Standard output of a command in a service's container."""
        return docker("exec", self.container(service), *command)

    def start(self, service: str, *command: str, user: str = "") -> None:
        """Start a command in a service's container, which it may bring down with itself."""
        as_user = ["--user", user] if user else []
        docker("exec", "--detach", *as_user, self.container(service), *command)

    def healthy(self, service: str) -> bool:
        """Whether its health check says so."""
        return self.facts(service)["State"]["Health"]["Status"] == "healthy"

    def file(self, path: str) -> bytes | None:
        """A file as the code server sees it, if it is there."""
        done = subprocess.run(
            ["docker", "exec", self.container("code"), "cat", path],
            capture_output=True,
            check=False,
        )
        return done.stdout if done.returncode == 0 else None

    def scores(self, month: str) -> bytes | None:
        """The file of a month's scores in the lake."""
        return self.file(f"/srv/lake/client_scores/month={month}/data.parquet")

    def graphql(self, query: str) -> Any:
        """An answer of the web server, through the proxy with the login."""
        answer = self.through_proxy("/graphql", login(), {"query": query})
        assert answer.status == 200, answer
        told = json.loads(answer.body)
        assert "errors" not in told, told
        return told["data"]

    def runs(self) -> dict[str, str]:
        """Status of every run, by its id."""
        found = self.graphql("{ runsOrError { ... on Runs { results { runId status } } } }")
        return {run["runId"]: run["status"] for run in found["runsOrError"]["results"]}

    def through_proxy(
        self, path: str, headers: dict[str, str] | None = None, body: object = None
    ) -> "Answer":
        """What a browser elsewhere gets."""
        return fetch(f"https://localhost:{self.proxy_port}{path}", headers or {}, body)

    def logs(self) -> str:
        """The last lines of every service, for a person to see what went wrong."""
        return self.script("compose", "logs", "--tail", "40", check=False).stdout


@dataclass(frozen=True)
class Answer:
    """Of a web server."""

    status: int
    headers: dict[str, str]
    body: bytes


def fetch(url: str, headers: dict[str, str], body: object = None) -> Answer:
    """Get, or post where there is a body; redirects of no other server are followed."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data, {"Content-Type": "application/json"} | headers)
    try:
        with urlopen(request, timeout=30, context=unverified()) as answer:
            return Answer(answer.status, dict(answer.headers), answer.read())
    except HTTPError as error:
        return Answer(error.code, dict(error.headers), error.read())


def login(password: str = PASSWORD) -> dict[str, str]:
    """The header that a browser sends."""
    told = base64.b64encode(f"{NAME}:{password}".encode()).decode()
    return {"Authorization": f"Basic {told}"}


def unverified() -> ssl.SSLContext:
    """The certificate is self-signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def docker(*arguments: str) -> str:
    """Standard output of the engine's command."""
    done = subprocess.run(
        ["docker", *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def wait_for(what: str, look: Callable[[], T], seconds: float, told: Callable[[], str]) -> T:
    """The first thing found; on failure says what was waited for, and what ``told`` says."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(1)
    raise AssertionError(f"waited {seconds:.0f} s for {what}\n{told()}")

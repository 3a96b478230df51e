"""The whole deployment on a real Docker engine, from nothing to a restored backup.

The tests stand in the order of an operator's life with it and share one deployment: about ten
minutes on two cores, half of it the building of images. Nothing of it is left afterwards.
"""

import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from deployment import (
    NAME,
    PASSWORD,
    SERVICES,
    Deployment,
    docker,
    fetch,
    login,
    unverified,
    wait_for,
)
from project import Project

MONTH, LATER, LAST = "2024-05", "2024-06", "2024-07"
CLICKS = {
    MONTH: {"acme": 5, "bolt": 3},
    LATER: {"acme": 4, "bolt": 9},
    LAST: {"acme": 2, "bolt": 1},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The same exports for the command line, to compare with."""
    return Project.make(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, project: Project) -> Iterator[Deployment]:
    """Up and healthy; down at the end whatever happened, with its volumes."""
    folder = tmp_path_factory.mktemp("deployment")
    hash_line = Deployment.make(folder, project.lookups).script("password", typed=f"{PASSWORD}\n")
    name, _, value = hash_line.stdout.strip().rpartition("\n")[-1].partition("=")
    made = Deployment.make(folder, project.lookups, **{name: value})
    started = time.monotonic()
    try:
        told = made.script("up", seconds=1800).stdout
        print(f"up and healthy after {time.monotonic() - started:.0f} s")
        assert f"http://127.0.0.1:{made.web_port}" in told
        yield made
    finally:
        made.script("compose", "down", "--volumes", "--remove-orphans", "--timeout", "10")


def scored(deployment: Deployment, month: str) -> bytes:
    """The scores of a month, once they are in the lake and its run is recorded as done."""

    def found() -> bytes | None:
        scores = deployment.scores(month)
        return scores if scores and set(deployment.runs().values()) == {"SUCCESS"} else None

    return wait_for(f"the scores of {month}", found, 420, deployment.logs)


def deliver(deployment: Deployment, project: Project, month: str) -> None:
    deployment.script("deliver", project.deliver_month(month, CLICKS[month]))


@pytest.mark.parametrize("missing", ["POSTGRES_PASSWORD", "LOGIN_HASH"])
def test_it_does_not_start_without_its_secrets(tmp_path: Path, missing: str) -> None:
    secrets = {"POSTGRES_PASSWORD": "secret", "LOGIN_HASH": "'$2y$05$x'"}
    without = Deployment.make(tmp_path, tmp_path, **(secrets | {missing: ""}))
    done = without.script("compose", "up", "--detach", check=False)
    assert done.returncode != 0
    assert missing in done.stdout + done.stderr
    assert "set it in the environment file" in done.stdout + done.stderr
    assert without.container("postgres") == ""


def test_it_does_not_start_without_an_environment_file(tmp_path: Path) -> None:
    nothing = Deployment(tmp_path, "none", 1, 2)
    done = nothing.script("up", check=False)
    assert done.returncode == 1
    assert "no such file; cp deploy/env.example" in done.stderr


def test_every_service_is_healthy_and_confined(deployment: Deployment) -> None:
    for service in SERVICES:
        facts = deployment.facts(service)
        host = facts["HostConfig"]
        assert deployment.healthy(service), service
        assert host["ReadonlyRootfs"], service
        assert host["CapDrop"] == ["ALL"], service
        assert host["SecurityOpt"] == ["no-new-privileges:true"], service
        assert host["RestartPolicy"]["Name"] == "unless-stopped", service
        assert host["Init"], service
        assert host["Memory"] > 0, service
        assert host["NanoCpus"] > 0, service
        assert host["PidsLimit"] > 0, service
        assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "5"}, service
        if service != "postgres":  # becomes user postgres by itself
            assert facts["Config"]["User"] == "10001:10001", service
            assert not host["CapAdd"], service


@pytest.mark.parametrize("service", SERVICES)
def test_processes_are_not_root_and_cannot_write_beside_their_volumes(
    deployment: Deployment, service: str
) -> None:
    listed = docker("top", deployment.container(service), "-eo", "pid,uid,comm").splitlines()[1:]
    users = {name: uid for _, uid, name in (line.split(maxsplit=2) for line in listed)}
    server = {"postgres": "postgres", "proxy": "nginx"}
    of_server = {u for n, u in users.items() if n.startswith(server.get(service, ""))}
    if service == "postgres":
        assert "0" not in of_server, users
    else:
        assert of_server == {"10001"}, users
    refused = deployment.execute(service, "sh", "-c", "touch /etc/x 2>&1 || true")
    assert "Read-only file system" in refused or "Permission denied" in refused


def test_the_code_server_writes_what_it_pulls_into_the_inbox(deployment: Deployment) -> None:
    folder = "/srv/exports/pendo/pulled"
    made = f"mkdir -p {folder} && touch {folder}/.x && rm {folder}/.x && echo done"
    assert deployment.execute("code", "sh", "-c", made).strip() == "done"


def test_secrets_are_only_where_they_are_needed(deployment: Deployment) -> None:
    environments = {s: deployment.execute(s, "env") for s in SERVICES}
    assert "POSTGRES_PASSWORD" not in environments["proxy"]
    assert not [s for s, env in environments.items() if "LOGIN_HASH" in env and s != "proxy"]


def test_the_web_server_is_on_the_loopback_only(deployment: Deployment) -> None:
    ports = deployment.facts("webserver")["HostConfig"]["PortBindings"]
    assert ports == {"3000/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(deployment.web_port)}]}
    answer = fetch(f"http://127.0.0.1:{deployment.web_port}/server_info", {})
    assert answer.status == 200
    published = {s: deployment.facts(s)["HostConfig"]["PortBindings"] for s in SERVICES}
    assert [s for s in SERVICES if published[s]] == ["webserver", "proxy"]
    # Another address of this machine: the proxy answers there, the web server does not.
    with socket.create_connection(("127.0.0.2", deployment.proxy_port), timeout=5):
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", deployment.web_port), timeout=5)


@pytest.mark.parametrize("port", ["postgres:5432", "code:4000", "daemon:1"])
def test_the_proxy_reaches_the_web_server_only(deployment: Deployment, port: str) -> None:
    host = port.partition(":")[0]
    look = f"import socket; socket.getaddrinfo({host!r}, 0)"
    told = deployment.execute("proxy", "sh", "-c", f'python3 -c "{look}" 2>&1 || true')
    assert "gaierror" in told


def test_the_login(deployment: Deployment) -> None:
    def status(headers: dict[str, str], path: str = "/server_info") -> int:
        return deployment.through_proxy(path, headers).status

    asked = deployment.through_proxy("/server_info")
    assert asked.status == 401
    assert asked.headers["WWW-Authenticate"] == 'Basic realm="healthscore"'
    assert asked.headers["Server"] == "nginx"
    assert status(login("wrong")) == 401
    assert status(login()) == 200
    assert b"<!doctype html>" in deployment.through_proxy("/", login()).body.lower()
    assert deployment.through_proxy("/graphql", {}, {"query": "{ version }"}).status == 401
    assert deployment.graphql("{ version }")["version"].startswith("1.")
    # The health check of the proxy needs none, and tells nothing.
    assert deployment.through_proxy("/healthz").body == b"ok\n"


def test_pages_of_other_sites_cannot_use_the_login(deployment: Deployment) -> None:
    own = {"Origin": f"https://localhost:{deployment.proxy_port}"}
    assert deployment.through_proxy("/server_info", login() | own).status == 200
    for origin in ("https://evil.example", "http://localhost:1", "null"):
        foreign = login() | {"Origin": origin}
        assert deployment.through_proxy("/server_info", foreign).status == 403, origin


def test_the_proxy_speaks_tls_only(deployment: Deployment) -> None:
    told = fetch(f"http://localhost:{deployment.proxy_port}/server_info", {})
    # Followed to TLS, where a login is wanted.
    assert told.status == 401
    certificate = ssl.get_server_certificate(("127.0.0.1", deployment.proxy_port))
    trusting = ssl.create_default_context(cadata=certificate)
    with (
        socket.create_connection(("127.0.0.1", deployment.proxy_port), timeout=5) as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.version() == "TLSv1.3"
    old = unverified()
    old.set_ciphers("DEFAULT:@SECLEVEL=0")  # so that it is the server that refuses
    with pytest.warns(DeprecationWarning, match="TLSv1 is deprecated"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", deployment.proxy_port), timeout=5) as plain,
        pytest.raises(ssl.SSLError),
    ):
        old.wrap_socket(plain)


def test_web_sockets_pass_with_the_login(deployment: Deployment) -> None:
    """The UI holds one open, on which the server sends what happens."""

    def first_line(headers: dict[str, str]) -> str:
        wanted = {
            "Host": f"localhost:{deployment.proxy_port}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Protocol": "graphql-ws",
        } | headers
        lines = "".join(f"{name}: {value}\r\n" for name, value in wanted.items())
        with (
            socket.create_connection(("127.0.0.1", deployment.proxy_port), timeout=20) as plain,
            unverified().wrap_socket(plain) as secure,
        ):
            secure.sendall(f"GET /graphql HTTP/1.1\r\n{lines}\r\n".encode())
            return secure.recv(4096).decode().splitlines()[0]

    assert first_line(login()) == "HTTP/1.1 101 Switching Protocols"
    assert first_line({}) == "HTTP/1.1 401 Unauthorized"


def test_passwords_cannot_be_tried_at_will(deployment: Deployment) -> None:
    statuses = [
        deployment.through_proxy("/server_info", login(f"guess {n}")).status for n in range(40)
    ]
    # Twenty-one from this address, some of them before this test, and one more in five seconds.
    assert statuses[:15] == [401] * 15
    assert statuses.count(403) > 5
    # Who is in already stays in.
    assert deployment.through_proxy("/server_info", login()).status == 200


SIGN_ON = """
import http.server

class SignOn(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = "session=good" in self.headers.get("Cookie", "")
        self.send_response(202 if known else 401 if self.path == "/oauth2/auth" else 200)
        self.send_header("X-Auth-Request-Email", "ann@example.com" if known else "")
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.encode())

http.server.ThreadingHTTPServer(("", 4180), SignOn).serve_forever()
"""


def test_single_sign_on_in_place_of_the_password(deployment: Deployment) -> None:
    """The proxy against a server that answers as oauth2-proxy does, as a service of that name."""
    services = {
        "proxy": {"environment": {"LOGIN_BY": "sso"}},
        "oauth2-proxy": {
            "image": "healthscore-proxy:test",
            "command": ["python3", "-uc", SIGN_ON],
            "networks": ["front"],
        },
    }
    (deployment.folder / "sso.yml").write_text(json.dumps({"services": services}))
    former = deployment.env_file.read_text()
    with deployment.env_file.open("a") as env:
        env.write(f"COMPOSE_FILE=docker-compose.yml:{deployment.folder / 'sso.yml'}\n")
    try:
        deployment.script("compose", "up", "--detach", "proxy", "oauth2-proxy")

        def asked_to_sign_in() -> bool:
            try:
                return deployment.through_proxy("/runs?a=1").body == b"/oauth2/start?rd=/runs?a=1"
            except OSError:
                return False

        wait_for("the way to the sign-on", asked_to_sign_in, 60, deployment.logs)
        known = {"Cookie": "session=good"}
        assert deployment.through_proxy("/server_info", known).status == 200
        query = {"query": "{ version }"}
        assert deployment.through_proxy("/graphql", known, query).status == 200
        # The password is of no use any more.
        assert deployment.through_proxy("/server_info", login()).body.startswith(b"/oauth2/start")
        assert "ann@example.com" in deployment.script("compose", "logs", "proxy").stdout
    finally:
        deployment.env_file.write_text(former)
        deployment.script("up")
    assert deployment.through_proxy("/server_info").status == 401
    assert deployment.through_proxy("/server_info", login()).status == 200


def test_an_export_in_the_inbox_becomes_scores(deployment: Deployment, project: Project) -> None:
    started = time.monotonic()
    deliver(deployment, project, MONTH)
    scores = scored(deployment, MONTH)
    print(f"scores {time.monotonic() - started:.0f} s after the delivery")
    # Acme has more engagement than the one other client, and bolt more than none.
    (project.root / "scores.parquet").write_bytes(scores)
    by_client = pd.read_parquet(project.root / "scores.parquet").set_index("client_id")
    assert by_client["total_all"].to_dict() == {"acme": 100.0, "bolt": 0.0}
    # What the command makes of the same files elsewhere.
    done = project.run("run")
    assert done.returncode == 0, done.stderr
    path = project.lake / "client_scores" / f"month={MONTH}" / "data.parquet"
    assert path.read_bytes() == scores


def test_a_register_that_comes_later_names_the_clients(
    deployment: Deployment, project: Project
) -> None:
    register = project.root / f"accounts_{MONTH}-28.csv"
    register.write_text("Client,Name\nacme,Acme Ltd\nbolt,Bolt Inc\n")
    deployment.script("deliver", "--feed", "accounts", register)

    def names() -> list[str]:
        scores = deployment.scores(MONTH) or b""
        (project.root / "scores.parquet").write_bytes(scores)
        return sorted(pd.read_parquet(project.root / "scores.parquet")["client_name"])

    told = ["Acme Ltd", "Bolt Inc"]
    wait_for("the names", lambda: names() == told, 420, deployment.logs)
    wrong = deployment.script("deliver", "--feed", "tickets", register, check=False)
    assert (wrong.returncode, "expected accounts, support_tickets" in wrong.stderr) == (2, True)


def test_the_command_works_in_the_container(deployment: Deployment) -> None:
    told = deployment.execute("code", "healthscore", "scores", "--month", MONTH, "--format", "json")
    assert [row["client_id"] for row in json.loads(told)] == ["acme", "bolt"]


KILL = {
    # The one process below the container's init, whatever its number is.
    "": 'for p in /proc/[0-9]*; do grep -q "^PPid:[[:space:]]1$" $p/status 2>/dev/null'
    " && kill -9 ${p#/proc/}; done; true",
    "postgres": "kill -9 $(head -1 /var/lib/postgresql/data/postmaster.pid)",
}


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_service_comes_back(deployment: Deployment, service: str) -> None:
    before = deployment.facts(service)["State"]["StartedAt"]
    script = KILL.get(service, KILL[""])
    deployment.start(service, "sh", "-c", script, user="postgres" if service == "postgres" else "")

    def back() -> bool:
        return deployment.facts(service)["State"]["StartedAt"] != before and all(
            deployment.healthy(each) for each in SERVICES
        )

    wait_for(f"{service} to come back", back, 420, deployment.logs)
    query = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name } } } }"

    def loaded() -> bool:
        answer = deployment.through_proxy("/graphql", login(), {"query": query})
        return answer.status == 200 and b'"name"' in answer.body

    wait_for("the graph in the UI", loaded, 60, deployment.logs)


def test_after_all_were_killed_exports_still_become_scores(
    deployment: Deployment, project: Project
) -> None:
    deliver(deployment, project, LATER)
    scored(deployment, LATER)


def test_a_backup_restores_into_an_empty_deployment(
    deployment: Deployment, project: Project, tmp_path: Path
) -> None:
    """Scores and the history of runs are there, and the sensor knows which files it has seen."""
    backup = tmp_path / "backup"
    deployment.script("backup", backup)
    again = deployment.script("backup", backup, check=False)
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    refused = deployment.script("restore", backup, check=False)
    assert (refused.returncode, "is not empty" in refused.stderr) == (1, True)

    scores = {month: deployment.scores(month) for month in (MONTH, LATER)}
    runs = deployment.runs()
    deployment.script("compose", "down", "--volumes", "--timeout", "20")
    deployment.script("restore", backup)
    deployment.script("up")
    assert {month: deployment.scores(month) for month in (MONTH, LATER)} == scores
    assert deployment.runs() == runs

    deliver(deployment, project, LAST)
    scored(deployment, LAST)
    # One run for the new month: the months before were not run again.
    assert len(deployment.runs()) == len(runs) + 1


def test_the_steps_of_an_upgrade(deployment: Deployment) -> None:
    """As the operations guide has them; the storage is at the newest version already."""
    deployment.script("compose", "build")
    deployment.script("compose", "stop", "proxy", "daemon", "webserver", "code")
    deployment.script("compose", "run", "--rm", "code", "dagster", "instance", "migrate")
    deployment.script("up")
    assert deployment.scores(MONTH)


RECEIVER = """
import http.server, pathlib
class Take(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        with pathlib.Path("/srv/scratch/received").open("ab") as file:
            file.write(self.headers["webhook-id"].encode() + b" " + body + b"\\n")
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", 8099), Take).serve_forever()
"""
HOOK = {
    "HOOK_URL": "http://127.0.0.1:8099/verysecretpath",
    "HOOK_SECRET": "whsec_" + "c2VjcmV0" * 5,
}


def test_the_operators_are_told_by_a_channel_whose_secrets_are_files(
    deployment: Deployment, project: Project, tmp_path: Path
) -> None:
    deployment.start("code", "python", "-c", RECEIVER)
    for name, secret in HOOK.items():
        (deployment.secrets / name).write_text(f"{secret}\n")
    project.lookup(
        "delivery.yaml",
        "channels:\n  hook: {kind: webhook, url: HOOK_URL, secret: HOOK_SECRET}\n"
        "operators: {channel: hook}\n",
    )
    tried = deployment.execute("code", "healthscore", "deliver", "--trial", "hook")
    assert tried.startswith("sent: a trial by hook")
    lost = tmp_path / "usage.csv"  # of no month
    lost.write_text("Visitor ID,Account ID,Export,Reports\nv-1,acme,1,2\n")
    deployment.script("deliver", lost)

    def told() -> list[str]:
        lines = (deployment.file("/srv/scratch/received") or b"").decode().splitlines()
        titles = [json.loads(line.partition(" ")[2])["title"] for line in lines]
        return [title for title in titles if title.startswith("usage.csv")]

    assert len(wait_for("the operators' message", told, 420, deployment.logs)) == 1
    listed = deployment.execute("code", "healthscore", "deliver", "--list")
    assert "usage.csv" in listed.partition("Sent in the last 7 days")[2]
    said = deployment.script("compose", "logs").stdout
    assert not [secret for secret in HOOK.values() if secret in said]
    assert "verysecretpath" not in said


def test_nothing_is_said_of_the_password_in_the_logs(deployment: Deployment) -> None:
    secret = next(
        line.partition("=")[2]
        for line in deployment.env_file.read_text().splitlines()
        if line.startswith("POSTGRES_PASSWORD")
    )
    said = deployment.script("compose", "logs").stdout
    assert NAME in said
    assert secret not in said
    assert PASSWORD not in said

"""A deployment's settings are those of the project; only its storage is another."""

from pathlib import Path

import yaml

from healthscore_assets.signals.feeds import FEEDS

CHECKOUT = Path(__file__).parents[2]


def read(path: str) -> dict[str, object]:
    return yaml.safe_load((CHECKOUT / path).read_text())


def test_the_instance_of_a_deployment_differs_in_its_storage_only() -> None:
    deployed = read("deploy/dagster.yaml")
    local = read("healthscore_assets/orchestration/dagster.yaml")
    storage = deployed.pop("storage")
    assert local.pop("storage")["custom"]["config"] == {"base_dir": {"env": "DAGSTER_HOME"}}
    assert deployed == local
    # Never in the file: the password comes from the environment.
    assert storage["postgres"]["postgres_db"]["password"] == {"env": "POSTGRES_PASSWORD"}


def test_the_location_has_the_same_name_everywhere() -> None:
    (deployed,) = read("deploy/workspace.yaml")["load_from"]
    (local,) = read("workspace.yaml")["load_from"]
    assert deployed["grpc_server"]["location_name"] == local["python_module"]["location_name"]


def test_the_image_has_the_versions_that_were_tested() -> None:
    def lines(path: str) -> set[str]:
        return set((CHECKOUT / path).read_text().splitlines())

    assert lines("requirements-deploy.txt") <= lines("requirements-dev.txt")
    runtime = lines("requirements.txt") - lines("requirements-deploy.txt")
    assert not runtime, runtime


def test_files_of_every_feed_can_be_delivered() -> None:
    script = (CHECKOUT / "deploy" / "deliver").read_text()
    assert f"    {' | '.join(FEEDS)}) ;;\n" in script

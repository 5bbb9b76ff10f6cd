"""docker-compose.yml may name only settings that we know, and images that are pinned and alive."""

import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from api.settings import Settings

ROOT = pathlib.Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
FOR_COMPOSE_ALONE = {"ANTIN_HOST", "ANTIN_POSTGRESQL_PASSWORD"}


def known_variables():
    names = {f"ANTIN_{name}".upper() for name in Settings.model_fields}
    return names | {f"{name}_FILE" for name in names}


@pytest.mark.parametrize("service", ["app", "worker"])
def test_our_services_are_given_only_settings_that_exist(service):
    given = {v for v in SERVICES[service]["environment"] if v.startswith("ANTIN_")}
    assert given
    assert given <= known_variables()


def test_every_variable_asked_of_the_administrator_is_in_the_example():
    text = (ROOT / "docker-compose.yml").read_text()
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)", text))
    example = set(
        re.findall(r"^([A-Z0-9_]+)=", (ROOT / "deploy/env.example").read_text(), re.MULTILINE)
    )
    assert asked == example
    assert {v for v in asked if v.startswith("ANTIN_")} - known_variables() <= FOR_COMPOSE_ALONE


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_every_image_is_pinned_to_a_version(service):
    tag = SERVICES[service]["image"].rpartition(":")[2]
    assert re.search(r"\d", tag)


def test_no_image_comes_from_the_withdrawn_minio_account():
    assert not [s for s in SERVICES.values() if s["image"].startswith("minio/")]


def test_compose_itself_accepts_the_file_where_it_is_installed(tmp_path):
    command = next(
        (
            c
            for c in (["docker", "compose"], ["docker-compose"])
            if shutil.which(c[0])
            and subprocess.run([*c, "version"], capture_output=True, check=False).returncode == 0
        ),
        None,
    )
    if command is None:
        return  # the checks above stand alone; there is nothing to install for this one
    env = tmp_path / "env"
    env.write_text(
        re.sub(r"=$", "=x", (ROOT / "deploy/env.example").read_text(), flags=re.MULTILINE)
    )
    run = subprocess.run(
        [*command, "--env-file", env, "-f", ROOT / "docker-compose.yml", "config", "-q"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr

from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import Settings, load, reference

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    import os

    for name in list(os.environ):
        if name.startswith("ANTIN_"):
            monkeypatch.delenv(name)


def test_the_page_of_settings_says_what_the_code_says():
    page = (ROOT / "docs/reference/settings.md").read_text(encoding="utf-8")
    assert page == reference(), "python -m api.settings > docs/reference/settings.md"


def test_without_anything_set_everything_lies_under_data(tmp_path):
    settings = load(tmp_path / "d")
    assert settings.db_url == f"sqlite:///{tmp_path}/d/antin.db"
    assert settings.store_url == f"file://{tmp_path}/d/objects"
    assert not (tmp_path / "d").exists()


def test_a_secret_comes_from_its_file_without_the_editors_newline(tmp_path, monkeypatch):
    (tmp_path / "url").write_text("postgresql+psycopg://u:pw@h/antin\n")
    monkeypatch.setenv("ANTIN_DATABASE_URL_FILE", str(tmp_path / "url"))
    settings = load()
    assert settings.db_url == "postgresql+psycopg://u:pw@h/antin"
    assert "pw" not in repr(settings)
    assert "pw" not in str(settings.model_dump())


def test_a_value_and_its_file_together_are_refused(tmp_path, monkeypatch):
    (tmp_path / "k").write_text("a")
    monkeypatch.setenv("ANTIN_S3_ACCESS_KEY_FILE", str(tmp_path / "k"))
    monkeypatch.setenv("ANTIN_S3_ACCESS_KEY", "b")
    with pytest.raises(ValueError, match="both set"):
        load()


def test_a_secret_file_that_is_missing_is_named(monkeypatch):
    monkeypatch.setenv("ANTIN_S3_SECRET_KEY_FILE", "/nowhere/key")
    with pytest.raises(ValueError, match="/nowhere/key"):
        load()


@pytest.mark.parametrize(
    "values",
    [
        {"object_store": "s3://bucket?endpoint=http://h"},  # no keys
        {"object_store": "s3://bucket", "s3_access_key": "a", "s3_secret_key": "b"},
        {"object_store": "ftp://x"},
        {"tsa": "https://no.name/"},
        {"upload_limit": 0},
        {"log_level": "LOUD"},
    ],
)
def test_a_setting_that_means_nothing_is_refused(values):
    with pytest.raises(ValidationError):
        load(**values)


def test_a_refused_secret_is_not_repeated_in_the_error(monkeypatch):
    monkeypatch.setenv("ANTIN_S3_SECRET_KEY", "canary-secret")
    monkeypatch.setenv("ANTIN_OBJECT_STORE", "s3://bucket")
    with pytest.raises(ValidationError) as e:
        load()
    assert "canary-secret" not in str(e.value)


def test_lists_are_written_with_commas_or_spaces():
    settings = load(tsa="a=https://a/ts, b=http://b/ts", fetch_hosts="x.vn y.vn:8080")
    assert settings.authorities == (("a", "https://a/ts"), ("b", "http://b/ts"))
    assert settings.fetch_hosts == ("x.vn", "y.vn:8080")


def test_settings_do_not_change_under_a_running_house():
    with pytest.raises(ValidationError):
        Settings().data = Path("/elsewhere")

"""Who keeps revocation evidence where: a server in the database, a command beside its data."""

from sqlalchemy import func, select

from api.settings import load
from api.wiring import House


def entries(house):
    from archive.catalogue.database import reading
    from office.tables.evidence import revocation_evidence

    with reading(house.engine) as db:
        return db.execute(select(func.count()).select_from(revocation_evidence)).scalar_one()


def gather(house):
    signer = house.identities.get("lanh-dao-1")
    source = house.revocation(house.trust())
    return source.gather_for_chain((signer.certificate, *signer.chain))


class Deaf:
    """A network that nobody answers on."""

    def fetch(self, request):
        raise AssertionError(request.url)


def test_what_one_server_fetched_the_next_has_without_asking(data):
    with House(load(data)) as first:
        first.open()
        fetched = gather(first)
        assert fetched.ocsp_responses or fetched.crls
        assert entries(first) > 0
    with House(load(data), fetcher=Deaf()) as second:
        second.open()
        assert gather(second) == fetched
        assert second.sweep()["evidence"] == 0


def test_a_command_keeps_it_in_files_and_makes_no_database(data):
    with House(load(data)) as house:
        assert gather(house)
    assert not (data / "antin.db").exists()
    assert list((data / "cache").glob("*.evidence"))


def test_without_a_data_directory_nothing_is_written(data, tmp_path):
    elsewhere = tmp_path / "none"
    with House(load(elsewhere)) as house, House(load(data)) as other:
        signer = other.identities.get("lanh-dao-1")
        house.revocation(other.trust()).gather_for_chain((signer.certificate, *signer.chain))
    assert not elsewhere.exists()

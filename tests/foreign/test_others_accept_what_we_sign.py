"""Each level, by EU DSS, pdfsig and veraPDF.

EU DSS calls a level LT only where the validation data came in a revision after the signature's.
Ours come with the signature, so that nothing unsigned follows it (the verifier that Vietnamese
agencies use calls a document changed otherwise): DSS uses them, says TOTAL-PASSED, and names the
level T. A B-LTA whose time-stamp comes with validation data in its own revision is LTA to it.
"""

import pytest

from bench.foreign_validators import Integrity, dss, pdfa, pdfsig

LEVELS = ("B-B", "B-T", "B-LT", "B-LTA")
NAMED_BY_DSS = {"B-B": "B", "B-T": "T", "B-LT": "T", "B-LTA": "LTA"}
KEYS = {"RSA-2048": "lanh-dao-1", "P-256": "lanh-dao-3"}

pytestmark = pytest.mark.foreign


@pytest.fixture(scope="module")
def signed(office, paper, tmp_path_factory):
    folder = tmp_path_factory.mktemp("signed")
    return {
        (level, key): office.sign(paper, folder / f"{level}-{key}.pdf", level=level, who=who)
        for level in LEVELS
        for key, who in KEYS.items()
    }


@pytest.fixture(scope="module")
def by_dss(jar, office, signed):
    opinions = dss(
        list(signed.values()), trust=[office.root], revocation_lists=office.revocation_lists()
    )
    return dict(zip(signed, (opinion for opinion, _ in opinions), strict=True))


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("level", LEVELS)
def test_eu_dss_passes_every_level(by_dss, level, key):
    opinion = by_dss[level, key]
    assert opinion.integrity is Integrity.INTACT, opinion.why
    assert opinion.indication == "TOTAL-PASSED", opinion.tokens
    assert {t.indication for t in opinion.tokens if t.is_timestamp} <= {"PASSED"}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("level", LEVELS)
def test_eu_dss_names_the_level(by_dss, level, key):
    named = [t.level for t in by_dss[level, key].tokens if not t.is_timestamp]
    assert named == [f"PAdES-BASELINE-{NAMED_BY_DSS[level]}"]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("level", ["B-LT", "B-LTA"])
def test_the_long_term_levels_bring_all_their_evidence(jar, office, signed, level, key):
    [(opinion, _)] = dss([signed[level, key]], trust=[office.root])
    assert opinion.indication == "TOTAL-PASSED", opinion.tokens


def test_without_evidence_nobody_passes(jar, office, signed):
    [(opinion, _)] = dss([signed["B-B", "RSA-2048"]], trust=[office.root])
    assert opinion.indication == "INDETERMINATE"


def test_without_trust_nobody_passes(jar, office, signed):
    lists = office.revocation_lists()
    for opinion, _ in dss(list(signed.values()), revocation_lists=lists):
        assert opinion.integrity is Integrity.INTACT
        assert opinion.indication == "INDETERMINATE"


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("level", LEVELS)
def test_pdfsig_finds_the_signature_valid(signed, level, key):
    [opinion] = pdfsig([signed[level, key]])
    first, *stamps = opinion.tokens
    assert first.intact
    assert len(stamps) == (1 if level == "B-LTA" else 0)
    if level != "B-LTA":  # it verifies no document time-stamp, and says so
        assert opinion.integrity is Integrity.INTACT, opinion.why


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("level", LEVELS)
def test_pdfa_stays_pdfa(jar, paper, signed, level, key):
    (_, before), (_, after) = pdfa([paper, signed[level, key]])
    assert (before.flavour, before.compliant) == ("2b", True), before.failed_rules
    assert (after.flavour, after.compliant) == ("2b", True), after.failed_rules

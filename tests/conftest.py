"""What every test run has: real servers on request, loopback only, skips that are heard."""

from hypothesis import settings

from support import loopback_only

pytest_plugins = ["support.fixtures", "support.loud_skips"]

loopback_only.install()

# A busy machine must not fail a test: time is measured in bench/, not here.
settings.register_profile("antin", deadline=None)
settings.load_profile("antin")

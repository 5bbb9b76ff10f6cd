"""What every test run has: real servers on request, loopback only, skips that are heard."""

from support import loopback_only

pytest_plugins = ["support.fixtures", "support.loud_skips"]

loopback_only.install()

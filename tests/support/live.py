"""A house behind a real server on loopback, in this process."""

import socket
import threading
from datetime import timedelta

import httpx
import uvicorn

from api.rest.app import create_app
from office.people import NewPerson


def free_port() -> int:
    """Return a port that nobody listens on right now."""
    with socket.create_server(("127.0.0.1", 0)) as trial:
        return trial.getsockname()[1]


class Live:
    """A server on loopback, and who may use it."""

    def __init__(self, house, address):
        self.house = house
        self.client = httpx.Client(base_url=address, timeout=60)
        self._people = 0

    def join(self, *roles, identities=("lanh-dao-1",)):
        """Return the headers of somebody new with these roles."""
        self._people += 1
        person = self.house.people.add(
            NewPerson(
                account=f"nguoi-{self._people}",
                password="mat-khau-cua-toi",
                full_name="Người Thử",
                title="",
                agency="Cơ quan",
                roles=frozenset(roles),
                identities=frozenset(identities),
            )
        )
        token = self.house.people.issue_token(person.id, "test", timedelta(hours=1))
        return {"Authorization": f"Bearer {token}"}


class Server(uvicorn.Server):
    """Does not touch signals; says when it answers."""

    def __init__(self, config):
        super().__init__(config)
        self.answers = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.answers.set()


def serving(house):
    """Serve `house` until the generator is closed."""
    house.open()
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(uvicorn.Config(create_app(house), log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    assert server.answers.wait(30)
    live = Live(house, f"http://127.0.0.1:{listening.getsockname()[1]}")
    try:
        yield live
    finally:
        live.client.close()
        server.should_exit = True
        thread.join(20)
        listening.close()
        house.close()

"""A test's handle on the witness: Baileys, told what to do as the echo client is."""

from pathlib import Path
from typing import Any

from simulator import Phone, Simulator
from tests.services.baileys import WITNESS
from tests.simulator.bot import Bot

DELIVERED, READ = 3, 4  # Baileys' words for what receipts say


class Witness(Bot):
    """One Baileys client in a child process, with its session in the folder `store`."""

    def __init__(self, simulator: Simulator, store: Path, node: str):
        super().__init__(simulator, store)
        self.node = node

    def command(self, events: str) -> list[str]:
        return [self.node, str(WITNESS), str(self.store), events]

    async def link(self, owner: Phone) -> None:
        await owner.scan((await self.tells("qr"))["data"])
        await self.tells("Connected")

    async def receives(self, message_id: str, **facts: Any) -> dict[str, Any]:
        """Wait for a message from a phone."""
        return await self.tells("message", id=message_id, from_me=False, **facts)

    async def sends(self, chat: str, text: str, **details: Any) -> str:
        """Send a text; its id."""
        return str(await self.order("send", to=chat, text=text, **details))

    async def order(self, what: str, **details: Any) -> Any:
        """Give an order that must succeed; what it returns."""
        outcome = await self.does(what, **details)
        assert outcome["event"] == "done", outcome
        return outcome["data"]

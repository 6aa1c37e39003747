"""The look at a claim just before its call: asked for one by one, answered for all who asked while the last one ran."""

import asyncio
from datetime import UTC, datetime

from asgiref.sync import sync_to_async

from sandboxes.actions.claims import Claim, still_mine


class LastCheck:
    """For the calls of one sender on one event loop: never older than the moment it was asked for."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Claim, asyncio.Future[bool]]] = []
        self._looking: asyncio.Task[None] | None = None

    async def is_mine(self, claim: Claim) -> bool:
        """Whether `claim` may be sent now."""
        told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((claim, told))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await told

    async def _look(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, []
            try:
                mine = await sync_to_async(still_mine)([claim for claim, _ in asked], datetime.now(UTC))
            except BaseException as error:
                for _, told in asked:
                    if not told.done():
                        told.set_exception(error)
                raise
            for claim, told in asked:
                if not told.done():
                    told.set_result(claim.action.pk in mine)

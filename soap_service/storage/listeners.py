"""Which worker processes listen for which extensions: what a call is ENTREGUE by."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from soap_service.model import Listener
from soap_service.storage.part import Part


class Listeners(Part):
    """The listeners of all worker processes of all nodes."""

    def change(self, worker: str, subscribed: Mapping[str, datetime], gone: Collection[str]) -> None:
        """Add the extensions a worker process subscribes to, until when each, and remove those it has left."""
        with self._database.writing() as session:
            if gone:
                mine = delete(Listener).where(Listener.worker == worker)
                session.execute(mine.where(Listener.extension.in_(gone)))
            if subscribed:
                self._write_listeners(session, worker, subscribed)

    def keep(self, worker: str, subscribed: Mapping[str, datetime]) -> None:
        """Keep exactly the extensions a worker process subscribes to, until when each; forget processes that died.

        Those of a process that could not say so for a while are there again.
        """
        with self._database.writing() as session:
            session.execute(delete(Listener).where(Listener.until < self._database.now()))
            gone = delete(Listener).where(Listener.worker == worker, Listener.extension.not_in(subscribed))
            session.execute(gone)
            if subscribed:
                self._write_listeners(session, worker, subscribed)

    def _write_listeners(self, session: Session, worker: str, subscribed: Mapping[str, datetime]) -> None:
        """Write the rows, those that are there already and those that are not alike, in one order everywhere."""
        rows = [
            {"extension": extension, "worker": worker, "until": until}
            for extension, until in sorted(subscribed.items())
        ]
        insert = self._database.insert_into(Listener)
        key = (Listener.extension, Listener.worker)
        session.execute(insert.on_conflict_do_update(index_elements=key, set_={"until": insert.excluded.until}), rows)

    def remove(self, worker: str) -> None:
        """Say that a worker process listens for nothing: it starts or ends."""
        with self._database.writing() as session:
            session.execute(delete(Listener).where(Listener.worker == worker))

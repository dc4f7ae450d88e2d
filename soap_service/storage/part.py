"""What every subject of the store is made of."""

from soap_service.storage.database import Database


class Part:
    """One subject of the store. It asks the database itself; another subject only where it is given one."""

    def __init__(self, database: Database) -> None:
        self._database = database

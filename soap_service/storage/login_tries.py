"""Tries of passwords, counted by all nodes together, and the browsers that agents have logged in with before.

Rows are locked in the order of their keys, be they there already or not: no two transactions wait for each other.
"""

from datetime import timedelta

from sqlalchemy import case, delete, select

from soap_service.errors import LimitExceeded
from soap_service.model import Agent, KnownBrowser, LoginBudget
from soap_service.rules.credentials import login_digest
from soap_service.rules.login_budgets import TryBudgets
from soap_service.storage.database import Database
from soap_service.storage.part import Part

#: A browser that was not used for so long is a stranger's again.
KNOWN_FOR = timedelta(days=400)
#: Of an agent so many are known, those that were used last.
MOST_KNOWN = 20
_SPENT_BETWEEN_PURGES = 100
_PURGED_AT_ONCE = 1000


class LoginTries(Part):
    """Budgets of tries, and known browsers by the random id in their cookies."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._spent = 0

    def spend(self, tried: TryBudgets) -> None:
        """Count a try before its password is checked; raises LimitExceeded, having counted nothing, for one too many.

        What is spent already is told by a read: a flood of tries writes nothing.
        """
        budgets, now = tried.spent, self._now()
        with self._database.reading() as session:
            found = session.execute(select(LoginBudget.key, LoginBudget.full_at).where(LoginBudget.key.in_(budgets)))
            if any(budgets[key].is_spent(full_at, now) for key, full_at in found):
                raise LimitExceeded
        with self._database.writing() as session:
            rows = [{"key": key, "full_at": now + budgets[key].seconds} for key in sorted(budgets)]
            new = self._database.insert_into(LoginBudget).values(rows)
            kept = LoginBudget.full_at
            full_at = case((kept > now, kept + (new.excluded.full_at - now)), else_=new.excluded.full_at)
            counted = new.on_conflict_do_update(index_elements=["key"], set_={"full_at": full_at})
            told = session.execute(counted.returning(LoginBudget.key, kept)).all()
            if any(budgets[row.key].is_overspent(row.full_at, now) for row in told):
                raise LimitExceeded  # nothing of it is committed
        self._spent += 1
        if self._spent % _SPENT_BETWEEN_PURGES == 0:
            self.purge()

    def forgive(self, tried: TryBudgets) -> None:
        """Take a try back that was right, and with it the failures that its agent has had."""
        given = {**dict.fromkeys(tried.forgiven, 0.0), **{key: -one.seconds for key, one in tried.returned.items()}}
        rows = [{"key": key, "full_at": given[key]} for key in sorted(given)]
        new = self._database.insert_into(LoginBudget).values(rows)
        left = case((new.excluded.full_at < 0, LoginBudget.full_at + new.excluded.full_at), else_=0.0)
        with self._database.writing() as session:
            session.execute(new.on_conflict_do_update(index_elements=["key"], set_={"full_at": left}))

    def purge(self) -> None:
        """Forget budgets that are full."""
        full = select(LoginBudget.key).where(LoginBudget.full_at < self._now()).limit(_PURGED_AT_ONCE)
        with self._database.writing() as session:
            keys = session.scalars(full.with_for_update(skip_locked=True)).all()
            session.execute(delete(LoginBudget).where(LoginBudget.key.in_(keys)))

    def is_known(self, cookie: str, login: str) -> bool:
        """Tell whether the agent with that login has logged in before in the browser with that cookie."""
        mine = select(KnownBrowser.id_hash).join(Agent, Agent.id == KnownBrowser.agent_id)
        mine = mine.where(KnownBrowser.id_hash == login_digest(cookie), Agent.login == login)
        with self._database.reading() as session:
            return session.scalar(mine.where(KnownBrowser.used_at > self._database.now() - KNOWN_FOR)) is not None

    def know(self, cookie: str, agent_id: int) -> None:
        """Know the browser with that cookie as one of the agent's from now on; only the last `MOST_KNOWN` are kept."""
        row = {"id_hash": login_digest(cookie), "agent_id": agent_id, "used_at": self._database.now()}
        insert = self._database.insert_into(KnownBrowser).values(row)
        key = ["id_hash", "agent_id"]
        mine = KnownBrowser.agent_id == agent_id
        last = select(KnownBrowser.id_hash).where(mine).order_by(KnownBrowser.used_at.desc()).limit(MOST_KNOWN)
        with self._database.writing() as session:
            session.execute(insert.on_conflict_do_update(index_elements=key, set_={"used_at": row["used_at"]}))
            session.execute(delete(KnownBrowser).where(mine, KnownBrowser.id_hash.not_in(last)))

    def _now(self) -> float:
        return self._database.now().timestamp()

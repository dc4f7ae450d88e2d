"""Alembic's entry: run the steps on the connection that `Database.upgrade` gives, in its transaction."""

from alembic import context

from soap_service.model import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the transaction is the caller's: all steps or none
)
context.run_migrations()

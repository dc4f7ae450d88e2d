"""The schema's history, one file a step. Alembic runs it; the service does so at its start."""

"""What all tables have in common."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Boolean, Text
from sqlalchemy.orm import DeclarativeBase

from soap_service.column_types import UtcDateTime


class Base(DeclarativeBase):
    """Common to all tables: constraint names that migrations can rely on."""

    type_annotation_map: ClassVar = {datetime: UtcDateTime, str: Text, bool: Boolean(create_constraint=False)}


Base.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

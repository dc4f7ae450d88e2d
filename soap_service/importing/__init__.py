"""Files of other desks: read line by line whatever wrote them. Knows no database."""

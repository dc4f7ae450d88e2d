"""What a running process does beside calls and pages: audit, purges, counts of what platforms asked in vain."""

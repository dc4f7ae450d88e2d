"""What a running process does beside calls and pages: it keeps the audit, and purges what is kept no longer."""

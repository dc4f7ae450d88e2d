"""Pages of calls, their diagnosis and the agent's extension."""

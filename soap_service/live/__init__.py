"""Server-Sent Events to the agents' browsers."""

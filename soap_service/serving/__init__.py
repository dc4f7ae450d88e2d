"""The HTTP server: one process, or several workers at one port and the supervisor that keeps them."""

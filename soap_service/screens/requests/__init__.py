"""Pages of requests: lists, one request, executing, registering."""

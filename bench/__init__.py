"""The bench: the service beside its peers on the same data, in one interleaved run. `make bench` runs it."""

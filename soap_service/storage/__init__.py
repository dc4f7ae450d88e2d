"""The parts of the store, one a subject; `soap_service.store.Store` has them all."""

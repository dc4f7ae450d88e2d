"""The rooms of the store, one a subject; `soap_service.store.Store` is the house. Nothing else imports them."""

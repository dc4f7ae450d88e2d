"""Long proofs, one program each (`make resilience`): bounded, print their figures, fail when one is wrong."""

#: Settings of a service that is called about any number of documents that nobody has.
UNLIMITED = {"SOAP_SERVICE_UNKNOWN_DOCUMENTS_PER_MINUTE": "0"}

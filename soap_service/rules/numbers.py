"""How far numbers of requests and other rows go."""

#: The highest that the contract's xs:int and PostgreSQL's integer hold.
HIGHEST_NUMBER = 2**31 - 1

"""Single sign-on: what is asked of the provider of OpenID Connect, and how much it may answer."""

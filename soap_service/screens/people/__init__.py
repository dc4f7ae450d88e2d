"""Pages of people: requesters and their documents."""

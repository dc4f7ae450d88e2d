"""Further mapped classes of `model.Base`, one subject a module; `model` has those of requests, people and calls."""

"""The tables as mapped classes, one subject a module; `model` is where others find those that many need."""

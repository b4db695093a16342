"""One file an experiment; a file registers by being here."""

"""The ``aion`` command."""

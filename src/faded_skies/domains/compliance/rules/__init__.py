"""The law as pure decisions over a rule book: no I/O, no clock, and nothing about any one state."""

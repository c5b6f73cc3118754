"""What a request costs our server, measured on one pinned core. `make bench` runs it; RESULTS.md keeps the figures."""

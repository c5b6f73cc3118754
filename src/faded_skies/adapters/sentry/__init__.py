"""Sentry: errors of ours, for whoever mends them, without anything personal."""

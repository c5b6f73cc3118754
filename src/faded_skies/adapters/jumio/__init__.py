"""Jumio's KYX platform: the person shows their papers there, and we hear what was found."""

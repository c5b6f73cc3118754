"""The shop as it is deployed, on one machine: servers and workers behind the nginx of deploy/. For correctness."""

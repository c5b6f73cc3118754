"""Files that people hand in: judged by their content, made anew, and kept sealed (docs/adr/0011 and 0012)."""

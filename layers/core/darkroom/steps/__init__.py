"""The steps: one module a step, or a tight family. Pure functions on arrays; no AWS, no files, no clock."""

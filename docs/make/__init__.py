"""Makes the pages about steps and recipes from the registry: `make docs`."""

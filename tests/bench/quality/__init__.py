"""How much better spoiled photographs get: repaired by darkroom and by others, held against the original."""

"""The loops in which photos spend their time, in C, and how they are called."""

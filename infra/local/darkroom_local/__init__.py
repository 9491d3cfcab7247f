"""Darkroom's stack on an AWS of one's own: MiniStack on 127.0.0.1, with the unchanged template deployed to it."""

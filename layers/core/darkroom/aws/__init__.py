"""All that runs on AWS: the only room, beside `client`, that knows of it."""

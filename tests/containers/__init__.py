"""darkroom in containers: its processes as they run there, before an embedded AWS on which no stack is deployed."""

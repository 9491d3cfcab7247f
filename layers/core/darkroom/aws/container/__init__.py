"""darkroom in containers: what the workflow and its functions do on AWS, done by processes of one's own."""

"""Reading handwritten digits in a photo or scan: marks of ink are found, looked at, framed as MNIST does, and read."""

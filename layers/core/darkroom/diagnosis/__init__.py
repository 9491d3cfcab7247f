"""What is wrong with a photo: the features that are looked at, and the trained network's answer."""

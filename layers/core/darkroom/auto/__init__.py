"""What `auto` decides about a photo, and whether it helped."""

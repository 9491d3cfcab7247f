"""What is found out about a picture from its pixels."""

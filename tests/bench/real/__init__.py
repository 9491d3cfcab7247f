"""What becomes of photographs that nobody spoiled: brackets, camera noise, snapshots, pictures that need nothing."""

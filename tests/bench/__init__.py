"""What `make bench` measures. Ratios of medians from one run: times of a shared machine mean little by themselves."""

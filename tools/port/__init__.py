"""What is done to a board through its serial port: flash, configure, deploy, watch."""

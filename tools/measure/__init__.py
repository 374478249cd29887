"""What a board has left and bears, and how many a console: figures, and the bars they are held to."""

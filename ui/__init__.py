"""The doors: the command line, later the web page. Only the doors build settings and catch errors."""

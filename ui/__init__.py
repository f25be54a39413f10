"""The doors: the command line and the web page. Only the doors build settings and catch errors."""

"""What the web process and the worker must agree on."""

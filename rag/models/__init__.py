"""Training and export: outside the layers, never imported at run time. The shipped models lie beside."""

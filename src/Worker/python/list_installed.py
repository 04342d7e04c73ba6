"""Prints the names of the projects that are installed here, as one line of JSON. Run with -I."""
import json
from importlib.metadata import distributions

print(json.dumps([name for name in (distribution.metadata["Name"] for distribution in distributions()) if name]))

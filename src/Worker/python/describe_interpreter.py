"""Tells the worker what this interpreter is, as one line of JSON. Run with -I, so that nothing but the installation speaks."""
import json
import os
import site
import sys
import sysconfig

try:
    from importlib.metadata import version

    pip = version("pip")
except Exception:
    pip = None

in_virtual_environment = sys.prefix != sys.base_prefix
print(
    json.dumps(
        {
            "executable": sys.executable,
            "version": "%d.%d.%d" % sys.version_info[:3],
            "pip": pip,
            "base_bin": os.path.dirname(os.path.realpath(getattr(sys, "_base_executable", sys.executable))),
            "abi": sysconfig.get_config_var("SOABI") or sys.implementation.cache_tag,
            "standard_modules": sorted(getattr(sys, "stdlib_module_names", ())),
            "own_site_packages": site.getsitepackages() if in_virtual_environment else [],
        }
    )
)

"""Which variables of the user's shell footpred, its libraries and its child processes may read.

libpq, dbt, Dagster, MLflow and Python take settings from variables: those of a user's other project would change the
embedded server's clients, the dbt project or the home's services. So variables are allowed by name, not refused.
"""

from __future__ import annotations

import os
import pwd
import re
import tempfile
from collections.abc import Mapping, MutableMapping

from footpred_dagster.core.settings import COMPONENTS, OWNERS_URL, TELEMETRY_OFF, component_variable

LOOPBACK = ("127.0.0.1", "localhost", "::1")
ALLOWED = re.compile(
    r"""
    PATH|HOME|USER|LOGNAME|SHELL|PWD|HOSTNAME|TMPDIR|VIRTUAL_ENV|LD_LIBRARY_PATH
    |LANG|LANGUAGE|LC_\w+|TZ
    |TERM|COLORTERM|COLUMNS|LINES|NO_COLOR
    |XDG_\w+|MPLCONFIGDIR
    |(OMP|OPENBLAS|MKL|MALLOC)_\w+
    |SSL_CERT_(FILE|DIR)|REQUESTS_CA_BUNDLE|CURL_CA_BUNDLE
    |AWS_\w+|KUBERNETES_\w+|KUBECONFIG
    |FOOTPRED_\w+|CORS_ALLOWED_ORIGINS|MLFLOW_TRACKING_URI
    """,
    re.VERBOSE,
)
PROXIES = re.compile(r"(http|https|all)_proxy", re.IGNORECASE)
NO_PROXY = ("no_proxy", "NO_PROXY")
LIBPQ = re.compile(r"PG[A-Z_]+")
TRACKING_SERVER = re.compile(r"MLFLOW_(TRACKING|S3|HTTP_REQUEST)_\w+")


def allowed(environment: Mapping[str, str]) -> dict[str, str]:
    """What of ``environment`` a process of footpred may see, telemetry switched off and loopback exempt from proxies.

    libpq's variables are part of it with a URL of another server, MLflow's credentials and time limits with a
    MLFLOW_TRACKING_URI.
    """
    patterns = [ALLOWED]
    if any(environment.get(name) for name in (OWNERS_URL, *map(component_variable, COMPONENTS))):
        patterns.append(LIBPQ)
    if environment.get("MLFLOW_TRACKING_URI"):
        patterns.append(TRACKING_SERVER)
    exempt = {host.strip() for name in NO_PROXY for host in environment.get(name, "").split(",")} - {""}
    if "*" not in exempt:  # it means all hosts only where it is alone; without a proxy it means nothing
        patterns.append(PROXIES)
    hosts = ",".join([*sorted(exempt - {*LOOPBACK, "*"}), *LOOPBACK])
    kept = {name: value for name, value in environment.items() if any(p.fullmatch(name) for p in patterns)}
    return _account(environment) | kept | dict.fromkeys(NO_PROXY, hosts) | TELEMETRY_OFF


def isolate(environment: MutableMapping[str, str] = os.environ) -> None:
    """Reduce the environment of this process, which its child processes inherit, to the allowed variables."""
    kept = allowed(environment)
    for name in set(environment) - set(kept):
        del environment[name]
    environment.update(kept)


def protect_files() -> None:
    """Let this process and its child processes make no file or folder that other accounts can write."""
    os.umask(os.umask(0o022) | 0o022)


def _account(environment: Mapping[str, str]) -> dict[str, str]:
    """What libraries otherwise look up, and fail, for an account that a container platform made: a uid and no more."""
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        name = f"uid-{os.geteuid()}"
        home = environment.get("FOOTPRED_HOME") or tempfile.gettempdir()
        return {"USER": name, "LOGNAME": name, "HOME": home}
    return {}


def remove(pattern: re.Pattern[str], environment: MutableMapping[str, str] = os.environ) -> None:
    """Remove the variables whose whole name ``pattern`` matches."""
    for name in filter(pattern.fullmatch, list(environment)):
        del environment[name]

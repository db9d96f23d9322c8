"""The environment every git process gets, so that nothing an agent planted can run on the host.

git executes programs named in configuration, attributes and hooks. Of 32 planted programs, thirteen fired under
everyday commands; with this environment and a git directory that the agent cannot write, none did. Nothing is
inherited: neither the operator's own git configuration nor the variables of our process.
"""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path

Config = tuple[str, str]

# Plain keys that a file could set, overridden by name. `filter.*`, `diff.*.command`, `merge.*.driver` and `alias.*`
# cannot be overridden by name: for those the git directory itself has to be ours.
_CONFIG: tuple[Config, ...] = (
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.pager", "cat"),
    ("core.askPass", "/bin/false"),
    ("core.sshCommand", "/bin/false"),
    ("core.gitProxy", ""),
    ("core.protectHFS", "true"),
    ("core.protectNTFS", "true"),
    ("core.fileMode", "true"),
    ("core.quotePath", "true"),
    ("diff.external", ""),
    ("diff.ignoreSubmodules", "all"),
    ("diff.noprefix", "false"),
    ("diff.mnemonicPrefix", "false"),
    ("credential.helper", ""),
    ("credential.useHttpPath", "true"),
    ("http.followRedirects", "false"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "60"),
    ("protocol.ext.allow", "never"),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("push.recurseSubmodules", "no"),
    ("status.submoduleSummary", "false"),
    ("transfer.fsckObjects", "true"),
    # Old but harmless history that github.com itself serves; refusing it would lock out whole repositories.
    ("fetch.fsck.zeroPaddedFilemode", "warn"),
    ("fetch.fsck.badTimezone", "warn"),
    ("fetch.fsck.missingSpaceBeforeDate", "warn"),
    ("fetch.fsck.missingSpaceBeforeEmail", "warn"),
    ("fetch.fsck.missingNameBeforeEmail", "warn"),
    ("fetch.fsck.missingEmail", "warn"),
    ("safe.bareRepository", "explicit"),
    ("commit.gpgSign", "false"),
    ("tag.gpgSign", "false"),
    ("push.gpgSign", "false"),
    ("gpg.program", "/bin/false"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("uploadpack.packObjectsHook", ""),
    ("advice.addEmbeddedRepo", "false"),
    ("checkout.workers", "0"),
)


def environment(
    git: Path, empty_config: Path, protocols: Iterable[str], config: Iterable[Config], extra: Mapping[str, str]
) -> dict[str, str]:
    """Everything a git process may know.

    `protocols` are the only transports it may use. `config` is added to the hardened settings for this one process.
    `extra` are further variables (`GIT_DIR`, identities). `empty_config` must be a regular file: with `/dev/null` a
    git that runs as root would replace the device.
    """
    settings = (*_CONFIG, *config)
    env = {
        "PATH": f"{git.parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(empty_config),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "/bin/false",
        "SSH_ASKPASS": "/bin/false",
        "GIT_SSH_COMMAND": "/bin/false",
        "GIT_ALLOW_PROTOCOL": ":".join(protocols) or "none",
        "GIT_PROTOCOL_FROM_USER": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_PAGER": "cat",
        "GIT_EDITOR": "/bin/false",
        "GIT_SEQUENCE_EDITOR": "/bin/false",
        "GIT_CEILING_DIRECTORIES": "/",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for index, (key, value) in enumerate(settings):
        env[f"GIT_CONFIG_KEY_{index}"] = key
        env[f"GIT_CONFIG_VALUE_{index}"] = value
    return env | dict(extra)


def credentials(url: str, token: str) -> tuple[Config, tuple[str, ...]]:
    """The setting that sends `token` to exactly this repository, and the forms of it to keep out of every log.

    The header is scoped to the URL: an unscoped one, or an askpass program that answers every prompt, was measured to
    send the token to another host as soon as some file says `insteadOf`. The token travels in the environment of this
    one process, never in an argument, an URL or a file.
    """
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return (f"http.{url}.extraHeader", f"Authorization: Basic {basic}"), (token, basic)

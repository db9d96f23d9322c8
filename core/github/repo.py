"""One repository as the App sees it."""

import base64
import binascii
from collections.abc import Mapping

from core.errors import NotFound, Refused
from core.github import calls
from core.github.answers import FileContent, GitRef, Permission, Repository
from core.github.checks import CheckCalls
from core.github.issues import IssueCalls
from core.github.pulls import PullCalls
from core.github.sender import typed
from core.secret import Secret

_BUILT_IN_ROLES = ("admin", "maintain", "write", "triage", "read", "none")


class RepoDoor(IssueCalls, PullCalls, CheckCalls):
    """Calls for one repository, with a token that is good for nothing else; raises errors of `core.errors`."""

    @property
    def clone_url(self) -> str:
        """The address for git, without credentials."""
        return f"{self.server_url}/{self.ref.owner}/{self.ref.name}.git"

    async def token(self) -> Secret:
        """The token itself, for git. Good for at least five minutes; ask again instead of keeping it."""
        return (await self._sender.token()).value

    async def repository(self) -> Repository:
        return await self._sender.get(calls.GET_REPOSITORY, Repository, self._at())

    async def permission(self, login: str) -> str:
        """What somebody may do here: admin, maintain, write, triage, read or none.

        An organisation's own role is told as the built-in role it stands for.
        """
        try:
            found = await self._sender.get(calls.GET_PERMISSION, Permission, self._at(login=login))
        except NotFound:
            return "none"
        return found.role_name if found.role_name in _BUILT_IN_ROLES else found.permission

    async def branch_sha(self, name: str) -> str | None:
        """The commit a branch points to; None when there is no such branch."""
        try:
            found = await self._sender.get(calls.GET_BRANCH, GitRef, self._at(branch=name.split("/")))
        except NotFound:
            return None
        except Refused as refused:
            if refused.status == 409:  # an empty repository
                return None
            raise
        return found.object.sha

    async def delete_branch(self, name: str) -> None:
        """Delete a branch; nothing happens when it is gone already."""
        try:
            await self._sender.send(calls.DELETE_BRANCH, object, self._at(branch=name.split("/")))
        except NotFound:
            return
        except Refused as refused:
            if not refused.says("does not exist"):
                raise

    async def file(self, path: str, ref: str | None = None) -> str | None:
        """A file's text (UTF-8) on `ref` or the default branch; None when there is no such file.

        Raises `Refused` for what is no text file of at most 1 MB.
        """
        where: Mapping[str, object] = {"path": path.strip("/").split("/")} | ({"ref": ref} if ref else {})
        try:
            found = await self._sender.get(calls.GET_FILE, object, self._at(**where))
        except NotFound:
            return None
        return _text(found, path)


def _text(found: object, path: str) -> str:
    if isinstance(found, list):
        raise Refused(f"{path} is a directory.", "Give the path of a file.")
    file = typed(found, FileContent, calls.GET_FILE)
    if file.type != "file" or file.encoding != "base64":
        raise Refused(f"{path} is no file of at most 1 MB.", "Make it smaller, or a plain file.")
    try:
        return base64.b64decode(file.content).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
